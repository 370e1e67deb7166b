"""Which sessions did the same work: those of the same task, else of the same template, else that began most alike."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from pandaprobe_proxy.evaluate.traits import Traits

MOST_PEERS = 20
NEAREST = 3
"""Of sessions that only begin alike so many are peers."""
ALIKE = 0.5
"""Cosine of the weighted first words from which on sessions begin alike."""
RAREST = 8
"""Words of a session by which others are looked for."""
MOST_OF_WORD = 500
"""A word that more sessions have is no way to find any."""


class Relation(StrEnum):
    """How peers are known to be."""

    TASK = "task"
    TEMPLATE = "template"
    LIKENESS = "first words"
    NONE = "none"


class Peers:
    """All sessions that are known, and which of them are whose peers."""

    def __init__(self, traits: Iterable[Traits] = ()) -> None:
        self.all = list(traits)
        self._tasks: dict[str, list[Traits]] = defaultdict(list)
        self._templates: dict[str, list[Traits]] = defaultdict(list)
        self._words: dict[str, list[Traits]] = defaultdict(list)
        self._models: dict[str, list[Traits]] = defaultdict(list)
        for one in self.all:
            self._tasks[one.task_id or ""].append(one)
            self._templates[one.template].append(one)
            self._models[one.model].append(one)
            for word in one.first_words:
                self._words[word].append(one)
        self._ranks: dict[tuple[str, str], list[float]] = {}

    def find(self, of: Traits) -> tuple[Sequence[Traits], Relation]:
        """The peers of a session, itself not among them, and how they are known."""
        if of.task_id:
            return _others(self._tasks[of.task_id], of), Relation.TASK
        same = _others(self._templates[of.template], of) if of.template else []
        if same:
            return same, Relation.TEMPLATE
        alike = self._find_alike(of)
        return alike, Relation.LIKENESS if alike else Relation.NONE

    def _find_alike(self, of: Traits) -> list[Traits]:
        rare = sorted(of.first_words, key=lambda word: (len(self._words[word]), word))[:RAREST]
        lists = [self._words[word] for word in rare if len(self._words[word]) <= MOST_OF_WORD]
        found = {id(one): one for some in lists for one in some if one.session_id != of.session_id}
        scored = [(self._cosine(of.first_words, one.first_words), one.session_id, one) for one in found.values()]
        nearest = sorted((item for item in scored if item[0] >= ALIKE), key=lambda item: (-item[0], item[1]))
        return [one for _, _, one in nearest[:NEAREST]]

    def _cosine(self, one: frozenset[str], other: frozenset[str]) -> float:
        """Of the words, each weighted by how rare it is. The same in whatever order a set has them."""
        both = math.fsum(self._weigh(word) for word in one & other)
        norms = [math.fsum(self._weigh(word) for word in words) for words in (one, other)]
        return both / math.sqrt(norms[0] * norms[1]) if both else 0.0

    def _weigh(self, word: str) -> float:
        return math.log(1 + len(self.all) / (1 + len(self._words[word]))) ** 2

    def rank(self, of: Traits, fact: str, fewest: int) -> float | None:
        """The share of its model's sessions that have less of something in their shape; None of fewer than `fewest`."""
        key = (of.model, fact)
        if key not in self._ranks:
            self._ranks[key] = sorted(one.shape[fact] for one in self._models[of.model])
        known = self._ranks[key]
        if len(known) < fewest:
            return None
        value = of.shape[fact]
        less, up_to = bisect_left(known, value), bisect_right(known, value)
        return (less + up_to) / (2 * len(known))


def _others(some: Sequence[Traits], of: Traits) -> list[Traits]:
    return [one for one in some if one.session_id != of.session_id][:MOST_PEERS]
