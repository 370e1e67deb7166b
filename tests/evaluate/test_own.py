from types import SimpleNamespace

import pytest
from pandaprobe_proxy.evaluate.own import make_evaluator, read_judgement
from pandaprobe_proxy.evaluate.registry import Setting
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.score import Judgement
from talks import says, talk, user

SESSION = talk(user("hi"), says("hello"))


def made(evaluate=lambda session: 1.0, name="short", version=1):
    return make_evaluator(SimpleNamespace(NAME=name, VERSION=version, evaluate=evaluate), "short.py", "abc")


def test_it_is_one_like_ours():
    one = made(lambda session: Judgement("any", 9, 0.5, "half", {"lines": len(session.lines)}))
    judged = one.judge(SESSION, read_traits(SESSION), Setting())
    assert judged == Judgement("short", 1, 0.5, "half", {"lines": 2})
    assert (one.origin, one.setting, one.by_peers) == ("short.py", "abc", False)


@pytest.mark.parametrize(
    ("told", "value", "label"),
    [
        (0.25, 0.25, "0.25"),
        (True, 1.0, "holds"),
        (False, 0.0, "does not hold"),
        (None, None, "no evidence"),
        (1, 1.0, "1"),
    ],
)
def test_a_value_alone_is_a_judgement(told, value, label):
    assert read_judgement("short", 1, told) == Judgement("short", 1, value, label)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (7, "its value is 7, which is not from 0 to 1"),
        (float("nan"), "its value is nan"),
        ("good", "it gives str rather than a Judgement"),
        (Judgement("a", 1, -1.0, "x"), "its value is -1"),
    ],
)
def test_what_is_no_judgement_says_why(told, why):
    with pytest.raises(ValueError, match=why):
        read_judgement("short", 1, told)


@pytest.mark.parametrize(
    ("given", "why"),
    [({"name": "a b"}, "needs a NAME"), ({"version": True}, "needs a VERSION"), ({"evaluate": 3}, "needs a function")],
)
def test_what_is_missing_is_said(given, why):
    with pytest.raises(ValueError, match=why):
        made(**given)
