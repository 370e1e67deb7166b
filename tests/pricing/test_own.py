"""Prices of your own: read from a table or a file, and found by upstream and model."""

import json
import re

import pytest
from pandaprobe_proxy.pricing.own import Price, find_price, read_prices

TABLE = {"gpt-4o": {"input": 2, "output": 8}, "ollama/*": {"input": 0, "output": 0}}


def test_prices_are_a_table_or_a_file_of_either_kind(tmp_path):
    as_toml, as_json = tmp_path / "prices.toml", tmp_path / "prices.json"
    as_toml.write_text('[gpt-4o]\ninput = 2\noutput = 8\n["ollama/*"]\ninput = 0\noutput = 0\n')
    as_json.write_text(json.dumps(TABLE))
    assert read_prices(str(as_toml)) == read_prices(as_json) == read_prices(TABLE) == read_prices(read_prices(TABLE))
    assert read_prices(json.dumps(TABLE)) == read_prices(TABLE)
    assert read_prices("") == read_prices(None) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"m": {"input": 1}}, "'output' of the price of 'm': field required"),
        ({"m": {"input": -1, "output": 1}}, "'input' of the price of 'm': input should be greater than or equal to 0"),
        ({"m": {"input": 1, "output": 1, "in": 1}}, "'in' of the price of 'm': extra inputs are not permitted"),
        ({"m": 3}, "the price of 'm': input should be a valid dictionary"),
        ("{m}", "this is no JSON"),
        (["m"], "prices are a table of models"),
        ("/nowhere.json", "/nowhere.json cannot be read as JSON"),
        ("/nowhere.toml", "/nowhere.toml cannot be read as TOML"),
    ],
)
def test_what_cannot_be_a_price_is_told_in_one_sentence(given, said):
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        read_prices(given)
    assert "\n" not in str(raised.value)


def test_the_price_that_fits_best_is_found():
    a, b, c, d = (Price(input=number, output=0) for number in range(4))
    prices = {"up/m-1": a, "m-1": b, "m-*": c, "*": d}
    assert find_price(prices, "up", ("m-1",)) == ("up/m-1", a)
    assert find_price(prices, "other", ("m-1",)) == ("m-1", b)
    assert find_price(prices, "other", ("m-1-2026", "m-1")) == ("m-1", b)
    assert find_price(prices, "up", ("m-22",)) == ("m-*", c)
    assert find_price(prices, "up", ("x",)) == ("*", d)
    assert find_price({"m": a}, "up", ("x",)) is None
