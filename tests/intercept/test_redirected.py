"""Connections that come by a rule: a loop of our own is cut, whichever end is seen first. (A real rule: end_to_end.)"""

import asyncio
from dataclasses import dataclass, field

import pytest
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test.tflow import tclient_conn
from pandaprobe_proxy.intercept.redirected import Loops, Strangers

ADDRESS = ("10.0.0.1", 40000)
GOING = ("10.0.0.9", 443)


@dataclass
class Writer:
    """A connection that came; `aborted` when it was cut."""

    peername: tuple = ADDRESS
    aborted: bool = False

    def get_extra_info(self, name):
        return getattr(self, name)

    @property
    def transport(self):
        return self

    def abort(self):
        self.aborted = True


@dataclass
class Server:
    sockname: tuple | None = ADDRESS
    address: tuple | None = GOING
    error: str | None = None


@dataclass
class Connected:
    """What mitmproxy gives the hooks of its own connections."""

    server: Server = field(default_factory=Server)
    client: object = field(default_factory=tclient_conn)


async def test_a_connection_that_is_our_own_may_not_come_in():
    loops, writer = Loops(), Writer(("10.0.0.1", 40000, 0, 0))
    loops.server_connected(Connected())
    assert not await loops.enter(writer, GOING)
    assert (writer.aborted, loops.cut) == (True, 1)


async def test_one_that_came_in_before_it_was_known_as_ours_is_cut_then():
    loops, writer = Loops(), Writer()
    assert await loops.enter(writer, GOING)
    loops.server_connected(Connected())
    assert (writer.aborted, loops.cut) == (True, 1)


async def entering(loops, writer, going=GOING):
    coming = asyncio.create_task(loops.enter(writer, going))
    await asyncio.sleep(0)
    return coming


async def test_one_that_comes_before_its_other_end_is_known_waits_and_is_cut_before_it_opens_anything():
    loops, writer, ours = Loops(), Writer(), Connected()
    loops.server_connect(ours)
    coming, elsewhere = await entering(loops, writer), await entering(loops, Writer(("10.0.0.2", 1)), ("10.0.0.8", 443))
    assert elsewhere.done() and not coming.done()
    loops.server_connected(ours)
    assert (await coming, writer.aborted, loops.cut) == (False, True, 1)


@pytest.mark.parametrize("end", ["server_connect_error", "client_disconnected"])
async def test_nobody_waits_for_one_that_does_not_come(end):
    loops, ours = Loops(), Connected()
    loops.server_connect(ours)
    coming = await entering(loops, Writer())
    getattr(loops, end)(ours if end == "server_connect_error" else ours.client)
    assert await coming and loops.cut == 0


async def test_nobody_waits_long_for_one_that_takes_its_time_and_not_at_all_for_one_that_is_refused():
    loops, slow, refused = Loops(), Connected(), Connected()
    loops.server_connect(slow)
    assert await asyncio.wait_for(loops.enter(Writer(), GOING), 5)
    loops.server_connected(Connected(Server(None), slow.client))
    refused.server.error = "no"
    loops.server_connect(refused)
    assert (await entering(loops, Writer(), ("10.0.0.7", 1))).done()


async def test_another_that_has_the_address_later_may_come_in():
    loops = Loops()
    loops.server_connected(Connected())
    loops.server_disconnected(Connected())
    loops.server_connected(Connected(Server(None)))
    loops.server_disconnected(Connected(Server(None)))
    assert await loops.enter(Writer(), GOING)
    client = tclient_conn()
    client.peername = ADDRESS
    loops.client_disconnected(client)
    loops.server_connected(Connected())
    assert loops.cut == 0


def stranger(mode, host):
    client = tclient_conn()
    client.peername, client.proxy_mode, client.error = (host, 1), ProxyMode.parse(mode), None
    return client


async def test_a_redirected_client_may_have_a_public_address_and_one_of_the_proxys_may_not(caplog):
    from mitmproxy.test import taddons

    strangers = Strangers()
    with taddons.context(strangers):
        for mode, host, is_refused in (
            ("transparent", "93.184.216.1", False),
            ("regular", "93.184.216.1", True),
            ("regular", "10.0.0.1", False),
        ):
            client = stranger(mode, host)
            strangers.client_connected(client)
            assert bool(client.error) is is_refused
