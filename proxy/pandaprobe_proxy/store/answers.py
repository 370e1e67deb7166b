"""What judges have answered, in the contract of a store: each answer once, by a hash of all that was asked.

An answer is kept before anything is made of it, so that it is paid for once, whatever happens next. It may quote the
session that it is about: it goes with it, and when one of its calls goes to another session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge has said to one question."""

    asked: str
    """The hash of the question, its model included."""
    session_id: str
    criterion: str
    model: str
    """As the judge named itself."""
    text: str
    at_ns: int
    took_ms: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    """In US dollars; None where no price is known."""


class AnswerWriter(Protocol):
    """What a Writer does for answers."""

    def put_answers(self, answers: Sequence[Answer]) -> int:
        """Keeps them, in the stead of older ones to the same question; how many. Those of sessions that are gone are
        left out."""


class AnswerReader(Protocol):
    """What a Reader knows of answers."""

    def answers(self, asked: Sequence[str]) -> Mapping[str, Answer]:
        """Those that are known, by the hash of their question."""
