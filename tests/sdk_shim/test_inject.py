"""Headers: to the sidecar, and to nobody else."""

import json

import pytest
from pandaprobe.inject import may_set, stamp


def names(port, host="127.0.0.1"):
    return {name: value.decode() for name, value in stamp(host, port)}


def test_nothing_is_said_where_nothing_is_known(shim, sink):
    assert stamp("127.0.0.1", sink.port) == []


def test_session_user_and_trace_are_said(shim, sink):
    with shim.session("s ü"), shim.user("u"), shim.start_trace("t", tags=["a", "b,c"], metadata={"k": 1}) as trace:
        with trace.span("step") as span:
            headers = names(sink.port)
        assert names(sink.port)["X-PandaProbe-Trace"] == trace.trace_id
    assert headers["X-PandaProbe-Session"] == "s ü"
    assert headers["X-PandaProbe-User"] == "u"
    assert headers["X-PandaProbe-Trace"] == f"{trace.trace_id}/{span.span_id}"
    assert headers["X-PandaProbe-Tags"] == "a,b c"
    assert json.loads(headers["X-PandaProbe-Metadata"]) == {"k": 1}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "LOCALHOST", "127.0.0.5"])
def test_loopback_has_many_names(shim, sink, host):
    with shim.session("s"):
        assert names(sink.port, host) == {"X-PandaProbe-Session": "s"}


@pytest.mark.parametrize("host", ["api.openai.com", "10.0.0.1", "", None, "127.0.0.1.evil.example"])
def test_nobody_else_is_told(shim, sink, host):
    with shim.session("s"):
        assert stamp(host, sink.port) == []
        assert stamp("127.0.0.1", sink.port + 1) == []


def test_metadata_that_is_too_long_is_left_out(shim, sink):
    with shim.start_trace("t", metadata={"k": "v" * 10_000}):
        assert "X-PandaProbe-Metadata" not in names(sink.port)


@pytest.mark.parametrize("metadata", [{(1, 2): 3}, {"k": float("nan")}, 5])
def test_metadata_that_has_no_json_form_harms_no_call(shim, sink, metadata):
    with shim.start_trace("t", metadata=metadata) as trace:
        assert names(sink.port)["X-PandaProbe-Trace"] == trace.trace_id


def test_a_session_inside_another_tells_which(shim, sink):
    with shim.session("outer"), shim.session("inner"):
        assert names(sink.port) == {"X-PandaProbe-Parent-Session": "outer", "X-PandaProbe-Session": "inner"}
        assert stamp("api.openai.com", 443) == []
        with shim.session("inner"):
            assert names(sink.port)["X-PandaProbe-Parent-Session"] == "outer"
    with shim.session("outer"), shim.session("outer"):
        assert names(sink.port) == {"X-PandaProbe-Session": "outer"}


@pytest.mark.parametrize("given", ["X-PandaProbe-Session", "X-PandaProbe-Session-Id", "X-PandaProbe-Parent-Session"])
def test_the_parent_of_a_session_that_was_set_by_hand_is_not_told(given):
    assert not may_set("X-PandaProbe-Parent-Session", {given: "by hand"}.get)
    assert may_set("X-PandaProbe-Parent-Session", {}.get)
    assert may_set("X-PandaProbe-Session", {"X-PandaProbe-Parent-Session": "by hand"}.get)


FORWARD = ("loopback", 4102)


@pytest.fixture
def intercepted(shim, sink, monkeypatch):
    """As `run --intercept` has it."""
    monkeypatch.setenv("PANDAPROBE_INTERCEPTED_BY", "127.0.0.1:4102")
    monkeypatch.setenv("PANDAPROBE_INTERCEPTED", "api.openai.com:443, *.azure.test")
    shim.init()
    return shim


def test_what_goes_through_the_proxy_that_decrypts_it_is_told(intercepted):
    with intercepted.session("s"):
        for host in ("api.openai.com", "API.OpenAI.com", "mine.azure.test"):
            assert stamp(host, 443, FORWARD) == [("X-PandaProbe-Session", b"s")]


@pytest.mark.parametrize(
    ("host", "port", "via"),
    [
        ("api.openai.com", 443, None),
        ("api.openai.com", 443, ("proxy.corp", 4102)),
        ("api.openai.com", 8443, FORWARD),
        ("other.test", 443, FORWARD),
        ("api.openai.com.evil.test", 443, FORWARD),
        ("azure.test", 443, FORWARD),
    ],
)
def test_what_the_proxy_does_not_decrypt_or_never_sees_is_not(intercepted, host, port, via):
    with intercepted.session("s"):
        assert stamp(host, port, via) == []


def test_where_nobody_intercepts_a_proxy_of_somebodys_changes_nothing(shim, sink):
    with shim.session("s"):
        assert stamp("api.openai.com", 443, FORWARD) == []


def test_where_connections_are_redirected_the_listed_hosts_are_told_however_they_are_reached(intercepted, monkeypatch):
    monkeypatch.setenv("PANDAPROBE_INTERCEPTED_BY", "transparent")
    intercepted.init()
    with intercepted.session("s"):
        assert stamp("api.openai.com", 443) == [("X-PandaProbe-Session", b"s")]
        assert stamp("other.test", 443) == []
