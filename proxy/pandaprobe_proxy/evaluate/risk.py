"""`risk`: in which order to look at sessions. It is no probability.

0.4 flags + 0.3 tail + 0.3 volume (evaluation reference, §3.6), and the value is 1 less that. Flags are signs that are
rare and precede failure: an unfinished end, an error that was not made good, a loop. The tail is the worst of its
answers: one like those before it, one that a failed tool comes of. Tail and volume count by their rank among the
sessions of the same model, which makes no use of any outcome; with too few of them they count as the middle.
"""

from itertools import pairwise
from statistics import fmean

from pandaprobe_proxy.evaluate import completion_integrity, error_recovery, loops, user_friction_markers
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "risk", 1
MOST_EVIDENCE = 20
FEWEST = 10
"""Sessions of the same model from which on ranks mean something."""
VOLUME = ("output_chars", "calls", "context_growth")
HIGH, LOW = 0.5, 0.3
WEIGHTS = {
    "unfinished end": 0.35,
    "error not made good": 0.25,
    "ends on an error": 0.25,
    "same call after its own error": 0.20,
    "cycle": 0.15,
    "same call three times running": 0.15,
    "answers nearly the same": 0.15,
    "errors in a row": 0.10,
    "user repeats": 0.10,
    "truncated": 0.10,
}


def judge(session: Session, traits: Traits, peers: Peers) -> Judgement:
    """1 − risk; null without a call."""
    flags, evidence = find_flags(session)
    flagged = min(1.0, sum(WEIGHTS[flag] for flag in flags))
    tail = _rank(traits, peers, ("tail",))
    volume = _rank(traits, peers, VOLUME)
    risk = 0.4 * flagged + 0.3 * tail + 0.3 * volume
    counts: dict[str, object] = {
        "risk": round(risk, 4),
        "flags": sorted(flags),
        "tail_rank": round(tail, 4),
        "volume_rank": round(volume, 4),
    }
    if not session.steps:
        return Judgement(NAME, VERSION, None, "no calls", counts)
    level = "high" if risk >= HIGH else "low" if risk < LOW else "middle"
    label = f"{level} risk" + (f": {', '.join(sorted(flags))}" if flags else "")
    return Judgement(NAME, VERSION, 1 - risk, label, counts, evidence)


def find_flags(session: Session) -> tuple[set[str], tuple[Quote, ...]]:
    """The signs that the session shows, and what proves them."""
    ended = completion_integrity.evaluate(session)
    mended = error_recovery.evaluate(session)
    looped = loops.evaluate(session)
    friction = user_friction_markers.evaluate(session)
    results = session.results
    failed = [use.failed for use in results]
    known = {
        "unfinished end": bool(set(ended.counts) - {"truncated"}),
        "error not made good": mended.counts["unrecovered"] > 0,
        "ends on an error": bool(failed) and failed[-1],
        "same call after its own error": looped.counts["retried_same"] > 0,
        "cycle": looped.counts["cycles"] > 0,
        "same call three times running": looped.counts["longest_run"] >= loops.RUN,
        "answers nearly the same": looped.counts["repeated_answers"] > 1,
        "errors in a row": any(one and other for one, other in pairwise(failed)),
        "user repeats": friction.counts["repeats"] > 0,
        "truncated": "truncated" in ended.counts,
    }
    quotes = (*ended.evidence, *mended.evidence, *looped.evidence)
    return {flag for flag, true in known.items() if true}, quotes[:MOST_EVIDENCE]


def _rank(traits: Traits, peers: Peers, facts: tuple[str, ...]) -> float:
    ranks = [rank for fact in facts if (rank := peers.rank(traits, fact, FEWEST)) is not None]
    return fmean(ranks) if ranks else 0.5
