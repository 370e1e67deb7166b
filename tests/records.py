"""Records for tests of stores, made by the real keeper from exchanges told in a few words."""

import itertools
import json

from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.pricing.price import no_price

START_NS = 1_700_000_000_000_000_000
POLICY = Policy()
_numbers = itertools.count(1)


def new_id(at_ns=START_NS):
    return make_id(at_ns, next(_numbers).to_bytes(10))


def make_exchange(messages, answer="fine", session="s-1", at_ns=START_NS, model="m", outcome=Outcome.OK, **more):
    """A chat call as it crossed the wire. `more`: headers (pairs of bytes), tools, method, path, status."""
    call_id = more.get("id") or new_id(at_ns)
    path = more.get("path", "/v1/chat/completions").encode()
    headers = (b"X-PandaProbe-Session", session.encode()) if session else (b"User-Agent", b"t")
    head = RequestHead(
        call_id, 0, at_ns, "127.0.0.1:5", "openai", f"https://api{path.decode()}", more.get("method", "POST"), path,
        (headers, (b"Content-Type", b"application/json"), *more.get("headers", ())),
    )  # fmt: skip
    asked = {"model": model, "messages": messages, **({"tools": more["tools"]} if "tools" in more else {})}
    message = answer if isinstance(answer, dict) else {"role": "assistant", "content": answer}
    body = {
        "id": f"chatcmpl-{call_id}",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    data = more.get("response") or json.dumps(body).encode()
    return Exchange(
        head=head,
        request_body=more.get("request") or json.dumps(asked).encode(),
        response=ResponseHead(
            call_id,
            2_000_000,
            more.get("status", 200),
            b"OK",
            ((b"Content-Type", more.get("type", b"application/json")),),
        ),
        response_body=data,
        chunks=((3_000_000, len(data)),),
        ended=Ended(call_id, 4_000_000, outcome, "" if outcome is Outcome.OK else "it failed", 1_000_000),
    )


def make_keeper(policy=POLICY, last_seen=lambda key: None, pricing=no_price):
    return Keeper(policy, Redactor(b"k" * 32), last_seen, pricing)


def make_record(messages=({"role": "user", "content": "hello"},), *arguments, keeper=None, **more):
    """The Record of such an exchange."""
    exchange = make_exchange(list(messages), *arguments, **more)
    keeper = keeper or make_keeper()
    return keeper.finish(
        keeper.begin(exchange.head), exchange, Sizes(len(exchange.request_body), len(exchange.response_body))
    )
