"""The moments of a call: those of its exchange, and those of a stream looked up by the offset of its events."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.model.call import Marks
from pandaprobe_proxy.model.exchange import Exchange


class Arrivals:
    """When each byte of a stream was there, from (nanoseconds since the start, length) of its pieces in order."""

    def __init__(self, chunks: Sequence[tuple[int, int]]) -> None:
        self._times = [at_ns for at_ns, _ in chunks]
        self._ends = list(accumulate(length for _, length in chunks))

    def find(self, end: int | None) -> int | None:
        """When the stream was there up to the offset `end`; None if it never was, or nobody knows."""
        place = bisect_left(self._ends, end) if end is not None else len(self._ends)
        return self._times[place] if place < len(self._times) else None


def read_marks(exchange: Exchange, arrivals: Arrivals, first_event: int | None, answered: Answered) -> Marks:
    """All marks; the offsets are those of the stream that `arrivals` knows."""
    ended, answer = exchange.ended, exchange.response
    times = [at_ns for at_ns, length in exchange.chunks if length]
    return Marks(
        sent=exchange.since_start(ended.sent_ns) if ended and ended.sent_ns else None,
        head=exchange.since_start(answer.at_ns) if answer else None,
        first_byte=times[0] if times else None,
        first_event=arrivals.find(first_event),
        first_content=arrivals.find(answered.first_content),
        first_tool=arrivals.find(answered.first_tool),
        last_byte=times[-1] if times else None,
        ended=exchange.since_start(ended.at_ns) if ended else None,
    )
