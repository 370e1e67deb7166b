from dataclasses import replace

import pytest
from pandaprobe_proxy.evaluate.criteria import Criterion
from pandaprobe_proxy.evaluate.judges import CRITERIA, GROUPS, JUDGES, PANDAPROBE, choose
from pandaprobe_proxy.evaluate.turns import take_whole
from talks import define, says, system, talk, used, user

BY_NAME = {criterion.name: criterion for criterion in CRITERIA}
NOTHING = talk(says(""))
PLAIN = talk(user("a"), says("b"))
FULL = talk(system("be nice"), user("a"), used("get", "Error: x", id=1), says("b"), user("c"), says("d"))


def skips(name, session):
    return BY_NAME[name].skip(take_whole(session))


@pytest.mark.parametrize(
    ("name", "session", "reason"),
    [
        ("goal_completion", NOTHING, "nobody asked for anything"),
        ("policy_adherence", PLAIN, "no instructions to hold it to"),
        ("result_handling", PLAIN, "no tool gave a result"),
        ("recovery_quality", PLAIN, "no errors"),
        ("coherence_over_time", FULL, "fewer than 8 calls"),
        ("user_friction", PLAIN, "the user spoke once"),
        ("efficiency_judge", PLAIN, "a single call"),
        ("goal_progress", PLAIN, "the user spoke once"),
        ("task_completion", NOTHING, "nobody asked for anything"),
        ("tool_correctness", PLAIN, "no tools"),
        ("argument_correctness", PLAIN, "no tool was called"),
        ("step_efficiency", NOTHING, "nobody asked for anything"),
        ("plan_adherence", talk(), "the agent said nothing"),
        ("plan_quality", talk(), "the agent said nothing"),
        ("confidence", talk(), "the agent said nothing"),
    ],
)
def test_where_there_is_nothing_to_judge_nobody_is_asked(name, session, reason):
    assert skips(name, session) == reason
    assert name == "coherence_over_time" or skips(name, FULL) == ""


def test_long_sessions_have_a_course_and_offered_tools_can_be_missed():
    assert skips("coherence_over_time", talk(*[m for _ in range(8) for m in (user("a"), says("b"))])) == ""
    assert skips("tool_correctness", talk(user("a"), says("b"), tools=[define("get")])) == ""


def test_pandaprobes_metrics_are_all_there_under_their_names():
    assert {criterion.name for criterion in PANDAPROBE} == {
        "task_completion", "tool_correctness", "argument_correctness", "step_efficiency", "plan_adherence",
        "plan_quality", "confidence",
    }  # fmt: skip
    assert all(criterion.by_turn for criterion in PANDAPROBE)


def test_names_are_unique_and_groups_mean_several():
    assert len(BY_NAME) == len(CRITERIA)
    assert choose(["pandaprobe"]) == PANDAPROBE == GROUPS["pandaprobe"]
    assert choose(["judges", "goal_completion"]) == JUDGES
    own = Criterion("mine", 1, "?")
    assert [one.name for one in choose(["mine", "loops", "confidence"], [own])] == ["mine", "confidence"]
    assert replace(own) in choose(["mine"], [own])
