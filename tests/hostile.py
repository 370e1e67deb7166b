"""Sessions in which every place that can hold a text of somebody else's holds a payload: an app, its provider, its SDK.

The provider answers with what is asked for in the header `X-Number`, an error if the header `X-Fails` is there.
"""

import http.client
import json
import unicodedata
import uuid
from urllib.parse import quote

from asking import ask
from openai_upstream import Handler
from payloads import spell

PLACES = frozenset(
    """
    session user tag metakey metavalue agent client requestid query model system name part mime filename asktool
    argkey argvalue result tool described property param paramvalue bodykey bodyvalue role
    served answer thought refusal answertool answerkey answervalue finish fingerprint extrakey extravalue answerid
    error errortype trace span tracekey tracevalue score reason
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
"""Every one of them must be seen on some page, for each payload."""


class Hostile(Handler):
    """Answers with payloads in all that an answer has."""

    def do_POST(self):
        asked = self.rfile.read(int(self.headers.get("content-length", 0)))
        number = int(self.headers["X-Number"])
        if number < 0:
            return self._send(200, self._completion(json.loads(asked), "Fine."))
        if self.headers.get("X-Fails"):
            error = {"message": spell(number, "error"), "type": spell(number, "errortype"), "code": None}
            return self._send(400, {"error": error})
        return self._send(200, write_answer(number, json.loads(asked)["model"]))

    def send_header(self, keyword, value):
        super().send_header(keyword, value)
        if keyword == "Content-Type" and self.headers["X-Number"] != "-1":
            super().send_header("X-Request-Id", in_header(int(self.headers["X-Number"]), "requestid").decode("latin-1"))


def write_answer(number, model):
    def of(place):
        return spell(number, place)

    call = {"id": of("callid"), "type": "function"}
    call["function"] = {"name": of("answertool"), "arguments": json.dumps({of("answerkey"): of("answervalue")})}
    message = {
        "role": "assistant",
        "content": of("answer"),
        "reasoning_content": of("thought"),
        "refusal": of("refusal"),
    }
    message |= {"tool_calls": [call], of("extrakey"): of("extravalue")}
    usage = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
    choice = {"index": 0, "message": message, "finish_reason": of("finish")}
    head = {"id": of("answerid"), "object": "chat.completion", "created": 1, "model": of("served")}
    return {**head, "system_fingerprint": of("fingerprint"), "choices": [choice], "usage": usage}


def in_header(number, place, most=255):
    """The payload as a header may carry it: no control characters, no more than `most` characters."""
    kept = [one for one in spell(number, place) if unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"}]
    return "".join(kept).strip()[:most].encode()


def make_body(number, changed):
    def of(place):
        return spell(number, place)

    asked = {"id": of("callid"), "type": "function"}
    asked["function"] = {"name": of("asktool"), "arguments": json.dumps({of("argkey"): of("argvalue")})}
    parts = [
        {"type": "text", "text": f"needle{number} {of('part')}"},
        {"type": "image_url", "image_url": {"url": f"data:{of('mime')};base64,{'QUJD' * 200}"}},
        {"type": "file", "file": {"filename": of("filename"), "file_data": f"data:text/plain;base64,{'QUJD' * 200}"}},
    ]
    properties = {of("property"): {"type": "string"}, "__proto__": {"type": "string"}}
    tool = {"name": of("tool"), "description": of("described"), "parameters": {"properties": properties}}
    return {
        "model": of("model"),
        "messages": [
            {"role": "system", "content": of("system") + (" and more" if changed else "")},
            {"role": "user", "name": of("name"), "content": parts},
            {"role": of("role"), "content": "who?"},
            {"role": "assistant", "content": None, "tool_calls": [asked]},
            {"role": "tool", "tool_call_id": of("callid"), "content": of("result")},
        ],
        "tools": [{"type": "function", "function": tool}],
        "metadata": {of("bodykey"): of("bodyvalue"), "__proto__": {"polluted": "yes"}, "constructor": {"name": "yes"}},
        of("param"): of("paramvalue") + (" and more" if changed else ""),
    }


def make_headers(number, trace_id, **more):
    def of(place, most=255):
        return in_header(number, place, most)

    metadata = {spell(number, "metakey"): spell(number, "metavalue"), "__proto__": {"polluted": "yes"}}
    return {
        "Content-Type": b"application/json",
        "Authorization": b"Bearer sk-canary-0123456789abcdefABCDEF",
        "User-Agent": of("client"),
        "X-Claude-Code-Agent-Id": of("agent"),
        "X-Number": str(number).encode(),
        "X-PandaProbe-Session": of("session"),
        "X-PandaProbe-User": of("user"),
        "X-PandaProbe-Tags": of("tag", 1000).replace(b",", b";"),
        "X-PandaProbe-Metadata": json.dumps(metadata).encode(),
        "X-PandaProbe-Trace": trace_id.encode(),
        **more,
    }


def session_id(number):
    return in_header(number, "session").decode()


def record(running, numbers, clean):
    """Three calls of each number: one, one that asks otherwise, and one that fails. And a trace, a span and a score.

    And a call in the session `clean` that holds no payload.
    """
    relay = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    web = http.client.HTTPConnection("127.0.0.1", running.web_port, timeout=60)
    for number in numbers:
        trace_id = str(uuid.UUID(int=number + 1))
        tell_trace(web, number, trace_id)
        path = f"/v1/chat/completions?q={quote(spell(number, 'query'), safe='')}"
        for changed, more in ((False, {}), (True, {}), (True, {"X-Fails": b"1"})):
            body = json.dumps(make_body(number, changed)).encode()
            relay.request("POST", path, body, make_headers(number, trace_id, **more))
            answer = relay.getresponse()
            answer.read()
            assert answer.status == (400 if more else 200), (number, answer.status)
    relay.close()
    ask(running.url, clean, "How are you?", headers={"X-Number": "-1"})
    running.settled(3 * len(numbers) + 1)
    for number in numbers:
        tell_score(web, number, str(uuid.UUID(int=number + 1)))
    web.close()


def tell_trace(web, number, trace_id):
    times = {"started_at": "2026-11-01T10:00:00Z", "ended_at": "2026-11-01T10:00:01Z"}
    metadata = {spell(number, "tracekey"): spell(number, "tracevalue"), "__proto__": {"polluted": "yes"}}
    span = {"span_id": str(uuid.UUID(int=number + 1001)), "name": spell(number, "span"), "kind": "TOOL", **times}
    trace = {"trace_id": trace_id, "name": spell(number, "trace"), "session_id": session_id(number)}
    _post(web, "/traces", {**trace, "metadata": metadata, "spans": [span], **times})


def tell_score(web, number, trace_id):
    score = {"trace_id": trace_id, "name": spell(number, "score"), "value": 0.25, "reason": spell(number, "reason")}
    _post(web, "/evaluations/trace-scores", score)


def _post(web, path, body):
    web.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer = web.getresponse()
    said = answer.read()
    assert answer.status < 300, (path, answer.status, said)
