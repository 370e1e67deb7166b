from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.evaluate.amounts import Amounts, add_up, read_amounts


def read(text):
    return [amount.value for amount in read_amounts(text)]


def test_amounts_stand_alone():
    assert read("It costs $1,819.92 or 152, or €3, or 2.5 each.") == [181992, 15200, 300, 250]


@pytest.mark.parametrize(
    "text", ["W123", "2024-05-20", "10:30", "12 items", "in 2024", "card ending in 7447", "id 1234567", "v1.2.3", "$0"]
)
def test_ids_dates_times_and_small_counts_are_none(text):
    assert read(text) == []


@pytest.mark.parametrize("value", [10000, 5050, 15050, 4950, 30000])
def test_an_amount_follows_from_those_that_were_said(value):
    amounts = Amounts()
    amounts.hear("100 and $50.50; then $950.50 and 100, id-777")
    assert amounts.explain(value)


def test_one_that_does_not_is_not_explained():
    amounts = Amounts()
    amounts.hear("100 and $50.50")
    assert not amounts.explain(12345)


def test_what_is_part_of_an_id_was_said_but_is_not_reckoned_with():
    amounts = Amounts()
    amounts.hear("order W9001")
    assert amounts.explain(900100)
    assert not amounts.explain(1800200)


def test_a_sum_of_up_to_five():
    amounts = Amounts()
    amounts.hear("$40.01, $50.03, $60.07, $70.15")
    assert amounts.explain(4001 + 5003 + 6007)
    assert amounts.explain(4001 + 5003 + 6007 + 7015)


def test_more_digits_than_any_amount_has_are_none():
    assert read(f"${'1' * 400}.5") == []
    amounts = Amounts()
    amounts.hear("9" * 400)
    assert not amounts.explain(777)


@given(st.lists(st.integers(1, 60), unique=True, max_size=12), st.integers(1, 200))
def test_parts_add_up_just_where_some_choice_of_three_to_five_does(parts, total):
    assert add_up(parts, total) == any(sum(some) == total for n in (3, 4, 5) for some in combinations(parts, n))
