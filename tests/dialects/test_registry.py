import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import recorded
from pandaprobe_proxy.dialects.bodies import read_type
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.framings import find_framing
from pandaprobe_proxy.dialects.registry import DIALECTS, SOCKETS, find, find_socket
from pandaprobe_proxy.model.call import UsageSource
from pandaprobe_proxy.sessions.transcript import digest

SAMPLES = Path(__file__).parent / "samples"
NAMES = {dialect.name: Path(dialect.matches.__code__.co_filename).stem for dialect in (*DIALECTS, *SOCKETS)}
"""Of each dialect: the module that it is in."""


def samples(dialect):
    """The exchanges that stand for a dialect."""
    path = SAMPLES / f"{NAMES[dialect.name]}.py"
    spec = importlib.util.spec_from_file_location(f"samples_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SAMPLES


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/complete", "anthropic_complete"),
        ("POST", "/completion", "llamacpp"),
        ("POST", "/infill", "llamacpp"),
        ("GET", "/v1/messages/batches/b/results", "anthropic_batches"),
        ("POST", "/agents/a/agentAliases/b/sessions/s/text", "bedrock_agents"),
        ("POST", "/model/m/converse", "bedrock_converse"),
        ("POST", "/model/m/invoke", "bedrock_invoke"),
        ("POST", "/v1/messages", "anthropic_messages"),
        ("POST", "/v1/messages/count_tokens", "anthropic_messages"),
        ("POST", "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict", "vertex_anthropic"),
        ("POST", "/v1/chat/completions", "openai_chat"),
        ("POST", "/v1/completions", "openai_completions"),
        ("POST", "/v1/embeddings", "openai_embeddings"),
        ("GET", "/v1/models", "openai_models"),
        ("POST", "/v1/responses", "openai_responses"),
        ("POST", "/v1/responses/compact", "openai_responses_compact"),
        ("POST", "/v1/responses/input_tokens", "openai_responses_count"),
        ("GET", "/v1/responses/resp_1", "openai_responses_retrieve"),
        ("POST", "/v1/responses/resp_1/cancel", "openai_responses_retrieve"),
        ("GET", "/v1/responses/resp_1/input_items", "openai_responses_state"),
        ("DELETE", "/v1/responses/resp_1", "openai_responses_state"),
        ("POST", "/v1/fim/completions", "mistral_completions"),
        ("POST", "/v1/agents/completions", "mistral_completions"),
        ("POST", "/api/embeddings", "ollama_embeddings"),
        ("POST", "/api/v1/embeddings", "openai_embeddings"),
        ("POST", "/api/v0/embeddings", "openai_embeddings"),
        ("POST", "/api/v0/chat/completions", "openai_chat"),
        ("POST", "/api/chat", "ollama"),
        ("POST", "/api/v1/chat", "lmstudio_chat"),
        ("POST", "/v1/chat", "cohere_chat_v1"),
        ("POST", "/v2/chat", "cohere_chat"),
        ("POST", "/mistral/v1/conversations", "mistral_conversations"),
    ],
)
def test_a_request_has_one_dialect(method, path, name):
    found = find(method, path, ())
    assert found is not None and found.name == name
    assert [dialect.name for dialect in DIALECTS if dialect.matches(method, path, ())] == [name]


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("OPTIONS", "/v1/models"), ("", "")])
def test_a_request_of_another_kind_has_none(method, path):
    assert find(method, path, ()) is None


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_keeps_the_contract(dialect):
    assert dialect.version >= 1 and dialect.name.isidentifier()
    assert dialect.asked({}, "/").messages == ()
    assert dialect.answered({}).messages == ()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_endpoint_that_a_dialect_names_is_its_own(dialect):
    assert dialect.endpoints
    offered = {"streamed", "usage", "tools", "cost"}
    assert dialect.offers <= offered and ("cost" not in dialect.offers or "usage" in dialect.offers)
    headers = {(), *(exchange.head.headers for _, exchange in samples(dialect))}
    for endpoint in dialect.endpoints:
        method, _, path = endpoint.partition(" ")
        path = re.sub(r"\{[^}]*\}", "x1", path)
        found = {other.name for said in headers for other in [find(method, path, said)] if other}
        assert dialect.name in found, endpoint


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_sample_is_of_its_dialect_alone_and_decodes_whole(dialect):
    for label, exchange in samples(dialect):
        said = (exchange.head.method, exchange.path, exchange.head.headers)
        assert [other.name for other in DIALECTS if other.matches(*said)] == [dialect.name], label
        call = decode(exchange)
        assert call is not None and call.dialect == dialect.name, label
        assert (call.lossy, call.error, call.partial) == (False, None, False), label


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_what_a_dialect_offers_is_what_its_samples_show(dialect):
    calls = [decode(exchange) for _, exchange in samples(dialect)]
    shown = {
        "streamed": any(call.streamed for call in calls),
        "usage": any(call.usage.source is UsageSource.REPORTED for call in calls),
        "tools": any(message.tool_calls for call in calls for message in call.output),
    }
    assert {name for name, there in shown.items() if there} == dialect.offers - {"cost"}


@pytest.mark.parametrize("socket", SOCKETS, ids=lambda socket: socket.name)
def test_what_the_turns_of_a_socket_offer_is_what_its_samples_show(socket):
    assert socket.offers <= {"streamed", "usage", "tools", "cost"}
    turns = []
    for label, exchange in samples(socket):
        call = decode(exchange)
        assert call is not None and call.dialect == socket.name and call.operation == "connection", label
        assert (call.lossy, call.error, call.partial) == (False, None, False), label
        assert call.turns and all(turn.call.input and turn.call.output for turn in call.turns), label
        turns += [turn.call for turn in call.turns]
    shown = {
        "streamed": any(call.streamed for call in turns),
        "usage": any(call.usage.source is UsageSource.REPORTED for call in turns),
        "tools": any(message.tool_calls for call in turns for message in call.output),
    }
    assert {name for name, there in shown.items() if there} == socket.offers - {"cost"}


def test_names_are_unique():
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


def test_a_connection_has_the_dialect_of_its_path():
    for socket in SOCKETS:
        for endpoint in socket.endpoints:
            method, _, path = endpoint.partition(" ")
            assert [other for other in SOCKETS if other.matches(method, path, ())] == [socket]
            assert find_socket(method, path, ()) is socket and find(method, path, ()) is None
    assert find_socket("GET", "/v1/chat", ()) is None


@pytest.mark.parametrize("name", recorded.names())
def test_recorded_traffic_has_one_dialect_at_most(name):
    exchange = recorded.exchange(name)
    head = exchange.head
    assert len([dialect for dialect in DIALECTS if dialect.matches(head.method, exchange.path, head.headers)]) <= 1


ODD = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    ["x"],
    [[]],
    [{}],
    {"type": "text"},
    {"a": {"b": [1]}},
]


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of each value within this one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoil(text: str, random: Random) -> Any:
    """A JSON text's value with one value within it replaced by an odd one."""
    value = json.loads(text)
    found = list(places(value))
    if found:
        *way, last = random.choice(found)
        at = value
        for key in way:
            at = at[key]
        at[last] = random.choice(ODD)
    return value


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_sample_with_an_odd_value_is_read_or_refused(dialect):
    random = Random(dialect.name)
    for _, exchange in samples(dialect):
        request = exchange.request_body.decode("utf-8", "replace") or "{}"
        if not request.startswith("{"):
            continue
        framing = find_framing(exchange.response_body, read_type(exchange.response.headers), True)
        events = [event for event in framing(exchange.response_body) if event.data[:1] == "{"] if framing else []
        for _ in range(100):
            answers = [dialect.asked(spoil(request, random), exchange.path)]
            if events:
                at = random.randrange(len(events))
                odd = events[at]._replace(data=json.dumps(spoil(events[at].data, random)))
                answers.append(dialect.streamed([*events[:at], odd, *events[at + 1 :]]))
            elif exchange.response_body.startswith(b"{"):
                answers.append(dialect.answered(spoil(exchange.response_body.decode(), random)))
            assert all(len(digest(message)) == 16 for answer in answers for message in answer.messages)
