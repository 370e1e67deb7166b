"""`/events`: what is recorded while one looks on, as server-sent events (WHATWG HTML §9.2).

One loop asks the store twice a second while anybody listens; nobody slow holds anybody else up, nor the recorder. The
id of an event is where a listener goes on who was cut off. One who is too far behind is told `gap`, and asks anew.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.shapes import call_json, change_json
from pandaprobe_proxy.store.views import News
from pandaprobe_proxy.web.answers import Ask, tell, unfit

EVERY_S = 0.5
HEARTBEAT_S = 15.0
MOST_LISTENERS = 64
MOST_NEWS = 200
MOST_RUNNING = 1000
MOST_WAITING = 50
"""Pieces that a listener may be behind with."""
Place = tuple[int, int]


class Feed:
    """What is new, for all who listen."""

    def __init__(self, ask: Ask, every_s: float = EVERY_S, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._ask = ask
        self._every_s = every_s
        self._heartbeat_s = heartbeat_s
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._place: Place | None = None
        self._running: set[str] = set()
        self._sessions: Mapping[str, tuple[int, ...]] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        since = read_place(request.headers.get("Last-Event-ID") or request.query.get("since"))
        if len(self._listeners) >= MOST_LISTENERS:
            return tell({"detail": f"{MOST_LISTENERS} pages are listening already; close one."}, 503)
        queue: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        self._listeners.add(queue)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._watch())
        try:
            await response.write(await self._catch_up(since))
            await self._send(response, queue)
        except (ConnectionError, asyncio.CancelledError):
            pass  # it has gone, which is how this ends
        finally:
            self._listeners.discard(queue)
        return response

    async def _send(self, response: web.StreamResponse, queue: asyncio.Queue[bytes]) -> None:
        while True:
            try:
                piece = await asyncio.wait_for(queue.get(), self._heartbeat_s)
            except TimeoutError:
                piece = b": still here\n\n"
            await response.write(piece)

    async def _catch_up(self, since: Place | None) -> bytes:
        """What came while a listener was away; the first line makes the browser's `open` come at once."""
        if since is None:
            return b": welcome\n\n"
        try:
            news = await self._ask(lambda reader: reader.news(since, (), MOST_NEWS))
        except StoreError:
            return b"event: gap\ndata: {}\n\n"
        return write_news(news, ()) or b": welcome\n\n"

    async def _watch(self) -> None:
        """Until nobody listens any more."""
        self._place, self._sessions = None, {}
        self._running.clear()
        while self._listeners:
            with contextlib.suppress(StoreError):  # busy, or not there yet: the next look may find it
                await self._look()
            await asyncio.sleep(self._every_s)

    async def _look(self) -> None:
        since, running = self._place, tuple(self._running)
        news = await self._ask(lambda reader: reader.news(since, running, MOST_NEWS))
        self._place = news.place
        self._follow(news.calls)
        known = {row.session_id: _stamp(row) for row in news.sessions}
        changed = [name for name, stamp in known.items() if self._sessions and self._sessions.get(name) != stamp]
        self._sessions = known
        piece = write_news(news, changed)
        if piece:
            self._tell(piece)

    def _follow(self, calls: Sequence[CallRow]) -> None:
        """Calls that run are asked for until they have ended."""
        self._running -= {call.call_id for call in calls if call.outcome != "open"}
        self._running |= {call.call_id for call in calls if call.outcome == "open"}
        while len(self._running) > MOST_RUNNING:
            self._running.remove(min(self._running))  # the oldest: ids sort by time

    def _tell(self, piece: bytes) -> None:
        for queue in self._listeners:
            try:
                queue.put_nowait(piece)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(b"event: gap\ndata: {}\n\n")


def add_live(app: web.Application, ask: Ask) -> None:
    app.router.add_get("/events", Feed(ask).serve)


def read_place(text: str | None) -> Place | None:
    """Where a listener was, as the id of an event says; None if it is new."""
    if not text:
        return None
    parts = text.split("-")
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 19 for part in parts):
        raise unfit("Last-Event-ID is the id of an event of this stream.")
    return int(parts[0]), int(parts[1])


def write_news(news: News, session_ids: Sequence[str]) -> bytes:
    """The events of a piece of news, each with the place after all of it; empty if there is nothing to tell."""
    events: list[tuple[str, Any]] = [("call", call_json(call)) for call in news.calls]
    events += [("session", {"session_id": name}) for name in session_ids]
    events += [("change", change_json(change)) for change in news.changes]
    if news.missed:
        events.append(("gap", {}))
    place = f"{news.place[0]}-{news.place[1]}".encode()
    write: Callable[[Any], bytes] = msgspec.json.encode
    return b"".join(b"id: %b\nevent: %b\ndata: %b\n\n" % (place, name.encode(), write(value)) for name, value in events)


def _stamp(row: SessionRow) -> tuple[int, ...]:
    return row.last_ns, row.calls, row.open_calls, row.errors, row.traces
