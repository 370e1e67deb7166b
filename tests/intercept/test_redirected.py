"""Connections that come by a rule: a loop of our own is cut, whichever end is seen first. (A real rule: end_to_end.)"""

from dataclasses import dataclass, field

from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test.tflow import tclient_conn
from pandaprobe_proxy.intercept.redirected import Loops, Strangers

ADDRESS = ("10.0.0.1", 40000)


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


@dataclass
class Connected:
    """What mitmproxy gives the hooks of its own connections."""

    server: Server = field(default_factory=Server)


def test_a_connection_that_is_our_own_may_not_come_in():
    loops, writer = Loops(), Writer(("10.0.0.1", 40000, 0, 0))
    loops.server_connected(Connected())
    assert not loops.enter(writer)
    assert (writer.aborted, loops.cut) == (True, 1)


def test_one_that_came_in_before_it_was_known_as_ours_is_cut_then():
    loops, writer = Loops(), Writer()
    assert loops.enter(writer)
    loops.server_connected(Connected())
    assert (writer.aborted, loops.cut) == (True, 1)


def test_another_that_has_the_address_later_may_come_in():
    loops = Loops()
    loops.server_connected(Connected())
    loops.server_disconnected(Connected())
    loops.server_connected(Connected(Server(None)))
    loops.server_disconnected(Connected(Server(None)))
    assert loops.enter(Writer())
    client = tclient_conn()
    client.peername = ADDRESS
    loops.client_disconnected(client)
    loops.server_connected(Connected())
    assert loops.cut == 0


def stranger(mode, host):
    client = tclient_conn()
    client.peername, client.proxy_mode, client.error = (host, 1), ProxyMode.parse(mode), None
    return client


def test_a_redirected_client_may_have_a_public_address_and_one_of_the_proxys_may_not(caplog):
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
