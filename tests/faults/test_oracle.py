"""The oracle itself: what it expects is so without any sidecar, and it notices what is wrong."""

import asyncio
import hashlib

import pytest
from faults import chaos
from faults.on_upstream import TOXICS, compare_toxic, harmed
from faults.oracle import Seen, ask, direct, numbered_origin, oracle, question


async def test_a_client_that_asks_the_origin_sees_what_is_expected():
    async with numbered_origin() as origin:
        for number in range(40):
            assert await ask(origin.port, number) == direct(number)
    digests = {number: [hashlib.sha256(question(number)).hexdigest()[:24]] for number in range(40)}
    assert origin.received == digests


@pytest.mark.parametrize("name", ["latency", "bandwidth", "slow_close", "slicer"])
async def test_a_toxic_that_only_delays_changes_nothing(name):
    async with numbered_origin(chunks=5) as origin, chaos.chaos_proxy(origin.port) as harm:
        harm.downward = TOXICS[name]
        for number in (1, 2, 4):
            assert await ask(harm.port, number) == direct(number, 5)


@pytest.mark.parametrize("toxic", [chaos.limit_data(700), chaos.limit_data(700, reset=True), chaos.reset_peer(10)])
async def test_a_toxic_that_cuts_leaves_a_beginning(toxic):
    async with numbered_origin() as origin, chaos.chaos_proxy(origin.port) as harm:
        harm.downward = toxic
        seen = await ask(harm.port, 1)
        assert not seen.whole and direct(1).body.startswith(seen.body)
        harm.heal()
        assert await ask(harm.port, 1) == direct(1)


async def test_a_timeout_lets_nothing_pass_and_then_closes():
    async with numbered_origin() as origin, chaos.chaos_proxy(origin.port) as harm:
        harm.downward = chaos.timeout(50)
        assert await ask(harm.port, 1) == Seen(0, b"", False)
        harm.downward = chaos.timeout(0)
        asking = asyncio.create_task(ask(harm.port, 1))
        done, _ = await asyncio.wait([asking], timeout=0.3)
        assert not done
        harm.heal()
        assert (await asking).status == 0


async def test_down_refuses_until_it_is_healed():
    async with numbered_origin() as origin, chaos.chaos_proxy(origin.port) as harm:
        harm.down()
        assert (await ask(harm.port, 1)).status == 0
        harm.heal()
        assert await ask(harm.port, 1) == direct(1)


async def test_corrupted_events_come_whole_and_are_others():
    async with numbered_origin() as origin, chaos.chaos_proxy(origin.port) as harm:
        harm.downward = chaos.corrupt_sse()
        seen = await ask(harm.port, 1)
        assert seen.whole and seen.body != direct(1).body and b"\0" in seen.body


@pytest.mark.parametrize("name", sorted(set(TOXICS) - {"half_close"}))
async def test_whatever_the_upstream_does_the_app_sees_the_same_through_the_sidecar(name, tmp_path):
    async with harmed(tmp_path / "data", chunks=8) as (one, harm):
        assert await compare_toxic(harm.port, harm, one, TOXICS[name], (1, 5, 2)) == []


async def test_what_is_wrong_is_noticed(tmp_path):
    async with oracle(tmp_path / "data") as one:
        await one.calls(range(8))
        assert await one.verdict() == []
        one.seen[1] = Seen(200, b"another answer", True)
        one.seen[2] = Seen(200, b"half", False)
        del one.seen[3]
        one.started -= 1
        wrong = " ".join(await one.verdict())
    assert "call 1 got other bytes than directly" in wrong
    assert "call 2 got bytes that were never sent" in wrong
    assert "call 3 is recorded and was never made" in wrong
    assert "7 calls made, 8 relayed" in wrong
    assert "the answer to call 1 is recorded in other bytes" in wrong
