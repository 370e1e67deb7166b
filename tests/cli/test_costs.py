"""Costs in words: as they are known, and never as nothing where they are not."""

from dataclasses import replace

from pandaprobe_proxy.cli.costs import cost_of, explain_cost, total_of
from pandaprobe_proxy.model.call import Cost, Usage
from records import make_record


def test_only_what_spends_tokens_can_cost(place):
    place.put(make_record())
    (row,) = place.reader().calls(1)
    assert cost_of(row) == explain_cost(row) == "unknown"
    assert cost_of(replace(row, usage=Usage())) == ""
    assert cost_of(replace(row, operation="count_tokens")) == ""
    assert explain_cost(replace(row, cost=Cost(0.25, {}, "m", "provider"))) == "$0.25, priced as m by provider"


def test_a_total_tells_what_is_known_and_what_is_not(place):
    place.put(make_record(), make_record())
    row = place.reader().session("s-1")
    assert total_of(row) == "unknown for 2 calls"
    assert total_of(replace(row, cost=1.5, unpriced=1)) == "$1.50, unknown for 1 call"
    assert total_of(replace(row, unpriced=0)) == "$0.00"
    assert total_of(replace(row, unpriced=0, input_tokens=0, output_tokens=0)) == ""
