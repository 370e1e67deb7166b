"""`/scores` over a real socket, with a real store behind it."""

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.evaluate.calibration import Labelled, calibrate
from pandaprobe_proxy.ingest.labels import ROUTES
from pandaprobe_proxy.store.labels import Calibrated
from pandaprobe_proxy.store.sqlite import open_reader
from pandaprobe_proxy.web.api import build
from pandaprobe_proxy.web.sidecar import Sidecar
from records import make_record

NUMBERS = iter(range(1000))


@pytest.fixture
async def web(place):
    async def submit(work):
        return work(place.writer)

    sidecar = Sidecar(
        reader=lambda: open_reader(place.path),
        submit=submit,
        status=dict,
        relays=lambda: True,
        metrics=lambda: b"",
        redact=lambda value: {name: "[redacted]" if text == "sk-1" else text for name, text in value.items()},
        new_id=lambda: f"id-{next(NUMBERS)}",
        now_ns=lambda: 7,
    )
    hosts = set()
    server = TestServer(build(sidecar, ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client:
        yield client


async def post(web, **body):
    async with web.post("/scores", json=body) as response:
        return response.status, await response.json()


async def listed(web, **query):
    async with web.get("/scores", params=query) as response:
        return [item["value"] for item in (await response.json())["items"]]


async def test_a_score_is_posted_and_the_newest_of_each_author_is_listed(web, place):
    place.put(make_record())
    about = {"session_id": "s-1", "name": "helpful"}
    assert (await post(web, **about, value=0.2, author="anna"))[0] == 201
    await post(web, **about, value=0.9, author="anna")
    await post(web, **about, value=0.5, author="ben", reason="sk-1")
    assert await listed(web, session_id="s-1") == ["0.9", "0.5"]
    assert await listed(web, session_id="s-1", history="true") == ["0.2", "0.9", "0.5"]
    assert await listed(web, author="ben") == ["0.5"]
    assert await listed(web, name="other") == []
    async with web.get("/scores", params={"author": "ben"}) as response:
        assert (await response.json())["items"][0]["reason"] == "[redacted]"


async def test_what_cannot_be_taken_or_listed_says_why(web):
    status, told = await post(web, name="n", value=1)
    assert (status, told["errors"][0]["message"]) == (422, "name one of session_id, trace_id and span_id")
    status, told = await post(web, name="n", value=1, span_id="gone")
    assert (status, told["detail"]) == (409, "there is no span gone; name its trace, too.")
    async with web.get("/scores", params={"limit": "0"}) as response:
        assert response.status == 422


async def test_what_labels_say_of_evaluators_is_kept(web, place):
    some = [Labelled(0.9, True, f"g{n}") for n in range(12)] + [Labelled(0.1, False, f"b{n}") for n in range(12)]
    one = Calibrated("loops", 1, "x", "labels.csv", 5, calibrate(some, [0.9]))
    async with web.post("/calibrations", json={"calibrated": [msgspec.to_builtins(one)]}) as response:
        assert (response.status, await response.json()) == (200, {"kept": 1})
    assert place.reader().calibrated() == [one]
    async with web.post("/calibrations", json={"calibrated": [{"name": "loops"}]}) as response:
        assert (response.status, "no calibrations" in (await response.json())["detail"]) == (422, True)
