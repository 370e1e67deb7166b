"""From the verdicts on the parts of a session, vote by vote, to a judgement of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import Any

from pandaprobe_proxy.evaluate.course import follow
from pandaprobe_proxy.evaluate.criteria import Criterion
from pandaprobe_proxy.evaluate.material import speaks_to_judge
from pandaprobe_proxy.evaluate.questions import WHOLE, Question
from pandaprobe_proxy.evaluate.session import Line, Session
from pandaprobe_proxy.evaluate.trajectory import judge_course
from pandaprobe_proxy.evaluate.turns import Part, split_turns
from pandaprobe_proxy.evaluate.verdicts import Verdict, combine
from pandaprobe_proxy.model.score import Judgement

MOST_EVIDENCE = 20
SAME = 0.1
"""Votes that are no farther from their median agree with it."""


@dataclass(slots=True)
class Exam:
    """A session under one criterion."""

    session: Session
    criterion: Criterion
    parts: tuple[Part, ...]
    lines: Mapping[int, Line] = field(default_factory=dict)
    """By number."""
    left_out: int = 0
    """Windows that nobody is asked about."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote: what it says of each part."""

    by_part: dict[int, Verdict]

    @property
    def value(self) -> float | None:
        """The mean of the parts that have one."""
        known = [verdict.value for verdict in self.by_part.values() if verdict.value is not None]
        return fmean(known) if known else None


def count(exam: Exam, votes: int, told: Sequence[tuple[Question, Verdict]]) -> list[Ballot]:
    """The votes, from all the answers."""
    ballots = []
    for seed in range(votes):
        by_part = {}
        for part in exam.parts:
            mine = [
                (question, one)
                for question, one in told
                if (question.place.part, question.place.seed) == (part.number, seed)
            ]
            merged = [one for question, one in mine if question.place.window == WHOLE]
            by_part[part.number] = merged[0] if merged else combine(exam.criterion, [one for _, one in mine])
        ballots.append(Ballot(by_part))
    return ballots


def grade(exam: Exam, ballots: Sequence[Ballot]) -> Judgement:
    """The judgement of these votes: the median of those that have a value, if they are more than half."""
    values = [ballot.value for ballot in ballots]
    known = [value for value in values if value is not None]
    value = median(known) if len(known) * 2 > len(ballots) else None
    best = _choose_ballot(ballots, value)
    counts = {**_tell_votes(values, value), **tell_parts(exam, best)}
    evidence = tuple(quote for verdict in best.by_part.values() for quote in verdict.quotes)
    told = Judgement(exam.criterion.name, exam.criterion.version, value, _label(exam, best, value), counts, evidence)
    if exam.criterion.progress and value is not None:
        told = _add_course(exam, told, best)
    return replace(told, evidence=told.evidence[:MOST_EVIDENCE])


def _choose_ballot(ballots: Sequence[Ballot], value: float | None) -> Ballot:
    """The one that speaks for all: the nearest to the result."""
    if value is None:
        return next((ballot for ballot in ballots if ballot.value is None), ballots[0])
    return min(ballots, key=lambda ballot: abs((2.0 if ballot.value is None else ballot.value) - value))


def _tell_votes(values: Sequence[float | None], value: float | None) -> dict[str, Any]:
    if len(values) == 1:
        return {}
    same = sum((one is None) if value is None else one is not None and abs(one - value) <= SAME for one in values)
    return {"votes": list(values), "agreement": same / len(values)}


def tell_parts(exam: Exam, ballot: Ballot) -> dict[str, Any]:
    """What a vote has judged, found insufficient or got void, and how sure it was."""
    verdicts = list(ballot.by_part.values())
    counts: dict[str, Any] = {
        "judged": sum(verdict.value is not None for verdict in verdicts),
        "insufficient": sum(verdict.insufficient for verdict in verdicts),
        "void": sum(bool(verdict.void) for verdict in verdicts),
        "confidence": round(fmean(verdict.confidence for verdict in verdicts), 3),
    }
    statuses = [item["status"] for verdict in verdicts for item in verdict.items if "status" in item]
    if statuses:
        counts["statuses"] = {status: statuses.count(status) for status in sorted(set(statuses))}
    if exam.criterion.by_turn:
        named = ((part.trace_id, ballot.by_part[part.number].value) for part in exam.parts)
        counts["traces"] = {trace_id: value for trace_id, value in named if value is not None}
    speaking = [line.number for line in exam.session.lines if speaks_to_judge(line.text)]
    told = {"windows_left_out": exam.left_out, "speaks_to_judge": speaking[:MOST_EVIDENCE]}
    return counts | {name: value for name, value in told.items() if value}


def _label(exam: Exam, ballot: Ballot, value: float | None) -> str:
    verdicts = list(ballot.by_part.values())
    void = next((verdict.void for verdict in verdicts if verdict.void), "")
    if value is None and void:
        return f"void: {void}"
    if value is None:
        return f"insufficient: {verdicts[0].reason[:160]}" if verdicts[0].reason else "insufficient"
    items = [item for verdict in verdicts for item in verdict.items]
    if exam.criterion.statuses and items:
        good = sum(exam.criterion.statuses[item["status"]] == 1 for item in items)
        return f"{good} of {len(items)}: {verdicts[0].reason[:160]}"
    worst = min((one for one in verdicts if one.value is not None), key=lambda one: one.value or 0.0)
    return worst.reason[:200]


def _add_course(exam: Exam, told: Judgement, ballot: Ballot) -> Judgement:
    """Of progress: its course over the turns, which tells "not yet" from "not going to be"."""
    by_turn: dict[int, float] = {}
    for verdict in ballot.by_part.values():
        by_turn |= {item["turn"]: float(item["score"]) for item in verdict.items}
    course = follow(sorted(by_turn.items()))
    made = judge_course(told.name, told.version, told.value or 0.0, course, split_turns(exam.session))
    return replace(told, label=made.label, counts=told.counts | made.counts)
