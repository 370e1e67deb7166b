import random

import pytest
from pandaprobe_proxy.evaluate.calibration import Labelled, calibrate, find_auc, find_bins


def labelled(count, sharpness, seed=1, good=0.6):
    """Sessions of which a share is good; the values of good and bad ones differ by so many deviations."""
    dice = random.Random(seed)
    for number in range(count):
        is_good = dice.random() < good
        value = min(1.0, max(0.0, dice.gauss(0.5 + (0.2 if is_good else -0.2) * sharpness, 0.2)))
        yield Labelled(value, is_good, f"task-{number // 2}")


def test_a_rate_is_corrected_for_how_often_the_evaluator_errs():
    known = list(labelled(300, 1.0))
    judged = [one.value for one in labelled(3000, 1.0, seed=2, good=0.3)]
    found = calibrate(known, judged)
    assert (found.good + found.bad, found.refused) == (300, "")
    assert found.auc.low > 0.8 and found.tpr.low < found.tpr.value < found.tpr.high
    assert abs(found.passed - 0.3) > 0.05
    assert abs(found.corrected.value - 0.3) < 0.04
    assert found.corrected.low < 0.3 < found.corrected.high
    assert found.corrected.high - found.corrected.low < 0.3


def test_the_interval_of_the_corrected_rate_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(20):
        known = list(labelled(120, 1.0, seed=seed))
        judged = [one.value for one in labelled(400, 1.0, seed=1000 + seed, good=0.3)]
        corrected = calibrate(known, judged).corrected
        held += corrected.low <= 0.3 <= corrected.high
    assert held >= 17


def test_an_evaluator_that_may_be_guessing_gives_no_number():
    found = calibrate(list(labelled(100, 0.0)), [0.2, 0.8])
    assert found.corrected is None
    assert found.auc.low <= 0.5 <= found.auc.high
    assert "it may be guessing: AUC" in found.refused and found.refused.endswith("reaches 0.5")


def test_one_that_is_the_wrong_way_round_gives_no_number():
    found = calibrate(list(labelled(200, -1.0)), [0.5])
    assert (found.corrected, "higher values for bad sessions" in found.refused) == (None, True)


def test_a_threshold_that_lets_all_pass_gives_no_number():
    found = calibrate(list(labelled(200, 1.0)), [0.5], threshold=0.0)
    assert found.corrected is None
    assert "at the threshold 0 it tells good from bad no better than chance" in found.refused


def test_too_few_labels_say_so():
    few = [Labelled(0.9, True, "a")] * 30 + [Labelled(0.1, False, "b")] * 9
    with pytest.raises(ValueError, match="30 sessions are labelled good and 9 bad; 10 of each are needed"):
        calibrate(few, [0.5])


def test_draws_that_lack_a_kind_are_guesses():
    """Two tasks, one good and one bad: half of the draws have one kind only."""
    some = [Labelled(0.9, True, "a")] * 10 + [Labelled(0.1, False, "b")] * 10
    found = calibrate(some, [0.9, 0.1])
    assert (found.auc.value, found.auc.low) == (1.0, 0.5)
    assert "reaches 0.5" in found.refused


def test_the_reliability_curve_has_the_parts_that_have_sessions():
    some = [Labelled(0.05, False, "a"), Labelled(0.95, True, "b"), Labelled(1.0, False, "c")]
    low, high = find_bins(some)
    assert (low.low, low.high, low.sessions, low.good) == (0.0, 0.1, 1, 0.0)
    assert (high.low, high.high, high.sessions, high.value, high.good) == (0.9, 1.0, 2, 0.975, 0.5)


def test_auc_counts_equal_values_by_half():
    assert (find_auc([0.9, 0.5], [0.5, 0.1]), find_auc([], [1.0])) == (0.875, 0.5)


def test_the_gap_and_brier_tell_how_far_values_are_from_labels():
    exact = [Labelled(1.0, True, f"g{n}") for n in range(20)] + [Labelled(0.0, False, f"b{n}") for n in range(20)]
    found = calibrate(exact, [1.0, 0.0])
    assert (found.brier, found.gap, found.passed, found.corrected.value) == (0.0, 0.0, 0.5, 0.5)
