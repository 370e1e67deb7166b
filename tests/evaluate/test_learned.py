"""An evaluator that is learnt from labels, and what it is worth on sessions that it has not seen."""

import json
import random

import pytest
from pandaprobe_proxy.evaluate.calibrator import Known
from pandaprobe_proxy.evaluate.gather import About, gather
from pandaprobe_proxy.evaluate.learned import (
    FEWEST,
    FOLDS,
    NAME,
    Lesson,
    know,
    learn,
    make_evaluator,
    read_model,
    write_model,
)
from pandaprobe_proxy.evaluate.registry import Setting
from pandaprobe_proxy.evaluate.traits import read_traits
from talks import says, talk, tell, user


def lessons(count=60, luck=0.1, seed=1):
    """Sessions whose first number tells nearly whether they are good; two of each task."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        good = number % 2 == 0
        told = 1.0 if good != (dice.random() < luck) else 0.0
        known = Known((told, None, dice.random()), ("fine",) if good else ("sorry", "sorry"), "m")
        made.append(Lesson(known, good, f"t{number // 2}"))
    return made


def test_what_is_learnt_is_held_against_sessions_that_it_has_not_seen():
    steps = []
    model, worth = learn(lessons(), lambda done, of: steps.append((done, of)), fewest=60)
    assert worth.auc.value > 0.8 and worth.auc.low > 0.5
    assert (worth.good, worth.bad) == (30, 30)
    assert steps == [(number, FOLDS + 1) for number in range(FOLDS + 1)]
    assert model.predict(Known((0.0, None, 0.5), ("sorry",), "m")) > 0.5 > model.predict(lessons()[0].known)


def test_sessions_of_one_task_are_never_on_both_sides():
    """Each task is good or bad as a whole, by chance, and has a word of its own: who learns it knows nothing else."""
    made = []
    for number in range(120):
        task = number // 6
        known = Known((random.Random(task).random(),), (f"task{task}",) * 3, "m")
        made.append(Lesson(known, random.Random(task + 1000).random() < 0.5, f"{task}"))
    with pytest.raises(ValueError, match="nothing was learnt"):
        learn(made, fewest=120)


def test_too_few_labels_are_told():
    with pytest.raises(ValueError, match=f"60 labelled sessions are too few to learn from; label {FEWEST} or more"):
        learn(lessons())


def test_what_may_be_chance_is_not_learnt():
    with pytest.raises(ValueError, match=r"its AUC is 0\.\d\d \[0\.\d\d, 0\.\d\d\], which may be chance"):
        learn(
            [Lesson(Known((random.Random(at).random(),), (), "m"), at % 2 == 0, f"{at}") for at in range(60)], fewest=60
        )


def test_few_tasks_are_few_folds():
    made = [Lesson(one.known, one.good, str(at % 2)) for at, one in enumerate(lessons())]
    with pytest.raises(ValueError, match="some sessions must have failed and some not"):
        learn(made, fewest=60)


def test_a_model_that_was_written_down_says_the_same():
    model, _ = learn(lessons(), fewest=60)
    again = read_model(json.loads(json.dumps(write_model(model))))
    for one in lessons(seed=2):
        assert again.predict(one.known) == pytest.approx(model.predict(one.known))


@pytest.mark.parametrize(
    ("told", "why"),
    [({}, "no model"), ([], "no model"), ({"form": 0}, "another version"), ({"form": 1, "sum": 3}, "no model")],
)
def test_what_is_no_model_is_told(told, why):
    with pytest.raises(ValueError, match=why):
        read_model(told)


def test_the_evaluator_says_how_likely_a_session_is_good():
    talks = {
        good: talk(user("is it done?"), says("It is done." if good else "Sorry, I cannot."), user("well?"), says("."))
        for good in (True, False)
    }
    known = {good: know(one, read_traits(one), Setting()) for good, one in talks.items()}
    model, _ = learn([Lesson(known[at % 2 == 0], at % 2 == 0, str(at)) for at in range(60)], fewest=60)
    evaluator = make_evaluator(model, "abc")
    told = {good: evaluator.judge(one, read_traits(one), Setting()) for good, one in talks.items()}
    assert told[True].value > 0.5 > told[False].value
    assert (told[True].label, told[False].label) == ("likely good", "likely bad")
    assert told[True].counts["chance_of_failure"] == pytest.approx(1 - told[True].value)
    assert (evaluator.name, evaluator.setting, evaluator.by_peers) == (NAME, "abc", True)
    nothing = gather(About("s"), tell([]))
    assert evaluator.judge(nothing, read_traits(nothing), Setting()).value is None
