"""Which try a call is."""

from dataclasses import replace

import pytest
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.record import Retry
from pandaprobe_proxy.sessions.attempts import (
    COUNTED_WINDOW_NS,
    INFERRED_WINDOW_NS,
    Attempt,
    Marker,
    Try,
    find_attempt,
    may_be_tried_again,
    read_marker,
)

S = 1_000_000_000
FAILED = Try("c0", "c0", "s", 0, 100 * S, 101 * S, failed=True)


@pytest.mark.parametrize(
    ("headers", "marker"),
    [
        ((), Marker()),
        (((b"X-Stainless-Retry-Count", b"2"),), Marker(2)),
        (((b"x-stainless-retry-count", b"0"),), Marker(0)),
        (((b"x-stainless-retry-count", b"-1"),), Marker()),
        (((b"x-stainless-retry-count", b"9999"),), Marker(1000)),
        (((b"amz-sdk-invocation-id", b"i"), (b"amz-sdk-request", b"attempt=2; max=3")), Marker(1, b"i")),
        (((b"amz-sdk-invocation-id", b"i"), (b"amz-sdk-request", b"attempt=0")), Marker(0, b"i")),
        (((b"Idempotency-Key", b"k"),), Marker(None, b"k")),
        (((b"Idempotency-Key", b""),), Marker()),
    ],
)
def test_headers_say_which_try_it_is(headers, marker):
    assert read_marker(headers) == marker


@pytest.mark.parametrize(
    ("outcome", "status", "again"),
    [
        (Outcome.UPSTREAM_ERROR, 429, True),
        (Outcome.UPSTREAM_ERROR, 408, True),
        (Outcome.UPSTREAM_ERROR, 503, True),
        (Outcome.UPSTREAM_ERROR, 400, False),
        (Outcome.UPSTREAM_ERROR, None, True),
        (Outcome.TIMEOUT, None, True),
        (Outcome.CLIENT_DISCONNECTED, 200, True),
        (Outcome.OK, 200, False),
        (Outcome.OK, None, False),
    ],
)
def test_some_ends_are_tried_again(outcome, status, again):
    assert may_be_tried_again(outcome, status) is again


def find(retry, *tries, at_s=102):
    return find_attempt(retry, tries, at_s * S)


def test_a_counted_try_follows_the_failed_one_before_it():
    other = replace(FAILED, call_id="c9", number=1)
    assert find(Retry("k", 1), other, FAILED) == Attempt(1, FAILED)


def test_a_first_try_follows_nothing():
    assert find(Retry("k", 0), FAILED) is None
    assert find(Retry("k", 0, named=True), FAILED) is None


def test_a_counted_try_whose_first_was_never_seen_is_still_one():
    assert find(Retry("k", 2)) == Attempt(2, None)
    assert find(Retry("k", 1), replace(FAILED, failed=False)) == Attempt(1, None)


def test_a_try_that_comes_too_late_or_too_early_follows_nothing():
    late = 102 + COUNTED_WINDOW_NS // S
    assert find(Retry("k", 1), FAILED, at_s=late) == Attempt(1, None)
    assert find(Retry("k"), FAILED, at_s=102 + INFERRED_WINDOW_NS // S) is None
    assert find(Retry("k"), replace(FAILED, ended_ns=200 * S)) is None
    assert find(Retry("k"), FAILED, at_s=99) is None


def test_a_client_may_try_again_just_before_its_giving_up_is_noticed():
    assert find(Retry("k", 1), replace(FAILED, ended_ns=103 * S)) == Attempt(1, replace(FAILED, ended_ns=103 * S))


def test_without_a_marker_the_same_body_after_a_failure_is_inferred_to_be_one():
    again = replace(FAILED, call_id="c1", first="c0", number=1)
    assert find(Retry("k"), again, FAILED) == Attempt(2, again, inferred=True)


def test_without_a_marker_the_same_body_after_a_success_is_another_call():
    assert find(Retry("k"), replace(FAILED, failed=False)) is None


def test_a_call_with_a_name_has_all_its_tries_however_they_ended():
    whole = replace(FAILED, failed=False)
    assert find(Retry("k", None, named=True), whole) == Attempt(1, whole)
    assert find(Retry("k", None, named=True)) is None


def test_a_name_and_a_count_together_find_the_try_before():
    second = replace(FAILED, call_id="c1", first="c0", number=1)
    assert find(Retry("k", 1, named=True), second, FAILED) == Attempt(1, FAILED)
