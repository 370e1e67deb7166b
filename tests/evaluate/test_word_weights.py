import math
import random

import pytest
from pandaprobe_proxy.evaluate.word_weights import COST, learn

BAD, GOOD = ["sorry", "the", "the"], ["done", "the"]


def test_words_that_go_with_failure_weigh():
    model = learn([BAD] * 10 + [GOOD] * 10, [True] * 10 + [False] * 10)
    assert model.weigh(BAD) > 1
    assert model.weigh(GOOD) < -1
    assert model.weigh(["the"]) == pytest.approx(0, abs=1)


def test_words_of_few_sessions_and_unknown_ones_say_nothing():
    model = learn([[*BAD, "rare"]] * 4 + [BAD] * 6 + [GOOD] * 10, [True] * 10 + [False] * 10)
    assert "rare" not in model.places
    assert model.weigh(["rare", "never"]) == model.weigh([])


def test_without_words_it_is_the_odds():
    model = learn([[]] * 100, [True] * 20 + [False] * 80)
    assert model.weigh([]) == pytest.approx(math.log(20 / 80), abs=0.05)


def test_the_weights_are_where_the_loss_is_least():
    sessions, failed = [["a", "b"], ["a"], ["b"], []] * 6, ([True, True, False, False] * 5 + [False, True, True, False])
    model = learn(sessions, failed)

    def lose(weights):
        moved = type(model)(model.places, model.rarity, weights)
        wrong = sum(
            math.log1p(math.exp(-(1 if bad else -1) * moved.weigh(words)))
            for words, bad in zip(sessions, failed, strict=True)
        )
        return COST * wrong + sum(weight * weight for weight in weights[:-1]) / 2

    least = lose(model.weights)
    for place in range(len(model.weights)):
        for change in (-0.1, 0.1):
            assert lose([w + change * (at == place) for at, w in enumerate(model.weights)]) > least


def test_it_may_be_stopped_early_and_is_nearly_there():
    dice = random.Random(1)
    sessions = [dice.sample([f"w{number}" for number in range(80)], 20) for _ in range(150)]
    failed = [("w1" in words) or dice.random() < 0.3 for words in sessions]
    early, late = learn(sessions, failed, rounds=2), learn(sessions, failed)
    assert early.weights == pytest.approx(late.weights, abs=0.3)
    assert early.weights != late.weights
