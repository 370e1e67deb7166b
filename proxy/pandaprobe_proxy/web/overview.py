"""Sums for the overview and the evaluations, from samples of calls and judgements. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from pandaprobe_proxy.store.shapes import iso
from pandaprobe_proxy.store.views import Judging, Sample, Sampled

Json = Any
HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
HOURLY_NS = 3 * DAY_NS
"""A span up to this is told by the hour."""
BINS = 10


def sum_up(sampled: Sampled, since_ns: int, until_ns: int) -> Json:
    """Buckets of time, models, totals. Where only every nth call was read, numbers stand for all: `sampled_every`."""
    bucket_ns = HOUR_NS if until_ns - since_ns <= HOURLY_NS else DAY_NS
    buckets: dict[int, list[Sample]] = {at: [] for at in range(since_ns // bucket_ns, (until_ns - 1) // bucket_ns + 1)}
    models: dict[str, list[Sample]] = defaultdict(list)
    for call in sampled.calls:
        buckets[call.started_ns // bucket_ns].append(call)
        models[call.model].append(call)
    every = sampled.every
    return {
        "since": iso(since_ns),
        "until": iso(until_ns),
        "bucket": "hour" if bucket_ns == HOUR_NS else "day",
        "sampled_every": every,
        "buckets": [{"at": iso(at * bucket_ns), **_sum(calls, every)} for at, calls in buckets.items()],
        "models": sorted(
            ({"model": model, **_sum(calls, every)} for model, calls in models.items()), key=lambda one: -one["calls"]
        ),
        "totals": _sum(sampled.calls, every),
    }


def _sum(calls: Sequence[Sample], every: int) -> Json:
    latencies = [call.duration_ms for call in calls if call.duration_ms is not None]
    firsts = [call.first_ms for call in calls if call.first_ms is not None]
    return {
        "calls": len(calls) * every,
        "errors": sum(call.failed for call in calls) * every,
        "p50_ms": percentile(latencies, 0.5),
        "p95_ms": percentile(latencies, 0.95),
        "ttft_p50_ms": percentile(firsts, 0.5),
        "ttft_p95_ms": percentile(firsts, 0.95),
        "input_tokens": sum(call.input_tokens for call in calls) * every,
        "output_tokens": sum(call.output_tokens for call in calls) * every,
        "cached_tokens": sum(call.cached_tokens for call in calls) * every,
        "cost": sum(call.cost or 0.0 for call in calls) * every,
        "unpriced": sum(call.priceable and call.cost is None for call in calls) * every,
    }


def percentile(values: Iterable[float], share: float) -> float | None:
    """The nearest rank; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def judging_json(judging: Judging) -> Json:
    """What an evaluator has said of all sessions."""
    histogram = [0] * BINS
    for value in judging.values:
        histogram[min(BINS - 1, max(0, int(value * BINS)))] += 1
    return {
        "name": judging.name,
        "version": judging.version,
        "sessions": len(judging.values) + judging.nulls,
        "nulls": judging.nulls,
        "mean": fmean(judging.values) if judging.values else None,
        "histogram": histogram,
        "worst": [{"session_id": name, "value": value, "label": label} for name, value, label in judging.worst],
        "last_at": iso(judging.last_ns),
        "settings": judging.settings,
    }
