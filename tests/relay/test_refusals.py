import json

import httptools
import pytest
from pandaprobe_proxy.model.refusal import Caller, Trouble
from pandaprobe_proxy.relay.refusals import answer, unknown_path

TROUBLE = Trouble(502, "unreachable", "The upstream is not there.")
MESSAGES = Caller("POST", b"/v1/messages?beta=true", ((b"X-Api-Key", b"k"),))


class Parsed:
    def __init__(self, raw):
        self.headers, self.body, self.complete = {}, b"", False
        self.parser = httptools.HttpResponseParser(self)
        self.parser.feed_data(raw)
        self.status = self.parser.get_status_code()

    def on_header(self, name, value):
        self.headers[name.lower()] = value

    def on_body(self, data):
        self.body += data

    def on_message_complete(self):
        self.complete = True


def test_an_error_is_told_as_openai_tells_errors():
    parsed = Parsed(answer(TROUBLE))
    assert (parsed.status, parsed.complete) == (502, True)
    assert parsed.headers[b"x-pandaprobe-error"] == b"unreachable"
    error = {"message": TROUBLE.sentence, "type": "upstream_error", "param": None, "code": "unreachable"}
    assert json.loads(parsed.body) == {"error": error}


def test_an_error_of_the_clients_own_has_openais_word_for_it():
    assert json.loads(Parsed(answer(Trouble(400, "x", "y"))).body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(502, "api_error"), (504, "timeout_error"), (400, "invalid_request_error"), (404, "not_found_error")],
)
def test_an_error_is_told_as_anthropic_tells_errors_to_its_callers(status, kind):
    parsed = Parsed(answer(Trouble(status, "c", "Why."), MESSAGES))
    assert json.loads(parsed.body) == {"type": "error", "error": {"type": kind, "message": "Why."}}


def test_nothing_tells_a_client_whether_to_retry():
    assert b"x-should-retry" not in answer(TROUBLE).lower()


def test_a_head_request_gets_no_body():
    raw = answer(TROUBLE, Caller("HEAD"))
    assert raw.endswith(b"\r\n\r\n")
    assert int(Parsed(raw).headers[b"content-length"]) > 0


@pytest.mark.parametrize("close", [True, False])
def test_it_says_whether_the_connection_closes(close):
    assert (b"\r\nConnection: close\r\n" in answer(TROUBLE, close=close)) is close


def test_an_unknown_path_names_what_is_known_and_nothing_of_the_query():
    trouble = unknown_path(b"/nope?key=secret", ["openai", "ollama"])
    assert trouble.status == 404
    assert "/nope;" in trouble.sentence and "openai, ollama" in trouble.sentence and "secret" not in trouble.sentence
