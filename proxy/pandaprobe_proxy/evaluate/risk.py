"""`risk`: in which order to look at sessions. It is no probability.

Half of it are flags, signs that are rare and precede failure: an unfinished end, an error that was not made good, a
loop. Half is volume: how calls, length and context growth rank among the sessions of the same model, which says which
tasks are hard. Where sessions of the same work are known, how much they differ from this one counts as much as both
together. The value is 1 less the risk. This is evaluation reference §3.6 without its tail, which told nothing on any
of three data sets, and with §3.3. It learns from no outcome; docs/validity.md has what it is worth.
"""

import math
from itertools import pairwise
from statistics import fmean

from pandaprobe_proxy.evaluate import (
    completion_integrity,
    error_recovery,
    loops,
    replicate_agreement,
    user_friction_markers,
)
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
    flagged = min(1.0, math.fsum(WEIGHTS[flag] for flag in flags))
    volume = _rank(traits, peers)
    alone = 0.5 * flagged + 0.5 * volume
    agreement = replicate_agreement.judge(traits, peers).value
    risk = alone if agreement is None else 0.5 * alone + 0.5 * (1 - agreement)
    counts: dict[str, object] = {
        "risk": round(risk, 4),
        "flags": sorted(flags),
        "volume_rank": round(volume, 4),
        "alone": round(alone, 4),
    }
    if not session.steps:
        return Judgement(NAME, VERSION, None, "no calls", counts)
    level = "high" if risk >= HIGH else "low" if risk < LOW else "middle"
    label = f"{level} risk" + (f": {', '.join(sorted(flags))}" if flags else "")
    return Judgement(NAME, VERSION, 1 - risk, label, counts, evidence)


def find_flags(session: Session) -> tuple[set[str], tuple[Quote, ...]]:
    """The signs that the session shows, and what proves them."""
    ended = session.once(completion_integrity.evaluate)
    mended = session.once(error_recovery.evaluate)
    looped = session.once(loops.evaluate)
    friction = session.once(user_friction_markers.evaluate)
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


def _rank(traits: Traits, peers: Peers) -> float:
    """Among the sessions of the same model, 0 to 1; the middle if there are too few."""
    ranks = [rank for name in VOLUME if (rank := peers.rank(traits, name, FEWEST)) is not None]
    return fmean(ranks) if ranks else 0.5
