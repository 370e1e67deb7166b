"""Records of connections that speak Responses over WebSocket, made by the real keeper."""

from exchanges import frame
from pandaprobe_proxy.capture.keep import Policy, Sizes
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from records import START_NS, make_keeper, new_id


def frames(values, start_us):
    """(body, chunks) of messages a millisecond apart."""
    found = [frame(value) for value in values]
    chunks = tuple(((start_us + 1000 * at) * 1000, len(frame)) for at, frame in enumerate(found))
    return b"".join(found), chunks


def events(number, text):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 10, "output_tokens": number, "total_tokens": 10 + number}
    response = {"id": f"resp_{number}", "model": "m-1"}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    yield {
        "type": "response.completed",
        "response": {**response, "status": "completed", "output": [item], "usage": usage},
    }


def connection(
    *texts, session="s-1", cut=0, policy=None, outcome=Outcome.OK, headers=(), pricing=None, at_s=0, before=(), id=""
):
    """The Record of a connection: each text asked, and answered by itself and an `!`. `cut` events never came.

    `before` the first one, what was said over another connection.
    """
    call_id, at_ns = id or new_id(START_NS + at_s * 10**9), START_NS + at_s * 10**9
    asked = [
        {
            "type": "response.create",
            "model": "m",
            "input": text,
            "previous_response_id": f"resp_{number}" if number else None,
        }
        for number, text in enumerate(texts)
    ]
    asked[0]["input"] = [*before, {"role": "user", "content": texts[0]}]
    answered = [event for number, text in enumerate(texts, 1) for event in events(number, f"{text}!")]
    request, request_chunks = frames(asked, 1000)
    response, chunks = frames(answered[: len(answered) - cut], 1500)
    # each is asked after the one before it was answered
    request_chunks = tuple((1_000_000 + 2_000_000 * at, length) for at, (_, length) in enumerate(request_chunks))
    lines = (*([(b"X-PandaProbe-Session", session.encode())] if session else ()), *headers)
    exchange = Exchange(
        RequestHead(
            call_id, 0, at_ns, "127.0.0.1:5", "openai", "https://api/v1/responses", "GET", b"/v1/responses", lines
        ),
        request,
        request_chunks,
        ResponseHead(call_id, 500_000, 101, b"Switching Protocols", ()),
        response,
        chunks,
        Ended(call_id, 90_000_000, outcome, "" if outcome is Outcome.OK else "it broke", 400_000),
    )
    keeper = make_keeper(policy or Policy(), **({"pricing": pricing} if pricing else {}))
    return keeper.finish(keeper.begin(exchange.head), exchange, Sizes(len(request), len(response)))
