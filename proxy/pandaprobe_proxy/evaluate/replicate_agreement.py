"""`replicate_agreement`: whether sessions of the same work did the same.

Held against each peer is what the session did: the successful calls of tools that change something; where no such tool
was at hand, its final answer; where there is none, all its successful calls. The value is the mean likeness to the
peers: half the share of deeds that both did (Jaccard), half whether both did the very same, since one deed more or less
leaves another world behind. Of deeds that change something a tenth is how they came about: the share of all successful
calls that both made, which tells apart sessions whose changes are alike. The strongest signal that needs no labels: AUC
0.72 with one peer, 0.85 with all (evaluation reference, §3.3). It rewards the majority, which may be wrong.
"""

from collections.abc import Callable, Sequence
from statistics import fmean

from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.evaluate.words import compare, liken
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "replicate_agreement", 2
SHORT_ANSWER = 80
"""Longer answers are compared by their runs of words."""
WAY = 0.1
"""What looking things up counts beside changes."""


def judge(traits: Traits, peers: Peers, most: int | None = None) -> Judgement:
    """Mean likeness to the peers, at most the first `most`; null without peers or deeds."""
    found, relation = peers.find(traits)
    chosen = found[:most]
    deeds, liking = choose_deeds([traits, *chosen])
    counts: dict[str, object] = {"peers": len(chosen), "known_by": str(relation), "compared": deeds}
    if traits.task_id:
        counts["task_id"] = traits.task_id
    if not chosen or liking is None:
        return Judgement(NAME, VERSION, None, "no peers" if not chosen else "nothing to compare", counts)
    likeness = [liking(traits, peer) for peer in chosen]
    counts["consensus"] = round(_agree(chosen, liking), 4)
    counts["agreeing"] = sum(one > 0.5 for one in likeness)
    label = f"agrees with {counts['agreeing']} of {len(chosen)} peers"
    return Judgement(NAME, VERSION, fmean(likeness), label, counts)


Liking = Callable[[Traits, Traits], float]


def choose_deeds(group: Sequence[Traits]) -> tuple[str, Liking | None]:
    """What of these sessions is compared, and how."""
    if any(one.could_write for one in group):
        return "writes", _liken_changes
    if any(one.answer for one in group):
        return "answers", lambda one, other: _liken_answers(one.answer, other.answer)
    if any(one.uses for one in group):
        return "uses", lambda one, other: _liken_deeds(one.uses, other.uses)
    return "nothing", None


def _liken_changes(one: Traits, other: Traits) -> float:
    return (1 - WAY) * _liken_deeds(one.writes, other.writes) + WAY * compare(one.uses, other.uses)


def _liken_deeds(one: frozenset[str], other: frozenset[str]) -> float:
    return (compare(one, other) + (one == other)) / 2


def _liken_answers(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    if one == other or max(len(one), len(other)) <= SHORT_ANSWER:
        return float(one == other)
    return liken(one, other)


def _agree(peers: Sequence[Traits], liking: Liking) -> float:
    """How alike the peers are among themselves; 1 for one."""
    pairs = [(one, other) for at, one in enumerate(peers) for other in peers[:at]]
    return fmean(liking(one, other) for one, other in pairs) if pairs else 1.0
