import random

import pytest
from pandaprobe_proxy.evaluate.calibrator import Known, learn


def know(bad, dice, model="m"):
    return Known((bad + dice.gauss(0, 0.7), None), ("sorry" if bad else "done", "the"), model)


def test_numbers_and_words_that_go_with_failure_are_learnt():
    dice = random.Random(1)
    failed = [at % 5 < 2 for at in range(200)]
    model = learn([know(bad, dice) for bad in failed], failed)
    assert model.predict(Known((1.2, None), ("sorry", "the"), "m")) > 0.8
    assert model.predict(Known((-0.2, None), ("done", "the"), "m")) < 0.2
    assert 0.2 < model.predict(Known((None, None), ("the",), "unheard of")) < 0.8


def test_a_model_with_few_sessions_is_no_number_of_its_own():
    failed = [at % 3 == 0 for at in range(100)]
    sessions = [Known((), (), "rare" if at < 9 else "often") for at in range(100)]
    assert learn(sessions, failed).models == ("often",)


def test_which_model_it_was_counts():
    failed = [at % 10 < (8 if at < 100 else 2) for at in range(200)]
    model = learn([Known((0.0,), (), "weak" if at < 100 else "strong") for at in range(200)], failed)
    assert model.predict(Known((0.0,), (), "weak")) > 0.55
    assert model.predict(Known((0.0,), (), "strong")) < 0.45


def test_there_must_be_both_to_learn_from():
    with pytest.raises(ValueError, match="some sessions must have failed"):
        learn([Known((1.0,), (), "m")] * 3, [True] * 3)
