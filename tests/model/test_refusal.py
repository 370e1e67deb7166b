"""Why a request gets no answer, told in the caller's dialect."""

import json

import pytest
from pandaprobe_proxy.model.refusal import Caller, Trouble, body, is_anthropic

TROUBLE = Trouble(502, "unreachable", "The upstream is not there, wie schade: ü.")
KEY = ((b"X-Api-Key", b"k"),)


def test_it_is_told_as_openai_tells_errors():
    error = {"message": TROUBLE.sentence, "type": "upstream_error", "param": None, "code": "unreachable"}
    assert json.loads(body(TROUBLE, Caller())) == {"error": error}
    assert json.loads(body(Trouble(400, "x", "y"), Caller()))["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(("status", "kind"), [(502, "api_error"), (504, "timeout_error"), (404, "not_found_error")])
def test_it_is_told_as_anthropic_tells_errors_to_its_callers(status, kind):
    told = json.loads(body(Trouble(status, "c", "Why."), Caller("POST", b"/v1/messages?beta=true", KEY)))
    assert told == {"type": "error", "error": {"type": kind, "message": "Why."}}


def test_a_caller_of_anthropics_is_known_by_path_and_headers_both():
    assert is_anthropic(b"/v1/messages", KEY)
    assert not is_anthropic(b"/v1/messages", ())
    assert not is_anthropic(b"/v1/chat/completions", KEY)
    assert "messages" not in body(TROUBLE, Caller("POST", b"/v1/chat?x=/messages", KEY)).decode()
