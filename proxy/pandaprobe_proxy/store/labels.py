"""Labels in the contract of a store: scores that people and programs give, and what they say of evaluators.

A score is never overwritten: a later one stands beside the former (see `evaluate.labels.stand`). Scores of a session go
with it, and those of its traces and spans. One of a session or trace that is not known is kept for when it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pandaprobe_proxy.evaluate.calibration import Calibration
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.judged import Choice


@dataclass(frozen=True, slots=True)
class Sought:
    """Which scores are meant. What is None chooses nothing out."""

    session_id: str | None = None
    """Those of the session itself, of its traces and of their spans."""
    trace_id: str | None = None
    span_id: str | None = None
    name: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What labels say of an evaluator, as it was when it judged."""

    name: str
    version: int
    setting: str
    """As the judgements have it, that were compared with labels."""
    labels: str
    """Whose labels: a file, or the name of a score."""
    at_ns: int
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Some at once, for a wire."""

    calibrated: Sequence[Calibrated]


class LabelWriter(Protocol):
    """What a Writer does for labels."""

    def add_score(self, score: Score) -> Score:
        """Adds a score; its trace or session need not be known yet. The score with the trace that its span is in.

        Raises Refused for one of a span that is not known and names no trace.
        """

    def put_calibrated(self, calibrated: Calibrated) -> None:
        """Keeps it beside the older ones."""


class LabelReader(Protocol):
    """What a Reader knows of labels."""

    def labels(self, sought: Sought, limit: int) -> list[Score]:
        """The newest scores that were given, oldest first. Judgements are none of them."""

    def session_labels(self, choice: Choice) -> list[Score]:
        """Of the chosen sessions: the scores that were given of each itself, not of its traces; oldest first."""

    def place_of_span(self, span_id: str) -> str | None:
        """The trace that a span is in; a call is a span, too. None if there is no such span."""

    def tasks(self, choice: Choice, key: str) -> Mapping[str, str]:
        """Of each of the chosen sessions: what the metadata of its calls says under `key`, the last that does."""

    def calibrated(self) -> Sequence[Calibrated]:
        """The newest of each evaluator, version and setting, by name."""
