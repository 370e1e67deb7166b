"""`drift`: what got worse in the course of a session.

Of its calls: latency, length of answers, likeness to the answers before, and errors of tools. A series counts as worse
if its last third is worse than its first, and it rises with a Mann-Kendall p < 0.05. A marker only: it does not predict
failure (evaluation reference, §3.1 and §4.1).
"""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from pandaprobe_proxy.evaluate.session import Line, Session, Step, Use
from pandaprobe_proxy.evaluate.words import liken
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "drift", 1
FEWEST = 8
"""Points that a series needs."""
MOST = 200
"""Points that are looked at: the last."""
SURE = 1.645
"""Standard deviations of a one-sided p of 0.05."""
LOOKED_BACK = 3

Points = Sequence[tuple[float, Line | Step | Use]]


def evaluate(session: Session) -> Judgement:
    """1 − series that got worse / series judged; null if the session is too short for any."""
    judged = {name: points[-MOST:] for name, points in read_series(session).items() if len(points) >= FEWEST}
    values = {name: [value for value, _ in points] for name, points in judged.items()}
    worse = [name for name, points in values.items() if _compare_thirds(points) > 0 and rises(points)]
    counts: dict[str, float] = {"series": len(judged), "worse": len(worse)}
    counts |= {f"{name}_change": round(_compare_thirds(points), 4) for name, points in values.items()}
    if not judged:
        return Judgement(NAME, VERSION, None, "too short to drift", counts)
    peaks = [max(judged[name][-(len(judged[name]) // 3) :], key=lambda point: point[0])[1] for name in worse]
    evidence = tuple(peak.quote(f"{name} rises") for peak, name in zip(peaks, worse, strict=True))
    label = ", ".join(f"{name} rises" for name in worse) or "steady"
    return Judgement(NAME, VERSION, 1 - len(worse) / len(judged), label, counts, evidence)


def read_series(session: Session) -> dict[str, Points]:
    """The values of each series, each with where it was taken."""
    steps, results = session.steps, session.results
    said = [line for line in session.answers if line.text.strip()]
    return {
        "latency": [(step.took_ns / 1e9, step) for step in steps if step.took_ns is not None],
        "output_tokens": [
            (float(step.call.usage.output), step) for step in steps if step.call.usage.output is not None
        ],
        "sameness": [(_find_sameness(said, at), line) for at, line in enumerate(said)][1:],
        "tool_errors": [(float(use.failed), use) for use in results],
    }


def _find_sameness(said: Sequence[Line], at: int) -> float:
    """How like an answer is to the most alike of those shortly before it."""
    before = said[max(0, at - LOOKED_BACK) : at]
    return max((liken(said[at].text, other.text) for other in before), default=0.0)


def _compare_thirds(values: Sequence[float]) -> float:
    """The mean of the last third less that of the first."""
    third = len(values) // 3
    return fmean(values[-third:]) - fmean(values[:third])


def rises(values: Sequence[float]) -> bool:
    """Whether values rise with time: Mann-Kendall's test, one-sided, with its correction for ties."""
    total = sum((other > one) - (other < one) for one, other in combinations(values, 2))
    count = len(values)
    ties = [values.count(value) for value in set(values)]
    variance = (count * (count - 1) * (2 * count + 5) - sum(n * (n - 1) * (2 * n + 5) for n in ties)) / 18
    return total > 0 and (total - 1) / math.sqrt(variance) > SURE
