import pytest
from pandaprobe_proxy.evaluate.efficiency import find_z, judge
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import Usage
from talks import proofs, says, talk, user


def session(calls, output=10):
    messages = [part for n in range(calls) for part in (user(f"q{n}"), says(f"a{n}"))]
    return talk(*messages, usage=Usage(100, output))


def judged(calls, others=(), budgets=None):
    one = session(calls)
    return judge(one, read_traits(one), [read_traits(session(other)) for other in others], budgets or {})


def test_without_a_budget_there_are_facts_only():
    found = judged(2)
    assert (found.value, found.label, found.counts["calls"], found.counts["input_tokens"]) == (
        None,
        "no budget",
        2,
        200,
    )


def test_with_a_budget_the_value_is_the_worst_share_of_it():
    found = judged(4, budgets={"calls": 2, "output_tokens": 30, "cost": 1})
    assert (found.value, found.label) == (0.5, "calls over budget, output_tokens over budget")
    assert proofs(found) == [8, 8]
    assert judged(2, budgets={"calls": 2}).label == "within budget"
    assert judged(2, budgets={"tool_calls": 0}).value == 1


def test_what_stands_out_among_peers_is_told_both_ways():
    assert "calls above its peers" in judged(9, others=[2, 2, 3]).label
    assert "calls below its peers" in judged(1, others=[20, 21, 22]).label
    assert judged(2, others=[2, 2, 3]).counts["calls_z"] == 0


@pytest.mark.parametrize(("value", "others", "z"), [(5, [1, 2], None), (0, [0, 0, 0], 0.0), (110, [100] * 3, 2.0)])
def test_a_robust_z(value, others, z):
    assert find_z(value, others) == z
