"""The listening sockets of a sidecar."""

import asyncio
import socket

import pytest
from pandaprobe_proxy.app.listening import ServeError, await_client, intercepts, listen_for_interception, listen_on
from pandaprobe_proxy.settings import Settings
from relaying import listening


@pytest.fixture
def listen():
    """Listens for settings, with a web port beside it; all is closed at the end."""
    web, opened = listening(), []

    def listen(**settings):
        made = listen_for_interception(Settings(**settings), web)
        opened.extend(made.every)
        return made

    yield listen
    for sock in (web, *opened):
        sock.close()


def hosts(sockets):
    return [sock.getsockname()[0] for sock in sockets]


def test_interception_is_asked_for_by_either_mode():
    assert [intercepts(Settings(**given)) for given in ({}, {"forward": 0}, {"transparent": 0})] == [False, True, True]


def test_redirected_connections_are_taken_on_loopback_only_at_one_port_of_both_families(listen):
    made = listen(host="0.0.0.0", transparent=0)
    assert hosts(made.redirected) in (["127.0.0.1", "::1"], ["127.0.0.1"])
    assert len({sock.getsockname()[1] for sock in made.redirected}) == 1


def test_a_forward_proxy_that_nobody_asked_for_is_seen_by_nobody_else(listen):
    assert hosts([listen(host="0.0.0.0", transparent=0).forward]) == ["127.0.0.1"]
    assert hosts([listen(host="0.0.0.0", forward=0).forward]) == ["0.0.0.0"]
    assert listen(forward=0).redirected == ()


def test_its_own_ports_and_the_web_port_are_barred(listen):
    made = listen(transparent=0)
    assert made.barred == [sock.getsockname()[:2] for sock in (made.web, made.forward, *made.redirected)]


def test_a_port_that_is_taken_is_told_and_nothing_stays_open(listen):
    taken = listening()
    with pytest.raises(ServeError, match="choose another with --transparent"):
        listen(transparent=taken.getsockname()[1])
    taken.close()


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("[::1]", socket.AF_INET6)])
def test_an_address_is_listened_on(host, family):
    with socket.socket(family) as free:
        try:
            free.bind((host.strip("[]"), 0))
        except OSError:
            pytest.skip("this machine has no such address")
        port = free.getsockname()[1]
    with listen_on(f"{host}:{port}") as sock:
        assert (sock.family, sock.getsockname()[1]) == (family, port)


def test_a_taken_address_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        listen_on(f"127.0.0.1:{taken.getsockname()[1]}")


async def test_a_socket_is_served_from_its_first_client_on():
    sock = listen_on("127.0.0.1:0")
    waiting = asyncio.ensure_future(await_client(sock))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    _, writer = await asyncio.open_connection(*sock.getsockname())
    await asyncio.wait_for(waiting, 5)
    accepted, _ = sock.accept()
    writer.close()
    accepted.close()
    sock.close()
