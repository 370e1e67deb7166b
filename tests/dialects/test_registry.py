import importlib
from pathlib import Path

import pytest
import recorded
from pandaprobe_proxy.dialects.registry import DIALECTS, find


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
