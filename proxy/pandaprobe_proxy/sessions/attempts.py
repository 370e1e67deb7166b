"""Which call a request is another try of: what its headers say, or that the same body just failed. Pure.

Client libraries try again by themselves. OpenAI's and Anthropic's count their tries, AWS's name the call, others say
nothing; then the same body right after a failure is taken for another try, and marked as inferred.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pandaprobe_proxy.model.exchange import Headers, Outcome, find_header
from pandaprobe_proxy.model.record import Retry

COUNTED_WINDOW_NS = 720 * 1_000_000_000
"""The longest wait that a library honours, and the longest that it waits for an answer."""
INFERRED_WINDOW_NS = 60 * 1_000_000_000
OVERLAP_NS = 2 * 1_000_000_000
"""A client that gave up may try again before the relay has noticed."""
_AGAIN = frozenset({408, 409, 429})
_UNHEARD = frozenset({Outcome.CLIENT_DISCONNECTED, Outcome.UPSTREAM_RESET, Outcome.TIMEOUT, Outcome.INTERRUPTED})
_NAMES = (b"amz-sdk-invocation-id", b"idempotency-key")
_AWS_COUNT = re.compile(rb"attempt=(\d{1,4})")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Marker:
    """What a request's headers say of its being a try."""

    number: int | None = None
    name: bytes = b""
    """The client's own name of the call."""


@dataclass(frozen=True, slots=True)
class Try:
    """An ended call that another may be a try after."""

    call_id: str
    first: str
    """The call that was the first try; itself if it was."""
    session_id: str
    number: int
    started_ns: int
    ended_ns: int
    failed: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which try a call is, and of what."""

    number: int
    after: Try | None
    """The try before it; None if that was never seen."""
    inferred: bool = False


def read_marker(headers: Headers) -> Marker:
    """The count and the name in the headers of a request."""
    name = next((value for key in _NAMES if (value := find_header(headers, key))), b"")
    count = find_header(headers, b"x-stainless-retry-count") or b""
    if count.isdigit() and len(count) < 5:
        return Marker(min(int(count), _MOST), name)
    aws = _AWS_COUNT.search(find_header(headers, b"amz-sdk-request") or b"")
    return Marker(min(max(0, int(aws[1]) - 1), _MOST) if aws else None, name)


def may_be_tried_again(outcome: str, status: int | None) -> bool:
    """Whether a call ended so that client libraries try it again."""
    if outcome in _UNHEARD or (outcome == Outcome.UPSTREAM_ERROR and status is None):
        return True
    return status is not None and (status in _AGAIN or status >= 500)


def find_attempt(retry: Retry, tries: Iterable[Try], started_ns: int) -> Attempt | None:
    """Which try it is; None for a first one. `tries` share its key and were not followed by another, newest first."""
    if retry.number == 0:
        return None
    near = [earlier for earlier in tries if _is_near(earlier, started_ns, _window_ns(retry))]
    if retry.named:
        near.sort(key=lambda earlier: earlier.number + 1 != retry.number)
    elif retry.number is None:
        near = [earlier for earlier in near if earlier.failed]
    else:
        near = [earlier for earlier in near if earlier.failed and earlier.number + 1 == retry.number]
    if near:
        return Attempt(retry.number or near[0].number + 1, near[0], inferred=retry.number is None and not retry.named)
    return Attempt(retry.number, None) if retry.number else None


def _window_ns(retry: Retry) -> int:
    return INFERRED_WINDOW_NS if retry.number is None and not retry.named else COUNTED_WINDOW_NS


def _is_near(earlier: Try, started_ns: int, window_ns: int) -> bool:
    return earlier.started_ns <= started_ns and -OVERLAP_NS <= started_ns - earlier.ended_ns <= window_ns
