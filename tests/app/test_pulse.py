"""A sign of life: who gives it is left alone, and who stops is noticed."""

import asyncio
import os

from pandaprobe_proxy.app.pulse import Pulse, beat
from relaying import until


async def test_who_stops_giving_it_is_noticed_and_not_before():
    pulse = Pulse()
    noticing = asyncio.create_task(pulse.stop(0.4))
    beating = asyncio.create_task(beat(pulse.fd, 0.02))
    await asyncio.sleep(0.9)
    assert not noticing.done()
    beating.cancel()
    await asyncio.wait_for(noticing, 5)
    pulse.let_go()
    pulse.close()


async def test_the_first_one_may_take_longer():
    pulse = Pulse()
    noticing = asyncio.create_task(pulse.stop(0.2))
    await asyncio.sleep(0.5)
    assert not noticing.done()
    os.write(pulse.fd, b".")
    await until(noticing.done)
    pulse.let_go()
    pulse.close()


async def test_nobody_who_looks_stops_nobody():
    pulse = Pulse()
    beating = asyncio.create_task(beat(pulse.fd, 0))
    os.set_blocking(pulse.fd, False)
    try:
        while True:
            os.write(pulse.fd, b"x" * 65536)
    except BlockingIOError:
        pass
    await asyncio.sleep(0.05)
    assert not beating.done()
    beating.cancel()
    pulse.let_go()
    pulse.close()
