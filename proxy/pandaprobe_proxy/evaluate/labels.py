"""Scores that people and programs give: which of them stand, and what each says as a number.

A later score of the same author for the same thing stands for the former one, which stays as history.
"""

import math
from collections.abc import Iterable

from pandaprobe_proxy.model.score import Score

NUMERIC, BOOLEAN, CATEGORICAL = "NUMERIC", "BOOLEAN", "CATEGORICAL"
PERSON, PROGRAM = "ANNOTATION", "PROGRAMMATIC"
"""Sources of scores: who gives them."""
GOOD = frozenset({"true", "yes", "good", "pass", "passed", "success", "correct", "solved", "ok"})
BAD = frozenset({"false", "no", "bad", "fail", "failed", "failure", "incorrect", "wrong", "unsolved"})
"""Labels that say of something that it is good or bad, in small letters."""


def stand(scores: Iterable[Score]) -> list[Score]:
    """The last of each author for each name and target, in the order given, which is the oldest first."""
    last: dict[tuple[str | None, ...], Score] = {}
    for score in scores:
        key = (score.session_id, score.trace_id, score.span_id, score.name, score.author, score.source)
        last.pop(key, None)
        last[key] = score
    return list(last.values())


def read_value(score: Score) -> float | None:
    """A number as it is, 1 for what is true or a good label, 0 for what is false or a bad one; else None."""
    if score.data_type == NUMERIC:
        return float(score.value)
    return read_label(score.value)


def read_label(text: str) -> float | None:
    """1 for a word that says good, 0 for one that says bad; None for others."""
    word = text.strip().lower()
    return 1.0 if word in GOOD else 0.0 if word in BAD else None


def guess_type(value: str) -> str:
    """What a value looks like: a number, `true` or `false`, or a label."""
    if value.lower() in ("true", "false"):
        return BOOLEAN
    return CATEGORICAL if find_problem(value, NUMERIC) else NUMERIC


def find_problem(value: str, data_type: str) -> str:
    """Why the value is none of that type; empty if it is one."""
    if data_type == BOOLEAN:
        return "" if value in ("true", "false") else "a BOOLEAN is true or false"
    if data_type == NUMERIC:
        try:
            return "" if math.isfinite(float(value)) else "a NUMERIC is a finite number"
        except ValueError:
            return "a NUMERIC is a number, as text"
    return "" if value.strip() else "a CATEGORICAL is a word or more"
