"""A web port over a real socket, with a real store behind it."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.web.api import build
from records import START_NS, make_record
from web_sidecar import SECOND_NS, WEATHER, make_sidecar

KEY = ((b"Authorization", b"Bearer sk-canary-0123456789abcdef"),)


@pytest.fixture
async def web(place):
    hosts = set()
    server = TestServer(build(make_sidecar(place), ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client:
        yield client


@pytest.fixture
def agent(place):
    """Two calls of a session: one that asks for a tool, one that answers with its result."""
    first = make_record(WEATHER[:2], WEATHER[2], session="s", headers=KEY)
    second = make_record(WEATHER, "Take an umbrella.", session="s", at_ns=START_NS + SECOND_NS, headers=KEY)
    place.put(first)
    place.put(second)
    place.writer.put_judged([Judged("s", "x", "", Judgement("risk", 1, 0.5, "middling"), START_NS)])
    return [first.opened.id, second.opened.id]
