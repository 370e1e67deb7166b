"""Judging by a model, without asking it: which questions, and what follows from their answers.

`examine` is a generator: it gives questions, is sent their answers, and returns the Judgement. Who asks, for what money
and how often, is the matter of others. All of it is pure.

questions  the frame of a question                            material  what is shown of a session
verdicts   what an answer says, and whether its quotes hold   ballots   from verdicts and votes to the judgement
attribution  the same, of where a failed session went wrong
criteria   what can be asked, and `judges` what is
"""

import json
from collections.abc import Generator, Sequence
from hashlib import blake2b

from pandaprobe_proxy.evaluate import error_recovery, grounding, ignored_results, loops, tool_errors, tool_schema
from pandaprobe_proxy.evaluate.attribution import attribute
from pandaprobe_proxy.evaluate.ballots import Exam, count, grade
from pandaprobe_proxy.evaluate.criteria import ASK, Criterion, name_words
from pandaprobe_proxy.evaluate.material import CONTEXT, Window, cut_windows
from pandaprobe_proxy.evaluate.questions import VERSION, WHOLE, Place, Question, put_question, repair
from pandaprobe_proxy.evaluate.session import Line, Session
from pandaprobe_proxy.evaluate.turns import Part, split_turns, take_whole
from pandaprobe_proxy.evaluate.verdicts import Malformed, Verdict, read_verdict
from pandaprobe_proxy.model.score import Judgement

_DETECTORS = (tool_errors, error_recovery, loops, ignored_results, grounding, tool_schema)
"""What they find is given to the judge as claims to check."""


def name_setting(criterion: Criterion, model: str, votes: int) -> str:
    """A hash of all that a judgement of this criterion depends on, beside the session."""
    told = repr((VERSION, criterion.name, criterion.version, name_words(criterion), model, votes))
    return blake2b(told.encode(), digest_size=12).hexdigest()


def examine(
    session: Session, criterion: Criterion, votes: int = 1
) -> Generator[Sequence[Question], Sequence[str], Judgement]:
    """Gives questions to be sent their answers, in the same order; returns the judgement.

    Raises Malformed if an answer is not what was asked for, and neither is what the judge made of that on request.
    """
    parts = split_turns(session) if criterion.by_turn else (take_whole(session),)
    reasons = [criterion.skip(part) for part in parts]
    judged = tuple(part for part, reason in zip(parts, reasons, strict=True) if not reason)
    if not judged:
        counts = {} if criterion.empty is None else {"pandaprobe": criterion.empty}
        return Judgement(criterion.name, criterion.version, None, reasons[0] if reasons else "no calls", counts)
    exam = Exam(session, criterion, judged, {line.number: line for line in session.lines})
    asked = questions(exam, votes)
    verdicts = yield from _settle(exam, asked)
    merging = _merge_questions(exam, asked, verdicts) if criterion.merge == ASK else []
    merged = (yield from _settle(exam, merging)) if merging else []
    ballots = count(exam, votes, list(zip((*asked, *merging), (*verdicts, *merged), strict=True)))
    return attribute(exam, ballots) if criterion.blames else grade(exam, ballots)


def questions(exam: Exam, votes: int) -> list[Question]:
    """The first ones: each window of each part, for each vote."""
    claims = [quote for one in _DETECTORS for quote in one.evaluate(exam.session).evidence]
    asked = []
    for part in exam.parts:
        lines, own = _choose_lines(exam.session, part)
        windows, left_out = cut_windows(lines, own, claims, list(exam.session.tools.values()))
        exam.left_out += left_out
        for seed in range(votes):
            asked += [_ask(exam, Place(part.number, seed, at), window) for at, window in enumerate(windows)]
    return asked


def _choose_lines(session: Session, part: Part) -> tuple[list[Line], frozenset[int]]:
    """What is shown of a part: itself, what came shortly before, and the instructions; and what of it is its own."""
    own = frozenset(line.number for line in part.lines)
    first = min(own, default=1)
    shown = [
        line
        for line in session.lines
        if line.number in own
        or first - CONTEXT <= line.number < first
        or (line.number < first and line.role in ("system", "developer"))
    ]
    return shown, own


def _ask(exam: Exam, place: Place, window: Window) -> Question:
    own = sorted(window.own)
    words = f"Judge messages {own[0]} to {own[-1]}; others are there to understand them."
    return put_question(exam.criterion, window.text, words, place, window)


def _settle(exam: Exam, asked: Sequence[Question]) -> Generator[Sequence[Question], Sequence[str], list[Verdict]]:
    """The verdicts; what cannot be read is asked for once more."""
    texts = yield asked
    verdicts: dict[int, Verdict] = {}
    again: dict[int, Question] = {}
    for at, (question, text) in enumerate(zip(asked, texts, strict=True)):
        try:
            verdicts[at] = read_verdict(exam.criterion, exam.lines, question, text)
        except Malformed as error:
            again[at] = repair(question, text, str(error))
    if again:
        texts = yield list(again.values())
        for (at, question), text in zip(again.items(), texts, strict=True):
            verdicts[at] = read_verdict(exam.criterion, exam.lines, question, text)
    return [verdicts[at] for at in range(len(asked))]


def _merge_questions(exam: Exam, asked: Sequence[Question], verdicts: Sequence[Verdict]) -> list[Question]:
    """For each part that had more than one window, and each vote: what its answers come to."""
    groups: dict[tuple[int, int], list[tuple[Question, Verdict]]] = {}
    for question, verdict in zip(asked, verdicts, strict=True):
        groups.setdefault((question.place.part, question.place.seed), []).append((question, verdict))
    return [_merge(exam, place, some) for place, some in groups.items() if len(some) > 1]


def _merge(exam: Exam, place: tuple[int, int], some: Sequence[tuple[Question, Verdict]]) -> Question:
    lines = [
        json.dumps({"messages": [min(question.own), max(question.own)], "answer": verdict.raw}, ensure_ascii=False)
        for question, verdict in some
        if not verdict.void
    ]
    shown = frozenset().union(*(question.shown for question, _ in some))
    words = (
        "The record was too long to be shown at once. These are your answers about its windows, in their order. Make"
        " one answer for the whole of them: what a later one shows to be done is done. Quote what they quote."
    )
    return put_question(exam.criterion, "\n".join(lines), words, Place(*place, WHOLE), Window("", shown, shown))
