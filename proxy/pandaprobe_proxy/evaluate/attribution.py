"""Where a failed session went wrong: the message that most votes name, and how the votes are spread.

It is no score. Judges find the decisive step of a failed run one time in seven to one time in two, so what several
votes say is told with how far they agree.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pandaprobe_proxy.evaluate.ballots import Ballot, Exam, tell_parts
from pandaprobe_proxy.evaluate.labels import CATEGORICAL, read_value
from pandaprobe_proxy.model.score import Judgement, Quote, Score

FAILED = 0.5
"""Below it, a score of SAYS holds a session to have failed."""
SAYS = ("success", "goal_completion", "task_completion")
"""Names of scores that say whether a session came to what it should, strongest first: people give the first one."""

_Named = tuple[int, str, Quote]
"""The message, its kind, and the passage."""


def is_failed(scores: Iterable[Score]) -> bool:
    """Whether these scores of a session, oldest first, hold it to have failed: the strongest name's newest does."""
    newest = {score.name: score for score in scores if score.trace_id is None and score.data_type != CATEGORICAL}
    said = next((newest[name] for name in SAYS if name in newest), None)
    value = read_value(said) if said else None
    return value is not None and value < FAILED


def attribute(exam: Exam, ballots: Sequence[Ballot]) -> Judgement:
    """The message that most votes name, the earliest of several; without a value."""
    named = [one for ballot in ballots if (one := _find_earliest(ballot)) is not None]
    criterion = exam.criterion
    told: dict[str, Any] = {"votes": len(ballots), **tell_parts(exam, ballots[0])}
    if not named:
        return Judgement(criterion.name, criterion.version, None, _explain(ballots[0]), told)
    messages = Counter(message for message, _, _ in named)
    most = min(messages, key=lambda message: (-messages[message], message))
    kinds = Counter(kind for message, kind, _ in named if message == most)
    kind = min(kinds, key=lambda kind: (-kinds[kind], kind))
    told |= {"message": most, "kind": kind, "agreement": messages[most] / len(ballots)}
    told |= {"messages": {str(message): messages[message] for message in sorted(messages)}}
    told |= {"kinds": dict(sorted(Counter(kind for _, kind, _ in named).items()))}
    label = f"message {most}: {kind} ({messages[most]} of {len(ballots)} votes)"
    evidence = tuple(dict.fromkeys(quote for message, _, quote in named if message == most))
    return Judgement(criterion.name, criterion.version, None, label, told, evidence)


def _find_earliest(ballot: Ballot) -> _Named | None:
    """Of what one vote names, should it name several."""
    found = [
        (item["message"], item["status"], quote)
        for verdict in ballot.by_part.values()
        for item, quote in zip(verdict.items, verdict.quotes, strict=True)
    ]
    return min(found, key=lambda one: one[0], default=None)


def _explain(ballot: Ballot) -> str:
    """Why a vote names nothing."""
    verdict = next(iter(ballot.by_part.values()))
    return f"void: {verdict.void}" if verdict.void else f"insufficient: {verdict.reason[:160]}"
