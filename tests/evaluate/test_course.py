import pytest
from pandaprobe_proxy.evaluate.course import follow


def course(*scores):
    return follow(enumerate(scores, 1))


def test_low_but_climbing_is_not_yet():
    found = course(0.1, 0.2, 0.3, 0.4)
    assert (found.state, found.bad, found.count("gaining")) == ("gaining", 0, 3)
    assert found.describe() == "gaining, 0.40 after 4 turns"


def test_five_turns_without_a_gain_at_a_low_peak_are_not_going_to_be():
    found = course(0.3, 0.31, 0.3, 0.3, 0.3, 0.3, 0.3)
    assert (found.state, found.bad) == ("stalled", 2)
    assert found.describe() == "stalled at 0.30, no gain up to turn 6"
    assert [(event.turn, event.kind) for event in found.events] == [(6, "stalled")]


def test_the_same_at_a_high_peak_is_steady():
    found = course(0.6, *[0.6] * 8)
    assert (found.state, found.describe()) == ("steady", "steady, 0.60 after 9 turns")


def test_a_fall_from_the_peak_is_a_regression_told_once_and_can_be_made_good():
    found = course(0.5, 0.9, 0.7, 0.6)
    assert (found.state, found.bad, found.peak, found.last) == ("regressed", 2, 0.9, 0.6)
    assert found.describe() == "regressed from 0.90 to 0.60, first at turn 3"
    assert found.count("regressed") == 1
    assert course(0.5, 0.9, 0.7, 0.95).state == "gaining"


def test_a_gain_ends_a_stall():
    assert course(0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4).state == "gaining"


def test_without_a_score_there_is_none():
    with pytest.raises(ValueError, match="no turn"):
        follow([])
