import asyncio

import pytest
from pandaprobe_proxy.app.judge_purse import BudgetSpent, Purse
from pandaprobe_proxy.model.call import Usage

USED = Usage(input=1000, output=100)


def price(usage):
    """A dollar per million tokens in, ten out."""
    return (usage.input + 10 * usage.output) / 1e6


async def test_what_was_spent_is_added_up():
    purse = Purse(price)
    assert await purse.book(await purse.take(3000), USED) == 0.002
    assert (purse.input_tokens, purse.output_tokens, purse.usd) == (1000, 100, 0.002)


async def test_no_request_begins_that_would_not_fit():
    purse = Purse(price, limit_tokens=2000)
    await purse.book(await purse.take(3000), USED)
    with pytest.raises(BudgetSpent):
        await purse.take(3000)
    dear = Purse(price, limit_usd=0.001)
    with pytest.raises(BudgetSpent):
        await dear.take(3000)


async def test_who_does_not_fit_waits_for_those_that_are_under_way():
    purse = Purse(price, limit_tokens=3000)
    first = await purse.take(3000)
    second = asyncio.create_task(purse.take(3000))
    await asyncio.sleep(0)
    assert not second.done()
    await purse.book(first, Usage(input=10, output=10))
    assert (await second).tokens == 1700


async def test_an_answer_without_usage_counts_as_estimated_and_none_at_all_costs_nothing():
    purse = Purse(price)
    await purse.book(await purse.take(3000), Usage())
    assert (purse.input_tokens, purse.output_tokens, purse.uncounted) == (1000, 700, 1)
    assert await purse.book(await purse.take(3000), None) is None
    assert purse.input_tokens == 1000


async def test_an_unknown_price_is_not_zero():
    purse = Purse(lambda usage: None)
    assert await purse.book(await purse.take(3000), USED) is None
    assert (purse.usd, purse.unpriced) == (0, 1)
