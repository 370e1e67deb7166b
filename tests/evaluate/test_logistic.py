import random

import pytest
from pandaprobe_proxy.evaluate.logistic import learn


def test_what_goes_with_failure_is_learnt():
    dice = random.Random(1)
    failed = [dice.random() < 0.4 for _ in range(200)]
    rows = [(bad + dice.gauss(0, 0.5), dice.random(), 3.0) for bad in failed]
    model = learn(rows, failed)
    assert model.predict((1.5, 0.5, 3.0)) > 0.75
    assert model.predict((-0.5, 0.5, 3.0)) < 0.15
    assert abs(model.weights[2]) < 0.3
    assert model.weights[3] == 0


def test_it_agrees_with_the_odds_when_nothing_is_known():
    rows, failed = [(None,)] * 10, [True] * 3 + [False] * 7
    model = learn(rows, failed)
    assert model.predict((None,)) == pytest.approx(0.3)
    assert model.predict((5.0,)) == pytest.approx(0.3)


def test_a_value_far_out_counts_as_no_farther_than_the_farthest():
    model = learn([(0.0,), (1.0,), (0.0,), (1.0,)], [False, True, False, True], ridge=1.0)
    assert model.predict((100.0,)) == model.predict((1e9,))


def test_there_must_be_both_to_learn_from():
    for failed in ([True, True], [False, False]):
        with pytest.raises(ValueError, match="some sessions must have failed"):
            learn([(1.0,), (2.0,)], failed)


def test_what_is_told_apart_for_sure_does_not_run_away():
    model = learn([(float(at),) for at in range(10)], [at > 4 for at in range(10)], ridge=1e-30)
    assert model.predict((0.0,)) < 0.01
    assert model.predict((9.0,)) > 0.99
