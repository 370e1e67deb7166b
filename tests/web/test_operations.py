"""Probes and metrics, over a real socket."""

import socket

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.web.operations import build_operations, listen


async def asked(path, relays=True):
    app = build_operations(lambda: relays, lambda: b"a_total 1\n")
    async with TestClient(TestServer(app)) as client, client.get(path) as response:
        return response.status, response.headers["Content-Type"], await response.text()


async def test_it_lives_whatever_the_relay_does():
    assert (await asked("/livez", relays=False))[0] == 200


async def test_it_is_ready_while_the_relay_answers():
    assert (await asked("/readyz"))[0] == 200
    status, _, text = await asked("/readyz", relays=False)
    assert (status, "does not answer" in text) == (503, True)


async def test_metrics_come_in_the_text_format():
    assert await asked("/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "a_total 1\n")


@pytest.mark.parametrize("path", ["/sessions", "/calls", "/status", "/"])
async def test_nothing_that_was_recorded_is_there(path):
    assert (await asked(path))[0] == 404


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("[::1]", socket.AF_INET6)])
def test_an_address_is_listened_on(host, family):
    with socket.socket(family) as free:
        try:
            free.bind((host.strip("[]"), 0))
        except OSError:
            pytest.skip("this machine has no such address")
        port = free.getsockname()[1]
    with listen(f"{host}:{port}") as sock:
        assert (sock.family, sock.getsockname()[1]) == (family, port)


def test_a_taken_address_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        listen(f"127.0.0.1:{taken.getsockname()[1]}")
