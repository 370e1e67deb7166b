"""Sums over calls and judgements."""

from pandaprobe_proxy.store.views import Judging, Sample, Sampled
from pandaprobe_proxy.web.overview import DAY_NS, HOUR_NS, judging_json, percentile, sum_up

START_NS = 472_222 * HOUR_NS


def sample(at_ns=START_NS, **more):
    usual = {
        "duration_ms": 100.0,
        "first_ms": 10.0,
        "failed": False,
        "model": "m",
        "input_tokens": 10,
        "output_tokens": 5,
        "cached_tokens": 2,
        "cost": 0.5,
        "priceable": True,
    }
    return Sample(at_ns, **{**usual, **more})


def test_calls_are_summed_by_the_hour_by_model_and_in_all():
    calls = [sample(), sample(START_NS + HOUR_NS, model="n", failed=True, cost=None, duration_ms=None, first_ms=None)]
    told = sum_up(Sampled(calls), START_NS, START_NS + 3 * HOUR_NS)
    assert (told["bucket"], [one["calls"] for one in told["buckets"]]) == ("hour", [1, 1, 0])
    assert [(one["model"], one["errors"], one["unpriced"]) for one in told["models"]] == [("m", 0, 0), ("n", 1, 1)]
    totals = told["totals"]
    assert (totals["calls"], totals["errors"], totals["input_tokens"], totals["cost"]) == (2, 1, 20, 0.5)
    assert (totals["p50_ms"], totals["ttft_p95_ms"]) == (100.0, 10.0)


def test_long_spans_are_told_by_the_day():
    told = sum_up(Sampled([sample()]), START_NS, START_NS + 5 * DAY_NS)
    assert told["bucket"] == "day" and sum(one["calls"] for one in told["buckets"]) == 1


def test_what_was_sampled_stands_for_all():
    told = sum_up(Sampled([sample(), sample()], every=10), START_NS, START_NS + HOUR_NS)
    assert (told["sampled_every"], told["totals"]["calls"], told["totals"]["cost"]) == (10, 20, 10.0)


def test_percentiles_are_of_what_there_is():
    assert percentile([], 0.5) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(range(100), 0.95) == 95


def test_an_evaluators_scores_lie_in_bins():
    told = judging_json(Judging("risk", 3, [0.0, 0.05, 0.95, 1.0], 2, [("s", 0.0, "bad")], START_NS, 1))
    assert told["histogram"] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (told["mean"], told["sessions"], told["nulls"]) == (0.5, 6, 2)
    assert told["worst"] == [{"session_id": "s", "value": 0.0, "label": "bad"}]
    assert judging_json(Judging("none", 1, [], 1, [], START_NS, 1))["mean"] is None
