import math

import pytest
from pandaprobe_proxy.evaluate.boosted_trees import Leaf, learn


def test_what_matters_only_together_is_learnt():
    rows = [(at % 2, at // 2 % 2, 7.0) for at in range(400)]
    model = learn(rows, [bool(one and other) for one, other, _ in rows])
    assert model.weigh((1, 1, 7.0)) > 1
    for row in ((0, 0, 7.0), (0, 1, 7.0), (1, 0, 7.0)):
        assert model.weigh(row) < -1


def test_a_number_that_matters_in_the_middle_is_learnt():
    rows = [(at / 100,) for at in range(300)]
    model = learn(rows, [1 <= value < 2 for (value,) in rows])
    assert model.weigh((1.5,)) > 1
    assert max(model.weigh((0.2,)), model.weigh((2.8,)), model.weigh((99.0,))) < -1


def test_what_is_not_known_goes_where_it_helps():
    rows = [(None if at % 4 == 0 else float(at % 4),) for at in range(200)]
    for bad in ({0, 1}, {0, 3}, {1}):
        model = learn(rows, [at % 4 in bad for at in range(200)])
        assert (model.weigh((None,)) > 0) == (0 in bad)
        assert (model.weigh((1.0,)) > 0) == (1 in bad)


def test_the_same_rows_give_the_same_trees():
    rows = [(float(at % 7), float(at % 5), None) for at in range(100)]
    failed = [at % 3 == 0 for at in range(100)]
    assert learn(rows, failed) == learn(rows, failed)


@pytest.mark.parametrize("row", [(1.0, None), ()])
def test_where_nothing_differs_it_is_the_odds(row):
    model = learn([row] * 98, [True] * 19 + [False] * 79)
    assert model.weigh(row) == pytest.approx(math.log(0.2 / 0.8), abs=0.05)
    assert all(isinstance(tree, Leaf) for tree in model.all)


def test_few_sessions_are_no_reason_to_ask():
    model = learn([(float(at),) for at in range(39)], [at > 19 for at in range(39)])
    assert model.weigh((0.0,)) == model.weigh((38.0,))
