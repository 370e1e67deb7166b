"""Which exchange the recorder is at, and which one is given up."""

from contextlib import ExitStack

import pytest
from pandaprobe_proxy.capture.ring import Ring
from pandaprobe_proxy.capture.suspects import ID_BYTES, LANE, RECORDER, SUSPECTS_AT, Suspects

ONE, OTHER = (f"0190a1b2-0000-7000-8000-{number:012d}" for number in (1, 2))


@pytest.fixture
def ring():
    made = Ring.create(1 << 20, "0" * 36)
    yield made
    made.close()


def die_at(ring, *places):
    """A recorder's life that is cut off within these (place, exchange); what it had given up."""
    suspects = Suspects(ring)
    with ExitStack() as stack:
        for place, exchange in places:
            stack.enter_context(suspects.at(place, exchange))
        left = [(at, ring.read_page(at, ID_BYTES)) for at in range(SUSPECTS_AT, SUSPECTS_AT + 4 * ID_BYTES, ID_BYTES)]
    for at, data in left:
        ring.write_page(at, data)
    return suspects.given_up


def test_a_new_ring_suspects_nobody(ring):
    assert Suspects(ring).given_up == frozenset()


@pytest.mark.parametrize("place", [RECORDER, LANE])
def test_where_three_in_a_row_died_is_given_up(ring, place):
    for _ in range(3):
        assert die_at(ring, (place, ONE)) == frozenset()
    assert die_at(ring) == {ONE}


def test_deaths_at_several_may_be_anything(ring):
    for exchange in (ONE, ONE, OTHER, ONE, ONE):
        die_at(ring, (RECORDER, exchange))
    assert Suspects(ring).given_up == frozenset()


def test_a_death_somewhere_else_between_them_changes_nothing(ring):
    for _ in range(2):
        die_at(ring, (RECORDER, ONE))
        die_at(ring)
    die_at(ring, (RECORDER, ONE))
    assert Suspects(ring).given_up == {ONE}


def test_who_gets_through_is_no_suspect(ring):
    for _ in range(4):
        suspects = Suspects(ring)
        with suspects.at(RECORDER, ONE):
            pass
    assert Suspects(ring).given_up == frozenset()


def test_an_error_is_no_death(ring):
    for _ in range(4):
        with pytest.raises(ValueError, match="odd"), Suspects(ring).at(RECORDER, ONE):
            raise ValueError("odd")
    assert Suspects(ring).given_up == frozenset()


def test_recorder_and_lane_are_told_apart(ring):
    for exchange in (ONE, OTHER, ONE):
        die_at(ring, (RECORDER, exchange), (LANE, OTHER))
    assert Suspects(ring).given_up == {OTHER}


def test_the_numbers_and_the_frames_of_the_ring_are_left_alone(ring):
    before = ring.numbers(), ring.run, ring.key, ring.read(0, 64)
    die_at(ring, (RECORDER, "x" * 500), (LANE, ONE))
    assert (ring.numbers(), ring.run, ring.key, ring.read(0, 64)) == before
