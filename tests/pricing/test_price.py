"""The order in which a price is looked for, and that what is not known is no price."""

import pytest
from pandaprobe_proxy.model.call import Call, Cost, Turn, Usage, UsageSource
from pandaprobe_proxy.pricing.own import read_prices
from pandaprobe_proxy.pricing.price import Prices, add_cost, no_price, read_charge

NOW_NS = 1_795_000_000 * 10**9
URL = "https://api.openai.com/v1/chat/completions"


def make_call(model="gpt-4o", operation="chat", requested=None, **usage):
    return Call("d", 1, operation, requested, model, usage=Usage(**usage))


def price(call, own=None, upstream="openai", url=URL):
    return Prices(read_prices(own)).price(call, upstream, url, NOW_NS)


@pytest.mark.parametrize("source", [UsageSource.REPORTED, UsageSource.PARTIAL, UsageSource.ESTIMATED])
def test_a_call_has_the_list_price_however_its_tokens_are_known(source):
    assert price(make_call(input=1000, output=100, source=source)).total == pytest.approx(0.0035)


def test_the_answered_model_is_priced_before_the_requested_one():
    assert price(make_call("gpt-4o-2024-08-06", requested="gpt-5", input=1)).priced_as == "openai/gpt-4o"
    assert price(make_call("deployed-here", requested="gpt-5", input=1)).priced_as == "openai/gpt-5"


def test_what_the_provider_charged_is_the_cost():
    cost = price(make_call(input=1000, output=100, raw={"cost": 0.25}), upstream="openrouter")
    assert cost == Cost(0.25, {}, "openrouter/gpt-4o", "provider")
    assert price(make_call(None, raw={"cost": 0})).total == 0


@pytest.mark.parametrize(
    ("raw", "charge"),
    [
        ({}, None),
        ({"cost": None}, None),
        ({"cost": "0.1"}, None),
        ({"cost": True}, None),
        ({"cost": -1}, None),
        ({"cost": float("nan")}, None),
        ({"cost": {"total_cost": 0.006, "input_tokens_cost": 0.001}}, 0.006),
        ({"cost_in_usd_ticks": 25_000_000}, 0.0025),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, pytest.approx(0.21)),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}}, 0.01),
        ({"cost": 0.01, "is_byok": True, "cost_details": None}, 0.01),
    ],
)
def test_what_providers_say_they_charged(raw, charge):
    assert read_charge(raw) == charge


def test_your_own_price_comes_first_and_is_of_every_part():
    own = {"openai/gpt-4o": {"input": 1, "output": 2, "cached": 0.1, "reasoning": 4}}
    usage = {"input": 1_000_000, "cached": 500_000, "cache_written": 7, "output": 1_000_000, "reasoning": 250_000}
    cost = price(make_call(**usage, raw={"cost": 9}), own)
    assert cost.parts == {"cached": pytest.approx(0.05), "input": pytest.approx(0.5), "reasoning": 1.0, "output": 1.5}
    assert (cost.total, cost.priced_as, cost.source) == (pytest.approx(3.05), "openai/gpt-4o", "settings")


def test_your_own_price_may_be_nothing_and_is_then_known():
    own = {"ollama/*": {"input": 0, "output": 0}}
    assert price(make_call("llama3", input=5, output=5), own, "ollama", "http://127.0.0.1:11434/api/chat").total == 0
    assert price(make_call("llama3", input=5, output=5), {"other": {"input": 1, "output": 1}}, "ollama") is None


def test_parts_that_exceed_the_whole_have_no_price():
    assert price(make_call(input=1, cached=2), {"gpt-4o": {"input": 1, "output": 1, "cached": 1}}) is None


def test_without_tokens_there_is_no_cost():
    assert price(make_call()) is None
    assert price(make_call(), {"*": {"input": 1, "output": 1}}) is None


def test_a_text_of_any_length_is_no_model():
    assert price(make_call("gpt-4o" * 10_000, requested="gpt-5", input=1)).priced_as == "openai/gpt-5"


def test_counting_tokens_costs_nothing():
    assert price(make_call(operation="count_tokens", input=100)) is None


@pytest.mark.parametrize("operation", ["retrieve", "batches"])
def test_what_tells_of_the_tokens_of_another_call_has_their_price(operation):
    assert price(make_call(operation=operation, input=1000, output=100)).total == pytest.approx(0.0035)


def test_a_surprise_in_the_price_list_is_no_price(monkeypatch):
    def fail(*_):
        raise KeyError("surprise")

    monkeypatch.setattr("pandaprobe_proxy.pricing.price.list_price", fail)
    assert price(make_call(input=1)) is None


def test_a_call_is_given_its_cost():
    call = make_call(input=1000)
    assert add_cost(call, Prices().price, "openai", URL, NOW_NS).cost.total == 0.0025
    assert add_cost(call, no_price, "openai", URL, NOW_NS).cost is None


def test_a_connection_has_the_cost_of_each_turn_at_its_moment():
    turn = Turn("t", Call("d", 1, "chat"), 5, None, 1)
    priced = add_cost(
        Call("d", 1, "connection", turns=(turn,)),
        lambda call, _, __, at_ns: Cost(at_ns, {}, "m", "test"),
        "u",
        "url",
        10,
    )
    assert priced.turns[0].call.cost.total == 15
