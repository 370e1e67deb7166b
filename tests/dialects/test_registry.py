import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import recorded
from pandaprobe_proxy.dialects.bodies import read_type
from pandaprobe_proxy.dialects.framings import find_framing
from pandaprobe_proxy.dialects.registry import DIALECTS, find
from pandaprobe_proxy.sessions.transcript import digest


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/chat/completions", "openai_chat"),
        ("POST", "/v1/completions", "openai_completions"),
        ("POST", "/v1/embeddings", "openai_embeddings"),
        ("GET", "/v1/models", "openai_models"),
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


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/v1/responses"), ("POST", "/v1/messages"), ("OPTIONS", "/v1/models"), ("", "")],
)
def test_a_request_of_another_kind_has_none(method, path):
    assert find(method, path, ()) is None


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_keeps_the_contract(dialect):
    assert dialect.version >= 1 and dialect.name.isidentifier()
    assert dialect.asked({}, "/").messages == ()
    assert dialect.answered({}).messages == ()


def test_names_are_unique():
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


SAMPLES = sorted(path.stem for path in (Path(__file__).parent / "samples").glob("*.py"))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_has_the_one_dialect_that_it_is_of(name):
    for _, exchange in importlib.import_module(f"dialects.samples.{name}").SAMPLES:
        head = exchange.head
        found = [dialect.name for dialect in DIALECTS if dialect.matches(head.method, exchange.path, head.headers)]
        assert found == [name]


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


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_with_an_odd_value_is_read_or_refused(name):
    random = Random(name)
    (dialect,) = (dialect for dialect in DIALECTS if dialect.name == name)
    for _, exchange in importlib.import_module(f"dialects.samples.{name}").SAMPLES:
        request = exchange.request_body.decode() or "{}"
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
