"""What is recorded while one looks on, over a real socket."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.store.errors import StoreBusy
from pandaprobe_proxy.store.sqlite import open_reader
from pandaprobe_proxy.web import live
from pandaprobe_proxy.web.answers import Ask
from pandaprobe_proxy.web.guard import guard
from records import START_NS, make_record


@pytest.fixture
async def client(place):
    hosts = set()
    app = web.Application(middlewares=[guard(hosts, "", ())])
    feed = live.Feed(Ask(lambda: open_reader(place.path)), every_s=0.01, heartbeat_s=0.05)
    app.router.add_get("/events", feed.serve)
    server = TestServer(app)
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client:
        yield client


class Listener:
    """Reads events until it has what it waits for."""

    def __init__(self, response):
        self.response = response

    async def wait(self, kind):
        event = {}
        while True:
            line = (await asyncio.wait_for(self.response.content.readline(), 5)).decode().rstrip("\n")
            if line.startswith(":"):
                event = {"event": "comment"}
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event.get("event") == kind:
                return event
            else:
                event = {}


async def test_calls_and_their_sessions_are_told_as_they_are_recorded(client, place):
    async with client.get("/events") as response:
        assert response.content_type == "text/event-stream"
        listener = Listener(response)
        await listener.wait("comment")
        await asyncio.sleep(0.1)
        record = make_record(session="s")
        place.open(record.opened)
        told = await listener.wait("call")
        assert json.loads(told["data"])["outcome"] == "open"
        place.put(record)
        told = await listener.wait("call")
        assert json.loads(told["data"])["outcome"] == "ok"
        assert json.loads((await listener.wait("session"))["data"]) == {"session_id": "s"}


async def test_it_is_said_now_and_then_that_somebody_is_there(client):
    async with client.get("/events") as response:
        listener = Listener(response)
        await listener.wait("comment")
        await listener.wait("comment")


async def test_who_was_cut_off_goes_on_where_it_was(client, place):
    place.put(make_record(session="seen"))
    async with client.get("/events", headers={"Last-Event-ID": "0-0"}) as response:
        event = await Listener(response).wait("call")
        assert (json.loads(event["data"])["session_id"], event["id"]) == ("seen", "1-0")
    place.put(make_record(session="missed", at_ns=START_NS + 1))
    async with client.get("/events", headers={"Last-Event-ID": event["id"]}) as response:
        assert json.loads((await Listener(response).wait("call"))["data"])["session_id"] == "missed"


@pytest.mark.parametrize("odd", ["x", "1", "1-2-3", "-1-2", "9" * 30 + "-1"])
async def test_an_odd_place_is_refused(client, odd):
    async with client.get("/events", headers={"Last-Event-ID": odd}) as response:
        assert response.status == 422


async def test_only_so_many_may_listen(client, monkeypatch):
    monkeypatch.setattr(live, "MOST_LISTENERS", 1)
    async with client.get("/events") as first:
        await Listener(first).wait("comment")
        async with client.get("/events") as second:
            assert second.status == 503


async def test_who_is_too_slow_is_told_that_it_missed_something(place):
    feed = live.Feed(Ask(lambda: open_reader(place.path)))
    queue = asyncio.Queue(2)
    feed._listeners.add(queue)
    for number in range(3):
        feed._tell(b"%d" % number)
    assert [queue.get_nowait()] == [b"event: gap\ndata: {}\n\n"]


async def test_a_store_that_is_busy_is_asked_again(place):
    asked, loop, found = [], asyncio.get_running_loop(), asyncio.Event()

    def reader():
        asked.append(1)
        if len(asked) < 3:
            raise StoreBusy("busy.")
        loop.call_soon_threadsafe(found.set)
        return open_reader(place.path)

    feed = live.Feed(Ask(reader), every_s=0.01)
    assert await feed._catch_up((0, 0)) == b"event: gap\ndata: {}\n\n"
    feed._listeners.add(asyncio.Queue(2))
    watching = asyncio.create_task(feed._watch())
    await asyncio.wait_for(found.wait(), 5)
    feed._listeners.clear()
    await asyncio.wait_for(watching, 5)
