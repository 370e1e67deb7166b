"""A user's own evaluator: a module or an object with NAME, VERSION and `evaluate(session)`, made one like ours.

`evaluate` gives a Judgement, or only its value: a number from 0 to 1 of which 1 is good, True, False, or None where the
session has no evidence.
"""

import re
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.evaluate.registry import Evaluator, Setting
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.score import Judgement

_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}")


def make_evaluator(source: Any, origin: str, setting: str) -> Evaluator:
    """The evaluator; `setting` changes with its code. Raises ValueError with what is missing."""
    name, version = getattr(source, "NAME", None), getattr(source, "VERSION", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError("it needs a NAME, of letters, digits, dots, _ and -, at most 64")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError("it needs a VERSION, a whole number")
    if not callable(evaluate := getattr(source, "evaluate", None)):
        raise ValueError("it needs a function evaluate(session)")

    def judge(session: Session, traits: Traits, given: Setting) -> Judgement:
        return read_judgement(name, version, evaluate(session))

    return Evaluator(name, version, judge, origin=origin, setting=setting)


def read_judgement(name: str, version: int, told: Any) -> Judgement:
    """What `evaluate` gave as a judgement of that name and version. Raises ValueError if it is none."""
    if isinstance(told, Judgement):
        judgement = replace(told, name=name, version=version)
    else:
        judgement = Judgement(name, version, _read(told), _describe(told))
    if judgement.value is not None and not 0 <= judgement.value <= 1:
        raise ValueError(f"its value is {judgement.value:g}, which is not from 0 to 1")
    return judgement


def _read(told: Any) -> float | None:
    if told is None or isinstance(told, int | float):
        return None if told is None else float(told)
    raise ValueError(f"it gives {type(told).__name__} rather than a Judgement, a number, True, False or None")


def _describe(told: Any) -> str:
    if told is None:
        return "no evidence"
    return {True: "holds", False: "does not hold"}[told] if isinstance(told, bool) else f"{told:g}"
