import pytest
from pandaprobe_proxy.evaluate.compare import (
    Difference,
    compare,
    compare_all,
    find_interval,
    find_mcnemar,
    find_p,
    hold,
)


def by_task(*values):
    return {f"t{number}": one if isinstance(one, list) else [one] for number, one in enumerate(values)}


def test_a_difference_in_every_task_is_sure():
    found = compare("loops", by_task(*[0.5] * 12), by_task(*[0.9] * 12))
    assert (found.tasks, found.before, round(found.after, 3), round(found.low, 3), round(found.high, 3)) == (
        12, 0.5, 0.9, 0.4, 0.4,
    )  # fmt: skip
    assert found.p < 0.01 and found.differs
    assert (found.smallest, found.mcnemar) == (pytest.approx(0), None)


def test_no_difference_is_none():
    same = by_task(*[0.0, 1.0] * 6)
    found = compare("loops", same, same)
    assert (found.p, found.mcnemar, found.differs) == (1.0, 1.0, False)


def test_sessions_of_a_task_are_averaged_first():
    found = compare("loops", by_task(*[[0.0, 1.0]] * 6), by_task(*[[0.5] * 9] * 6))
    assert (found.before, found.after, found.p) == (0.5, 0.5, 1.0)


def test_only_tasks_of_both_sets_count_and_there_must_be_enough():
    before = by_task(*[0.1] * 6) | {"mine": [0.0]}
    assert compare("loops", before, by_task(*[0.1] * 6) | {"yours": [1.0]}).tasks == 6
    assert compare("loops", by_task(*[0.1] * 4), by_task(*[0.1] * 4)) is None


def test_the_smallest_effect_shrinks_with_the_tasks():
    few, many = by_task(*[0.0, 1.0] * 4), by_task(*[0.0, 1.0] * 64)
    ones = {task: [0.5] for task in many}
    assert compare("a", few, ones).smallest > 3 * compare("a", many, ones).smallest


def test_passes_and_failures_of_single_sessions_have_an_exact_p():
    assert find_mcnemar([1.0] * 8 + [-1.0] * 2 + [0.0] * 9) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert find_mcnemar([0.0]) == 1.0
    assert compare("a", by_task(*[0.0] * 6), by_task(*[1.0] * 6)).mcnemar == pytest.approx(2 / 64)


def test_several_scores_make_p_stricter():
    assert hold([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]
    assert hold([0.9, 0.8]) == [1.0, 1.0]
    assert hold([]) == []


def test_each_score_of_both_sets_is_compared():
    some = {"b": by_task(*[0.5] * 6), "a": by_task(*[0.5] * 6), "few": by_task(0.5), "only here": by_task(0.5)}
    found = compare_all(some, {name: some[name] for name in ("a", "b", "few")})
    assert [(one.name, one.holm) for one in found] == [("a", 1.0), ("b", 1.0)]


def test_numbers_are_the_same_whenever_they_are_asked():
    changes = [0.1, -0.2, 0.3, 0.05, 0.0, 0.2]
    assert find_interval(changes) == find_interval(changes)
    assert find_p(changes) == find_p(changes)
    assert isinstance(compare("a", by_task(*changes), by_task(*changes)), Difference)


def spread(first, values):
    return {f"t{first + at}": [value] for at, value in enumerate(values)}


def test_sets_with_too_few_tasks_in_common_are_held_against_each_other_as_they_are():
    found = compare("x", spread(0, [0.1, 0.2, 0.3] * 5), spread(100, [0.7, 0.8, 0.9] * 4))
    assert (found.paired, found.tasks, found.mcnemar) == (False, 12, None)
    assert found.low < 0.6 < found.high and found.low > 0.5 and found.p < 0.01
    assert 0 < found.smallest < 0.12


def test_that_finds_nothing_where_there_is_nothing():
    found = compare("x", spread(0, [0.1, 0.5, 0.9] * 4), spread(100, [0.9, 0.5, 0.1] * 4))
    assert found.low < 0 < found.high and found.p > 0.5


def test_that_needs_five_of_each():
    assert compare("x", spread(0, [0.1] * 4), spread(100, [0.9] * 9)) is None
