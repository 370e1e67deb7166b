"""What a judge is asked for: a Criterion, in one of three forms of answer. The words of ours are in `judges`.

items     things that the judge lists, each with a status that is worth something: the value is their mean
progress  the same, of turns: each with a number from 0 to 1; the value is the last one
rating    one number from 0 to 1 for the whole
In each form the judge may say `insufficient`, and then there is no value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from pandaprobe_proxy.evaluate.turns import Part
from pandaprobe_proxy.model.call import Json

JUDGED, INSUFFICIENT = "judged", "insufficient"
ADD, WORST, ASK = "add", "worst", "ask"
"""How the answers about the windows of a long session become one: items are put together; the lowest counts; the judge
is asked once more, with its own answers before it."""
MOST_RUBRIC = 20_000
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def _always(part: Part) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a judge is asked."""

    name: str
    version: int
    words: str
    """The question, for the judge."""
    statuses: Mapping[str, float] = field(default_factory=dict)
    """Of items: what each status is worth. Empty for a rating, or for progress."""
    progress: bool = False
    finds: tuple[str, ...] = ()
    """What a judge has to write down before it rates."""
    by_turn: bool = False
    """Each turn is judged by itself, and the value is the mean."""
    merge: str = ASK
    skip: Callable[[Part], str] = _always
    """Why there is nothing to judge, so that nobody is asked; empty if there is."""
    blames: bool = False
    """Its one item is where a failed session went wrong, and how. It has no value, and sessions that nobody holds to
    have failed are not asked about."""
    votes: int = 1
    """It is asked at least that often."""
    empty: float | None = None
    """What PandaProbe has where nothing is to be judged; here that is null, and this is among the counts."""

    @property
    def lists(self) -> bool:
        """It is answered by items."""
        return self.progress or bool(self.statuses)

    def schema(self) -> Json:
        """The JSON Schema of an answer, strict: all is required, and nothing else is allowed."""
        proof = {"message": {"type": "integer"}, "quote": {"type": "string"}}
        told: dict[str, Json] = {name: {"type": "string"} for name in self.finds}
        if self.progress:
            item = {"turn": {"type": "integer"}, **proof, "score": {"type": "number"}}
            told["items"] = {"type": "array", "items": _object({"what": {"type": "string"}, **item})}
        elif self.statuses:
            status = {"type": "string", "enum": list(self.statuses)}
            told["items"] = {"type": "array", "items": _object({"what": {"type": "string"}, **proof, "status": status})}
        else:
            told["evidence"] = {"type": "array", "items": _object(proof)}
        told["reason"] = {"type": "string"}
        told["verdict"] = {"type": "string", "enum": [JUDGED, INSUFFICIENT]}
        told["confidence"] = {"type": "number"}
        return _object(told if self.lists else {**told, "score": {"type": "number"}})


def _object(properties: dict[str, Json]) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def make_rubric(file_name: str, text: str) -> Criterion:
    """A user's own rubric, in plain words; named after its file. Raises ValueError if it says nothing, or too much."""
    name = _NOT_IN_NAMES.sub("_", file_name.rsplit(".", 1)[0]).strip("_.-")
    words = text.strip()
    if not name or not words:
        raise ValueError("a rubric is a file with a name and some words in it")
    if len(words) > MOST_RUBRIC:
        raise ValueError(f"a rubric has at most {MOST_RUBRIC} characters, this one has {len(words)}")
    return Criterion(name, 1, f"Judge the session by this rubric of its owners, 1 being what they want:\n\n{words}")


def name_words(criterion: Criterion) -> str:
    """A hash of what is asked; another one is another question."""
    told = (criterion.words, sorted(criterion.statuses.items()), criterion.progress, criterion.finds, criterion.by_turn)
    return blake2b(repr((told, criterion.merge)).encode(), digest_size=8).hexdigest()
