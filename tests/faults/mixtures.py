"""Random mixtures of faults, each repeatable by its seed: what the oracle says after they heal."""

import asyncio
import os
import signal
import sqlite3
from contextlib import suppress
from random import Random

from faults import chaos
from faults.on_recorder import recorder_pid
from faults.on_upstream import harmed
from faults.promises import Measured

HARMLESS = ("latency", "bandwidth", "slicer", "slow_close")
CUTTING = ("reset_peer", "limit_data", "down")


def toxic(name, dice):
    """A toxic of that name, drawn from the seed."""
    return {
        "latency": lambda: chaos.latency(dice.randint(1, 80), dice.randint(0, 40)),
        "bandwidth": lambda: chaos.bandwidth(dice.randint(200, 2000)),
        "slicer": lambda: chaos.slicer(dice.randint(1, 500), dice.randint(0, 100), dice.randint(0, 200)),
        "slow_close": lambda: chaos.slow_close(dice.randint(1, 200)),
        "reset_peer": lambda: chaos.reset_peer(dice.randint(0, 100)),
        "limit_data": lambda: chaos.limit_data(dice.randint(0, 3000), dice.random() < 0.5),
    }[name]()


async def kill_recorder(one, dice):
    await recorder_pid(one)
    await asyncio.sleep(dice.uniform(0.05, 0.5))
    with suppress(ProcessLookupError):
        os.kill(await recorder_pid(one), signal.SIGKILL)


async def stop_recorder(one, dice):
    pid = await recorder_pid(one)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(dice.uniform(0.2, 1.5))
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def lock_store(one, dice):
    lock = sqlite3.connect(one.settings.data_dir / "calls.db", isolation_level=None, timeout=5)
    try:
        lock.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(dice.uniform(0.2, 1.5))
        lock.execute("ROLLBACK")
    finally:
        lock.close()


async def rest(one, dice):
    await asyncio.sleep(dice.uniform(0.1, 0.5))


RECORDING = (kill_recorder, stop_recorder, lock_store, rest)


async def mixture(place, seed, rounds=5):
    """Calls go on while faults come and go; then all heals."""
    measured, dice = Measured(), Random(seed)
    told = []
    async with harmed(place / "data", "--recorder-silence-s", "600", chunks=10) as (one, harm):
        await recorder_pid(one)
        going, number = True, 0

        async def agent(first):
            at = first
            while going:
                await one.call(at)
                at += 10
                await asyncio.sleep(0.02)

        agents = [asyncio.create_task(agent(first)) for first in range(10)]
        for _ in range(rounds):
            upstream, recording = dice.choice((*HARMLESS, *HARMLESS, *CUTTING, "")), dice.choice(RECORDING)
            told.append(f"{upstream or 'none'}+{recording.__name__}")
            if upstream == "down":
                harm.down()
            elif upstream:
                harm.downward = toxic(upstream, dice)
            await recording(one, dice)
            await asyncio.sleep(dice.uniform(0.1, 0.4))
            harm.heal()
        going = False
        await asyncio.gather(*agents)
        number = len(one.seen)
        measured.wrong += await one.verdict(broken=number)
        measured.figure("s to a fresh capture", await one.fresh(), 5)
        cut = sum(not seen.whole or seen.status != 200 for seen in one.seen.values())
    measured.notes.append(f"{number} calls, {cut} cut by the upstream, {one.scrapes} scrapes: {' '.join(told)}")
    return measured
