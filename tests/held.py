"""A small dialect whose provider holds the history: new messages only, a response id, answers that come later.

`/held` asks, `/held/ID` fetches. A stream's events have a `sequence_number` each; the last says that it is the last.
"""

import json

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.model.call import Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Outcome
from records import START_NS, make_record


def _asked(body, path):
    messages = tuple(Message(item["role"], item["content"]) for item in body.get("input", ()))
    fetches = None if path.endswith("/held") else "retrieve"
    return Asked(
        "m", messages, (), {}, body.get("stream", False), body.get("previous"), body.get("conversation"), fetches
    )


def _answered(body):
    pending = body["status"] == "queued"
    message = Message("assistant", body["text"], finish_reason="stop")
    return Answered(
        model="m-1",
        response_id=body["id"],
        messages=() if pending else (message,),
        usage=Usage() if pending else Usage(10, len(body["text"]), source=UsageSource.REPORTED),
        pending=pending,
    )


def _streamed(events):
    text, identity, whole = "", None, False
    for event in events:
        said = json.loads(event.data)
        identity = said.get("id", identity)
        text += said.get("delta", "")
        whole = whole or said.get("done", False)
    usage = Usage(10, len(text), source=UsageSource.REPORTED) if whole else Usage()
    return Answered("m-1", identity, (Message("assistant", text),), usage, finished=whole)


HELD = Dialect(
    "held", 1, "chat", lambda method, path, headers: "/held" in path, _asked, _answered, _streamed, counts_tokens=False
)


def asking(*texts, answer="fine", id="r1", at_s=0, status="completed", **more):
    """The Record of a request. `more`: previous, conversation, stream (bytes), system, key, session, outcome."""
    said = [{"role": "system", "content": more["system"]}] if "system" in more else []
    body = {"input": [*said, *({"role": "user", "content": text} for text in texts)]}
    body |= {name: more[name] for name in ("previous", "conversation") if name in more}
    return _record("/v1/held", json.dumps(body).encode(), id, answer, at_s, status, more)


def fetching(id="r1", answer="", at_s=0, status="completed", **more):
    """The Record of a request for an answer."""
    return _record(f"/v1/held/{id}", b"{}", id, answer, at_s, status, more)


def _record(path, request, id, answer, at_s, status, more):
    stream = more.get("stream")
    return make_record(
        (),
        path=path,
        request=request,
        response=stream or json.dumps({"id": id, "text": answer, "status": status}).encode(),
        type=b"text/event-stream" if stream else b"application/json",
        session=more.get("session", "s-1"),
        at_ns=START_NS + at_s * 1_000_000_000,
        outcome=more.get("outcome", Outcome.OK),
        keeper=more.get("keeper"),
        headers=((b"Authorization", f"Bearer {more.get('key', 'key-of-somebody')}".encode()),),
    )


def stream(first, deltas, id="r1", done=False):
    """Events numbered from `first`, one a delta, and one that says that it is done."""
    events = [{"id": id, "sequence_number": first + i, "delta": delta} for i, delta in enumerate(deltas)]
    events += [{"id": id, "sequence_number": first + len(deltas), "done": True}] if done else []
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
