"""`trajectory`: how well each turn went by what can be seen in it, and which course that took.

A turn's score is 1 − bad / acts: its acts are the tools that it used and the answers that it gave in words, bad are
tools that failed or were looped (see `loops`), answers that say nearly what an earlier one said or that are cut off,
and calls without an answer. Turns without acts have none. It says where a session begins to go wrong, not whether the
user got what was asked for; for that, `goal_progress` asks a judge. Nothing is claimed of outcomes.
"""

from pandaprobe_proxy.evaluate.completion_integrity import is_cut
from pandaprobe_proxy.evaluate.course import GAINING, REGRESSED, STALLED, Course, follow
from pandaprobe_proxy.evaluate.loops import find_looped, find_repeats
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.turns import Part, split_turns
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "trajectory", 1


def evaluate(session: Session) -> Judgement:
    """1 − turns that stand stalled or regressed / turns with a score; null with fewer than two of those."""
    parts = split_turns(session)
    looped = {id(use) for use, _ in find_looped(session.uses)}
    said = [line for line in session.answers if line.text.strip()]
    repeated = {line.number for line, _ in find_repeats(said)}
    scores = []
    for part in parts:
        score = _score(part, looped, repeated)
        if score is not None:
            scores.append((part.number, round(score, 4)))
    if len(scores) < 2:
        return Judgement(NAME, VERSION, None, "too short to have a course", {"turns": len(scores)})
    course = follow(scores)
    return judge_course(NAME, VERSION, 1 - course.bad / len(scores), course, parts)


def judge_course(name: str, version: int, value: float, course: Course, parts: tuple[Part, ...]) -> Judgement:
    """The judgement of a course, with the turns that it turned at as evidence."""
    counts = {
        "turns": len(course.scores),
        "gains": course.count(GAINING),
        "stalls": course.count(STALLED),
        "regressions": course.count(REGRESSED),
        "state": course.state,
        "peak": course.peak,
        "last": course.last,
        "scores": [list(one) for one in course.scores],
    }
    by_number = {part.number: part for part in parts}
    evidence = tuple(
        by_number[event.turn]
        .steps[0]
        .quote(f"turn {event.turn}: {event.kind}, {event.value:.2f} after {event.peak:.2f}")
        for event in course.events
        if event.kind != GAINING and event.turn in by_number
    )
    return Judgement(name, version, value, course.describe(), counts, evidence)


def _score(part: Part, looped: set[int], repeated: set[int]) -> float | None:
    answers = [line for line in part.lines if line.answered and line.text.strip()]
    silent = sum(not step.answers for step in part.steps)
    acts = len(part.uses) + len(answers) + silent
    bad = silent + sum(use.failed or id(use) in looped for use in part.uses)
    bad += sum(line.number in repeated for line in answers) + sum(is_cut(step) for step in part.steps)
    return max(0.0, 1 - bad / acts) if acts else None
