"""The moments of a call: those of its exchange, and those of a stream looked up by the offset of its events."""

from bisect import bisect_left
from collections.abc import Sequence

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.model.call import Marks
from pandaprobe_proxy.model.exchange import Exchange


class Arrivals:
    """When each byte of a stream was there, from (nanoseconds since the start, length) of its pieces in order."""

    def __init__(self, chunks: Sequence[tuple[int, int]]) -> None:
        self._chunks = chunks
        self._ends: list[int] = []
        """Where the pieces end, as far as anybody has asked."""

    def find(self, end: int | None) -> int | None:
        """When the stream was there up to the offset `end`; None if it never was, or nobody knows."""
        if end is None:
            return None
        ends, chunks = self._ends, self._chunks
        while len(ends) < len(chunks) and (not ends or ends[-1] < end):
            ends.append(chunks[len(ends)][1] + (ends[-1] if ends else 0))
        place = bisect_left(ends, end)
        return chunks[place][0] if place < len(ends) else None


def read_marks(exchange: Exchange, arrivals: Arrivals, first_event: int | None, answered: Answered) -> Marks:
    """All marks; the offsets are those of the stream that `arrivals` knows."""
    ended, answer = exchange.ended, exchange.response
    first = next((at_ns for at_ns, length in exchange.chunks if length), None)
    last = next((at_ns for at_ns, length in reversed(exchange.chunks) if length), None)
    return Marks(
        sent=exchange.since_start(ended.sent_ns) if ended and ended.sent_ns else None,
        head=exchange.since_start(answer.at_ns) if answer else None,
        first_byte=first,
        first_event=arrivals.find(first_event),
        first_content=arrivals.find(answered.first_content),
        first_tool=arrivals.find(answered.first_tool),
        last_byte=last,
        ended=exchange.since_start(ended.at_ns) if ended else None,
    )
