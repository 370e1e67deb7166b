"""`init`, `score`, `get_client`: the rest of the official names."""

import pytest


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(1, "NUMERIC", "1"), (0.25, "NUMERIC", "0.25"), (True, "BOOLEAN", "true"), ("good", "CATEGORICAL", "good")],
)
def test_a_score_is_posted_as_text(shim, sink, value, kind, text):
    shim.score("trace-id", "quality", value, data_type=kind, reason="because", metadata={"k": 1})
    assert shim.flush(5)
    (posted,) = sink.posts("/evaluations/trace-scores")
    assert (posted["value"], posted["data_type"], posted["reason"]) == (text, kind, "because")
    assert (posted["trace_id"], posted["name"], posted["metadata"]) == ("trace-id", "quality", {"k": 1})


def test_a_score_of_an_unknown_type_is_a_number(shim, sink):
    shim.score("t", "q", 1, data_type="nonsense")
    assert shim.flush(5)
    assert sink.posts("/evaluations/trace-scores")[0]["data_type"] == "NUMERIC"


def test_a_client_does_what_the_functions_do(shim, sink):
    client = shim.get_client()
    assert client.enabled and client.config.endpoint == sink.url
    with client.trace("work", session_id="s"):
        pass
    client.score("t", "q", 1)
    assert client.flush(5)
    assert [path for path, _, _ in sink.got] == ["/traces", "/evaluations/trace-scores"]
    client.shutdown()


def test_with_no_sidecar_nothing_happens(alone):
    alone.score("t", "q", 1)
    assert alone.flush() is True
    assert alone.get_client() is None


def test_what_the_official_sdk_takes_is_taken(shim, sink):
    client = shim.init(api_key="k", project_name="p", endpoint=sink.url, batch_size=10, flush_interval=5)
    assert client.enabled
    with shim.start_trace("work"):
        pass
    assert shim.flush(5)
    (_, headers, _) = sink.got[0]
    assert (headers["x-api-key"], headers["x-project-name"]) == ("k", "p")


def test_a_session_is_closed_by_its_id_or_from_inside_after_what_was_posted_before(shim, sink):
    with shim.session("a/b ü"), shim.start_trace("work"):
        pass
    with shim.session("a/b ü"):
        shim.close_session()
    shim.close_session("other")
    shim.close_session()
    assert shim.flush(5)
    paths = [path for path, _, _ in sink.got]
    assert paths == ["/traces", "/sessions/a%2Fb%20%C3%BC/close", "/sessions/other/close"]


def test_no_session_is_closed_with_an_impossible_id_or_without_a_sidecar(shim, sink):
    shim.close_session("x" * 300)
    assert shim.flush(5)
    assert sink.got == []


def test_closing_without_a_sidecar_does_nothing(alone):
    alone.close_session("trip-42")
    assert alone.flush() is True
