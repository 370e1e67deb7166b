import pytest
from pandaprobe_proxy.dialects.registry import DIALECTS, SOCKETS, find, find_socket


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/complete", "anthropic_complete"),
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
    ],
)
def test_a_request_has_one_dialect(method, path, name):
    found = find(method, path, ())
    assert found is not None and found.name == name
    assert [dialect.name for dialect in DIALECTS if dialect.matches(method, path, ())] == [name]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v1/responses"), ("POST", "/v1/threads/t/messages"), ("OPTIONS", "/v1/models"), ("", "")],
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


def test_a_connection_has_the_dialect_of_its_path():
    assert find_socket("GET", "/v1/realtime", ()) is SOCKETS[0]
    assert find_socket("GET", "/v1/chat", ()) is None
