"""An answer that came in several exchanges, put together again: the request's own stream and those that went on.

Events of OpenAI's responses carry a `sequence_number`; each is taken once, whichever stream brought it.
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from pandaprobe_proxy.dialects.bodies import read_type, undo
from pandaprobe_proxy.dialects.framings import find_framing
from pandaprobe_proxy.dialects.json_events import read_object
from pandaprobe_proxy.dialects.marks import Arrivals
from pandaprobe_proxy.model.call import Call, Json
from pandaprobe_proxy.model.exchange import Exchange, Headers
from pandaprobe_proxy.wire.sse import SseReader

_NUMBER = '"sequence_number"'
_TYPE: Headers = ((b"content-type", b"text/event-stream"),)


def join_streams(asked: Exchange, fetched: Sequence[Exchange]) -> Exchange:
    """The request of `asked` with one stream of all their events, in the order of the exchanges.

    How it ended is how the last of them did. Exchanges whose answers are no streams add nothing.
    """
    streams = [exchange for exchange in (asked, *fetched) if is_stream(exchange)]
    if not streams:
        return asked
    pieces: list[bytes] = []
    chunks: list[tuple[int, int]] = []
    highest = -1
    for exchange in streams:
        shift_ns = exchange.head.wall_ns - asked.head.wall_ns
        found, highest = _take(exchange, highest, exchange is streams[-1])
        pieces += (piece for piece, _ in found)
        chunks += ((at_ns + shift_ns, len(piece)) for piece, at_ns in found)
    first, last = streams[0], streams[-1]
    response = first.response and structs.replace(first.response, headers=_TYPE)
    return replace(asked, response=response, response_body=b"".join(pieces), chunks=tuple(chunks), ended=last.ended)


def is_stream(exchange: Exchange) -> bool:
    """Whether its answer is a stream of events, which others may go on with."""
    answer = exchange.response
    if answer is None or answer.status != 200:
        return False
    plain = undo(exchange.response_body, answer.headers, ())
    return find_framing(plain.data, read_type(answer.headers), asked=False) is SseReader


def _take(exchange: Exchange, highest: int, last: bool) -> tuple[list[tuple[bytes, int]], int]:
    """The pieces of a stream beyond the highest number so far, each with its time; and the highest number now.

    What a stream left unfinished is told again by the one that goes on, so it is taken from the last one only.
    """
    plain = undo(exchange.response_body, exchange.response.headers if exchange.response else (), exchange.chunks)
    arrivals = Arrivals(plain.chunks)
    reader = SseReader(plain.data)
    found: list[tuple[bytes, int]] = []
    at = 0
    for event in reader:
        number = _read_number(event.data)
        if number is None or number > highest:
            found.append((plain.data[at : event.end], arrivals.find(event.end) or 0))
            highest = highest if number is None else number
        at = event.end
    if last and at < len(plain.data):
        found.append((plain.data[at:], arrivals.find(len(plain.data)) or 0))
    return found, highest


def _read_number(data: str) -> int | None:
    if _NUMBER not in data:
        return None
    number = (read_object(data) or {}).get("sequence_number")
    return number if isinstance(number, int) else None


def complete(call: Call, others: Sequence[Call], joined: Call | None) -> Call:
    """The call with the answer that was fetched for it, as far as it is known.

    From its joined streams if they are whole, else from the newest of `others` (oldest first) that is.
    """
    if not (call.pending or call.partial):
        return call
    if joined is not None and not (joined.pending or joined.partial):
        return replace(call, **_answer(joined), marks=joined.marks, streamed=True)
    newest = others[::-1]
    whole = [other for other in newest if not (other.pending or other.partial)]
    known = [*whole, *([joined] if joined is not None else []), *newest]
    return replace(call, **_answer(known[0])) if known else call


def _answer(call: Call) -> dict[str, Json]:
    """What a fetched answer tells. One without messages, as a run is, leaves those that are known."""
    names = ("model", "usage", "error", "partial", "extra", "pending", "conversation_id", "cost")
    return {name: getattr(call, name) for name in (*names, *(["output"] if call.output else []))}
