"""Sessions in which every place that can hold a text of somebody else's holds a payload: an app, its provider, its SDK.

Each payload has a session of its own, for what a call or a session has one of: its id, user, tags, model, headers,
error. What they have many of is in one session, `together`, with all of them: messages, tools, parameters, answers, …
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
    session user tag agent client requestid query model said error errortype metakey metavalue
    system name part role mime filename asktool argkey argvalue result tool described property param paramvalue
    bodykey bodyvalue manykey manyvalue answer thought refusal finish answertool answerkey answervalue extrakey
    extravalue choicekey choicevalue trace span tracekey tracevalue score reason
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
"""Every one of them must be seen on some page, for each payload."""
TOGETHER = "together"
CLEAN = "clean"
KEY = b"Bearer sk-canary-0123456789abcdefABCDEF"
POLLUTING = {"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}


class Hostile(Handler):
    """A provider: an error that holds the payload of `X-Number`, or an answer with those from `X-From` to `X-To`."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if "X-From" in self.headers:
            return self._send(200, write_answer(range(int(self.headers["X-From"]), int(self.headers["X-To"]))))
        if "X-Number" not in self.headers:
            return self._send(200, self._completion(body, "Fine."))
        number = int(self.headers["X-Number"])
        error = {"message": spell(number, "error"), "type": spell(number, "errortype"), "code": None}
        return self._send(400, {"error": error})

    def send_header(self, keyword, value):
        super().send_header(keyword, value)
        if keyword == "Content-Type" and "X-Number" in self.headers:
            super().send_header("X-Request-Id", in_header(int(self.headers["X-Number"]), "requestid").decode("latin-1"))


def write_answer(numbers):
    usage = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "usage": usage}
    more = {spell(number, "extrakey"): spell(number, "extravalue") for number in numbers}
    return {**head, **more, "choices": [_choose(index, number) for index, number in enumerate(numbers)]}


def _choose(index, number):
    def of(place):
        return spell(number, place)

    call = {"id": of("callid"), "type": "function"}
    call["function"] = {"name": of("answertool"), "arguments": json.dumps({of("answerkey"): of("answervalue")})}
    said = {"content": of("answer"), "reasoning_content": of("thought"), "refusal": of("refusal")}
    message = {"role": "assistant", **said, "tool_calls": [call], of("choicekey"): of("choicevalue")}
    return {"index": index, "message": message, "finish_reason": of("finish")}


def in_header(number, place, most=255):
    """The payload as a header may carry it: no control characters, no more than `most` characters."""
    kept = [one for one in spell(number, place) if unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"}]
    return "".join(kept).strip()[:most].encode()


def session_id(number):
    return in_header(number, "session").decode()


def ask_all(numbers, changed):
    """A request whose every list holds all payloads; the changed one says a little more in each place."""
    more = " and more" if changed else ""
    return {
        "model": "gpt-4o-mini",
        "messages": [message for number in numbers for message in _say(number, more)],
        "tools": [_offer(number, more) for number in numbers],
        "metadata": {spell(number, "bodykey"): spell(number, "bodyvalue") for number in numbers} | POLLUTING,
        **{spell(number, "param"): spell(number, "paramvalue") + more for number in numbers},
    }


def _say(number, more):
    def of(place):
        return spell(number, place)

    asked = {"id": of("callid"), "type": "function"}
    asked["function"] = {"name": of("asktool"), "arguments": json.dumps({of("argkey"): of("argvalue")})}
    parts = [
        {"type": "text", "text": of("part")},
        {"type": "image_url", "image_url": {"url": f"data:{of('mime')};base64,{'QUJD' * 200}"}},
        {"type": "file", "file": {"filename": of("filename"), "file_data": f"data:text/plain;base64,{'QUJD' * 200}"}},
    ]
    yield {"role": "system", "content": of("system") + more}
    yield {"role": "user", "name": of("name"), "content": parts}
    yield {"role": of("role"), "content": "who?"}
    yield {"role": "assistant", "content": None, "tool_calls": [asked]}
    yield {"role": "tool", "tool_call_id": of("callid"), "content": of("result")}


def _offer(number, more):
    properties = {spell(number, "property"): {"type": "string"}, **POLLUTING}
    described = spell(number, "described") + more
    function = {"name": spell(number, "tool"), "description": described, "parameters": {"properties": properties}}
    return {"type": "function", "function": function}


def record(running, numbers):
    """Calls, traces and scores, as an app and its SDK send them; and a call that holds no payload."""
    relay = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    web = http.client.HTTPConnection("127.0.0.1", running.web_port, timeout=60)
    ask(running.url, CLEAN, "How are you?")
    for number in numbers:
        tell_trace(web, number)
        path = f"/v1/chat/completions?q={quote(spell(number, 'query'), safe='')}"
        said = [{"role": "user", "content": f"needle{number} {spell(number, 'said')}"}]
        _send(relay, path, {"model": spell(number, "model"), "messages": said}, make_headers(number))
    metadata = {spell(number, "manykey"): spell(number, "manyvalue") for number in numbers}
    both = {"X-From": str(numbers[0]), "X-To": str(numbers[-1] + 1), "X-PandaProbe-Metadata": json.dumps(metadata)}
    for changed in (False, True):
        _send(relay, "/v1/chat/completions", ask_all(numbers, changed), {**both, "X-PandaProbe-Session": TOGETHER})
    relay.close()
    running.settled(len(numbers) + 3)
    for number in numbers:
        tell_score(web, number)
    web.close()


def make_headers(number):
    metadata = {spell(number, "metakey"): spell(number, "metavalue"), **POLLUTING}
    return {
        "User-Agent": in_header(number, "client"),
        "X-Claude-Code-Agent-Id": in_header(number, "agent"),
        "X-Number": str(number),
        "X-PandaProbe-Session": in_header(number, "session"),
        "X-PandaProbe-User": in_header(number, "user"),
        "X-PandaProbe-Tags": in_header(number, "tag", 1000).replace(b",", b";"),
        "X-PandaProbe-Metadata": json.dumps(metadata),
    }


def _send(relay, path, body, headers):
    relay.request("POST", path, json.dumps(body), {"Content-Type": "application/json", "Authorization": KEY, **headers})
    answer = relay.getresponse()
    answer.read()
    assert answer.status == (400 if "X-Number" in headers else 200), (headers, answer.status)


def tell_trace(web, number):
    times = {"started_at": "2026-11-01T10:00:00Z", "ended_at": "2026-11-01T10:00:01Z"}
    metadata = {spell(number, "tracekey"): spell(number, "tracevalue"), **POLLUTING}
    span = {"span_id": str(uuid.UUID(int=number + 1001)), "name": spell(number, "span"), "kind": "TOOL", **times}
    trace = {"trace_id": trace_id(number), "name": spell(number, "trace"), "session_id": TOGETHER}
    _post(web, "/traces", {**trace, "metadata": metadata, "spans": [span], **times})


def tell_score(web, number):
    score = {"trace_id": trace_id(number), "name": spell(number, "score"), "value": 0.25}
    _post(web, "/evaluations/trace-scores", {**score, "reason": spell(number, "reason")})


def trace_id(number):
    return str(uuid.UUID(int=number + 1))


def _post(web, path, body):
    web.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = web.getresponse()
    said = answer.read()
    assert answer.status < 300, (path, answer.status, said)
