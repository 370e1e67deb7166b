"""`efficiency`: what a session took, held against its peers and against budgets.

Counts of steps and tokens are facts about cost; they say little of quality (evaluation reference, §3.5), so there is a
value only where somebody has set a budget: the worst of budget / actual, at most 1. The deviation from peers is told
both ways, as a robust z (median and median deviation).
"""

from collections.abc import Mapping, Sequence
from statistics import median

from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "efficiency", 1
FEWEST_PEERS = 3
FAR = 3.5
"""A z from which on a session stands out."""


def judge(session: Session, traits: Traits, peers: Sequence[Traits], budgets: Mapping[str, float]) -> Judgement:
    """The worst of budget / actual; null without a budget that something is known of."""
    facts = traits.facts
    counts: dict[str, object] = {name: round(value, 6) for name, value in facts.items()}
    far = {}
    for name, value in facts.items():
        z = find_z(value, [peer.facts[name] for peer in peers if name in peer.facts])
        if z is not None:
            counts[f"{name}_z"] = round(z, 2)
            far[name] = z
    standing = [f"{name} {'above' if z > 0 else 'below'} its peers" for name, z in far.items() if abs(z) >= FAR]
    shares = {
        name: min(1.0, budget / facts[name] if facts[name] else 1.0)
        for name, budget in budgets.items()
        if name in facts
    }
    over = [f"{name} over budget" for name, share in shares.items() if share < 1]
    label = ", ".join([*over, *standing]) or ("within budget" if shares else "no budget")
    evidence: tuple[Quote, ...] = tuple(step.quote(text) for text in [*over, *standing] for step in session.steps[-1:])
    return Judgement(NAME, VERSION, min(shares.values(), default=None), label, counts, evidence)


def find_z(value: float, others: Sequence[float]) -> float | None:
    """How far a value is from the median of others, in units that are a deviation of normal ones; None of too few."""
    if len(others) < FEWEST_PEERS:
        return None
    middle = median(others)
    spread = 1.4826 * median(abs(other - middle) for other in others)
    floor = 0.05 * abs(middle)
    return (value - middle) / max(spread, floor) if max(spread, floor) else 0.0
