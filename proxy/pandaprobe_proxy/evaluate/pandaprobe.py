"""PandaProbe's own session metrics, with its numbers, so that scores compare.

`agent_reliability` is made of the worst traces and `agent_consistency` of all of them, both from signals of each trace:
`confidence`, `loop_detection`, `tool_correctness`, `coherence`, 1 being good. `loop_detection` and `coherence` are made
from likenesses of embeddings, which whoever has a model for them gives. One thing is other than there: what nobody has
given a signal for is null here, and 1.0 there (their number is among the counts).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement, Quote

VERSION = 1
RELIABILITY, CONSISTENCY = "agent_reliability", "agent_consistency"
MADE_OF_SIGNALS = (RELIABILITY, CONSISTENCY)
WEIGHTS = {"confidence": 1.0, "loop_detection": 1.0, "tool_correctness": 0.8, "coherence": 1.0}
TAIL, MOST_WEIGHT = 0.15, 0.1
ELEVATED = 0.5
WINDOW = 3
"""Outputs before one that `loop_detection` holds it against."""
_STOP_WORDS = re.compile(
    r"a|above|after|all|an|and|any|are|as|at|be|been|before|being|below|both|but|by|can|could|did|do|does|during|each"
    r"|either|every|few|for|from|had|has|have|in|into|is|it|its|may|might|more|most|neither|no|nor|not|of|on|only|or"
    r"|other|own|same|shall|should|so|some|such|than|the|through|to|too|very|was|were|will|with|would|yet"
)
_WORD = re.compile(r"\w+")

Signals = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A metric's number, as PandaProbe has it."""

    score: float
    reason: str
    evaluated: int
    """Traces that it was made of."""
    flagged: tuple[str, ...] = field(default=())
    """Traces at elevated risk."""


def reckon_reliability(traces: Mapping[str, Signals], weights: Mapping[str, float] = WEIGHTS) -> Aggregate:
    """0.9 of the mean of the worst 15 % of the traces' risks and 0.1 of the worst, from 1."""
    weights = {**WEIGHTS, **weights}
    risks = {trace: risk for trace, signals in traces.items() if (risk := _find_worst(signals, weights)) is not None}
    if not traces:
        return Aggregate(1.0, "No traces or signals to evaluate.", 0)
    if not risks:
        return Aggregate(1.0, "No evaluable traces.", 0)
    worst = sorted(risks.values(), reverse=True)
    tail = fmean(worst[: math.ceil(TAIL * len(worst))])
    flagged = tuple(trace for trace, risk in risks.items() if risk > ELEVATED)
    of = f"{len(risks)} traces."
    reason = f"Elevated risk in {len(flagged)} of {of}" if flagged else f"No elevated risk across {of}"
    return Aggregate(_to_score((1 - MOST_WEIGHT) * tail + MOST_WEIGHT * worst[0]), reason, len(risks), flagged)


def _find_worst(signals: Signals, weights: Mapping[str, float]) -> float | None:
    return max((weights[name] * (1 - signals[name]) for name in WEIGHTS if name in signals), default=None)


def reckon_consistency(traces: Mapping[str, Signals], weights: Mapping[str, float] = WEIGHTS) -> Aggregate:
    """The root mean square of the traces' uncertainty, which their other risks make larger, from 1."""
    weights = {**WEIGHTS, **weights}
    unsure = [_find_unsureness(signals, weights) for signals in traces.values() if "confidence" in signals]
    if not traces:
        return Aggregate(1.0, "No traces or signals to evaluate.", 0)
    if not unsure:
        return Aggregate(1.0, "No evaluable traces.", 0)
    score = _to_score(math.sqrt(fmean(value**2 for value in unsure)))
    across = f"across {len(unsure)} traces"
    if score >= 0.8:
        return Aggregate(score, f"Consistent performance {across}.", len(unsure))
    if score >= 0.5:
        return Aggregate(score, f"Moderate instability detected {across}.", len(unsure))
    return Aggregate(score, f"High instability {across}; multiple signals compound.", len(unsure))


def _find_unsureness(signals: Signals, weights: Mapping[str, float]) -> float:
    others = (name for name in WEIGHTS if name != "confidence" and name in signals)
    penalty = sum(weights[name] * (1 - signals[name]) for name in others)
    return (1 + penalty) * weights["confidence"] * (1 - signals["confidence"])


def _to_score(risk: float) -> float:
    return round(max(0.0, min(1.0, 1 - risk)), 4)


def reckon_loop(output: Json, before: Sequence[Json], likenesses: Sequence[float]) -> float:
    """`loop_detection` of a trace's output: 1 less the most that it is like one of those before it.

    `likenesses` are the cosines of their embeddings with its own.
    """
    words = _read_words(output)
    shares = (_compare(words, _read_words(other)) for other in before[-WINDOW:])
    cosines = likenesses[-len(before[-WINDOW:]) :] if before else ()
    return _to_score(max((share * cosine for share, cosine in zip(shares, cosines, strict=True)), default=0.0))


def reckon_coherence(likeness: float | None) -> float:
    """`coherence` of a trace: the cosine of the embeddings of its input and output; 1 if one of them is empty."""
    return 1.0 if likeness is None else _to_score(1 - likeness)


def _read_words(output: Json) -> set[str]:
    """Words of an output's JSON, its own field names among them."""
    text = output if isinstance(output, str) else json.dumps(output, default=str)
    return {word for word in _WORD.findall(text.lower()) if len(word) > 1 and not _STOP_WORDS.fullmatch(word)}


def _compare(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0


def judge_reliability(traces: Mapping[str, Signals]) -> Judgement:
    """`agent_reliability`; null if no trace has a signal."""
    return _judge(RELIABILITY, reckon_reliability(traces))


def judge_consistency(traces: Mapping[str, Signals]) -> Judgement:
    """`agent_consistency`; null if no trace has a `confidence`."""
    return _judge(CONSISTENCY, reckon_consistency(traces))


def _judge(name: str, found: Aggregate) -> Judgement:
    counts = {"traces": found.evaluated, "flagged": len(found.flagged), "pandaprobe": found.score}
    evidence = tuple(Quote(trace, "", 0, "", "elevated risk") for trace in found.flagged)
    value = found.score if found.evaluated else None
    return Judgement(name, VERSION, value, found.reason, counts, evidence)
