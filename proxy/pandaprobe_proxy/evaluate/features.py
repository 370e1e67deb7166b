"""A session as numbers that a calibrator learns from: what the evaluators counted, and how the session is shaped.

Which of them matter is the calibrator's to learn from labels of the same project; learnt on one, it says nothing of
another (evaluation reference, §3.2). Counts and lengths are logarithms, so that one long session is no outlier.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import log1p
from statistics import fmean

from pandaprobe_proxy.evaluate import replicate_agreement, risk
from pandaprobe_proxy.evaluate.session import Line, Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.score import Judgement

VALUES = (
    "tool_errors",
    "error_recovery",
    "loops",
    "ignored_results",
    "grounding",
    "tool_schema",
    "completion_integrity",
    "drift",
)
COUNTS = (
    ("tool_errors", "errors"),
    ("tool_errors", "ends_on_error"),
    ("error_recovery", "unrecovered"),
    ("error_recovery", "recovered"),
    ("loops", "repeated"),
    ("loops", "repeated_answers"),
    ("grounding", "ungrounded_ids"),
    ("grounding", "ungrounded_numbers"),
    ("grounding", "numbers"),
    ("user_friction_markers", "corrections"),
    ("user_friction_markers", "repeats"),
    ("user_friction_markers", "user_messages"),
)
AGREEMENT = replicate_agreement.NAME
_HEDGES = re.compile(
    r"\b(?:however|unfortunately|cannot|can't|unable|sorry|apolog\w*|maybe|might|perhaps|seems?|assum\w*|approximately"
    r"|not sure|let me|try|instead|but)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?[\d.,]+%?")
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")
_MARKED = re.compile(r"<(?:solution|answer|final_answer|final)>", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SAID = re.compile(r"[a-z]+|\d+")
MOST_DIGITS = 4
MOST_SAID_CHARS = 3000
"""Of each answer, of which the last are read."""
MOST_ASKED_CHARS = 1500

Features = dict[str, float | None]


def read_features(session: Session, traits: Traits, judgements: Iterable[Judgement]) -> Features:
    """By name, always the same names in the same order; None for what is not known. The last is the agreement."""
    by_name = {judgement.name: judgement for judgement in judgements}
    features: Features = {}
    for name in VALUES:
        features[name] = by_name[name].value
        features[f"{name}_unknown"] = float(by_name[name].value is None)
    for name, count in COUNTS:
        features[f"{name}_{count}"] = log1p(float(by_name[name].counts[count]))
    features["risk_alone"] = float(by_name[risk.NAME].counts["alone"])
    features |= _read_shape(session, traits) | _read_uses(session, traits) | _read_style(session, traits)
    features |= _read_end(session, traits)
    features[AGREEMENT] = by_name[AGREEMENT].value
    return features


def read_words(session: Session, traits: Traits) -> list[str]:
    """What was said, by whom and when, which tools were used and how that went, and the model; numbers by their length.

    The end of a message tells more than its beginning, which many share.
    """
    said = [line.text for line in session.answers if line.answered and line.text.strip()]
    words = [f"model {traits.model}"] * 3
    words += _name("asked", (line.text[-MOST_ASKED_CHARS:] for line in session.asked))
    words += _name("said", (text[-MOST_SAID_CHARS:] for text in said))
    words += _name("last", (text[-MOST_ASKED_CHARS:] for text in said[-1:]))
    for use in session.uses:
        words += [f"used {use.name}", f"used {use.name} {'well' if use.succeeded else 'in vain'}"]
    return words


def _name(who: str, texts: Iterable[str]) -> list[str]:
    return [
        f"{who} {'0' * min(len(word), MOST_DIGITS) if word.isdecimal() else word}"
        for text in texts
        for word in _SAID.findall(text.lower())
    ]


def _read_end(session: Session, traits: Traits) -> Features:
    """Whether the answer is one, and what it stands on."""
    said = [line.text for line in session.answers if line.text.strip()]
    results = [use.result.text for use in session.results if use.result]
    numbers = _DIGITS.findall(traits.answer)
    words = {word for line in session.answers if line.answered for word in _SAID.findall(line.text.lower())}
    asked = session.asked[0].text[-MOST_ASKED_CHARS:] if session.asked else ""
    return {
        "number_in_last_result": float(_is_in(numbers, results[-1:])) if numbers and results else None,
        "number_in_results": float(_is_in(numbers, results)) if numbers and results else None,
        "results": log1p(len(results)),
        "no_results": float(not results),
        "has_number": float(bool(numbers)),
        "has_fraction": float("." in numbers[-1]) if numbers else 0.0,
        "is_marked": float(bool(said and _MARKED.search(said[-1]))),
        "last_result_chars": log1p(len(results[-1])) if results else None,
        "ends_on_a_use": float(bool(session.uses) and session.uses[-1].result is None),
        "asked_digits": log1p(sum(map(str.isdigit, asked))),
        "words": log1p(len(words)),
    }


def _is_in(numbers: Iterable[str], texts: Sequence[str]) -> bool:
    return any(number in text for number in numbers for text in texts)


def _read_shape(session: Session, traits: Traits) -> Features:
    asked = session.asked[0].text if session.asked else ""
    shape: Mapping[str, float] = traits.shape
    known: Features = {name: log1p(value) for name, value in shape.items()}
    for name in ("output_tokens", "cost", "wall_s"):
        known[name] = log1p(max(0.0, traits.facts[name])) if name in traits.facts else None
    known["input_chars"] = log1p(sum(len(line.text) for line in session.lines if not line.answered))
    known["asked_chars"] = log1p(len(asked))
    return known


def _read_uses(session: Session, traits: Traits) -> Features:
    results = [len(use.result.text) for use in session.results if use.result]
    return {
        "tool_calls": log1p(len(session.uses)),
        "writes": log1p(len(traits.writes)),
        "no_writes": float(not traits.writes),
        "hands_over": float(any(use.ends for use in session.uses)),
        "argument_chars": log1p(sum(len(use.tool.arguments) for use in session.uses)),
        "tools_per_call": len(session.uses) / max(1, len(session.steps)),
        "result_chars": log1p(fmean(results)) if results else 0.0,
    }


def _read_style(session: Session, traits: Traits) -> Features:
    answers: Sequence[Line] = [line for line in session.answers if line.answered]
    texts = [line.text for line in answers] or [""]
    lengths, last, whole = [len(text) for text in texts], texts[-1], " ".join(texts)
    words = _WORD.findall(whole.lower())
    return {
        "last_chars": log1p(len(last)),
        "mean_chars": log1p(fmean(lengths)),
        "most_chars": log1p(max(lengths)),
        "last_share": len(last) / max(1.0, fmean(lengths)),
        "last_asks": float(last.rstrip().endswith("?")),
        "final_chars": log1p(len(traits.answer)),
        "final_is_number": float(bool(_NUMBER.fullmatch(traits.answer))),
        "digits": sum(map(str.isdigit, whole)) / max(1, len(whole)),
        "capitals": sum(map(str.isupper, whole)) / max(1, len(whole)),
        "hedges": len(_HEDGES.findall(whole)) / len(texts),
        "last_hedges": log1p(len(_HEDGES.findall(last))),
        "variety": len(set(words)) / max(1, len(words)),
        "indented": whole.count("\n    ") / len(texts),
        "new_lines": log1p(whole.count("\n") / len(texts)),
    }
