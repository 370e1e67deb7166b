"""Probes and metrics, over a real socket."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.web.operations import build_operations


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
