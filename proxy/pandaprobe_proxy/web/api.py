"""The web port: what is recorded, to read; traces and scores of others, to take in. JSON over HTTP, on loopback.

Every request must name this very port in its Host header, and an Origin, if it has one, must be ours: a web page
elsewhere can neither read nor change anything here. Bodies that were recorded leave as plain-text attachments.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec
from aiohttp import web

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.correction import Correction
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.pricing.price import Pricing, no_price
from pandaprobe_proxy.store.base import Reader, Refused, StoredBody, StoreError, Writer
from pandaprobe_proxy.store.judged import Judgements
from pandaprobe_proxy.store.rereading import Rereading, Wish
from pandaprobe_proxy.store.shapes import (
    call_json,
    change_json,
    corrected_json,
    items_json,
    session_json,
    stored_call_json,
    trace_json,
)
from pandaprobe_proxy.web.labels import add_labels
from pandaprobe_proxy.web.operations import add_operations
from pandaprobe_proxy.web.queries import read_after, read_limit, read_session_id, read_state

T = TypeVar("T")
Json = Any
LIMIT_BYTES = 64 * 1024 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ReplyLike(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> Json: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class RouteLike(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def answer(self) -> Callable[[Any, Writer], ReplyLike]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is asked."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    at_ns: int
    new_id: Callable[[], str]
    agent: str


class Submit(Protocol):
    async def __call__(self, work: Callable[[Writer], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the web port needs of the rest."""

    reader: Callable[[], Reader]
    """Opens a read-only view."""
    submit: Submit
    """Runs work with the one writer."""
    status: Callable[[], Json]
    """The loss numbers; None if the relay does not answer."""
    relays: Callable[[], bool]
    """Whether the relay answers."""
    metrics: Callable[[], bytes]
    """In Prometheus's text format."""
    redact: Callable[[Json], Json]
    new_id: Callable[[], str]
    decode: Callable[[Exchange], Call | None] = decode
    price: Pricing = no_price


def build(sidecar: Sidecar, routes: Sequence[RouteLike], hosts: frozenset[str]) -> web.Application:
    """The application. `hosts` are the Host headers that it answers to, port included."""
    app = web.Application(client_max_size=LIMIT_BYTES, middlewares=[_guard(hosts)])
    pages = _Pages(sidecar)
    add_operations(app, sidecar.relays, sidecar.metrics)
    add_labels(app, pages.read)
    app.router.add_get("/status", pages.status)
    app.router.add_get("/sessions", pages.sessions)
    app.router.add_get("/sessions/{session_id}", pages.session)
    app.router.add_delete("/sessions/{session_id}", pages.delete_session)
    app.router.add_post("/sessions/{session_id}/close", pages.close_session)
    app.router.add_post("/sessions/{session_id}/reopen", pages.reopen_session)
    app.router.add_get("/changes", pages.changes)
    app.router.add_get("/corrections", pages.corrections)
    app.router.add_post("/corrections", pages.correct)
    app.router.add_delete("/corrections/newest", pages.undo)
    app.router.add_post("/judgements", pages.judge)
    app.router.add_post("/redecode", pages.redecode)
    app.router.add_get("/traces/{trace_id}", pages.trace)
    app.router.add_get("/calls", pages.calls)
    app.router.add_get("/calls/{call_id}", pages.call)
    app.router.add_get("/calls/{call_id}/{side:request|response}", pages.body)
    for route in routes:
        app.router.add_route(route.method, route.path, pages.taking(route))
    return app


async def run(app: web.Application, sock: socket.socket) -> None:
    """Serves on a bound socket until cancelled."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.SockSite(runner, sock).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _guard(hosts: frozenset[str]) -> Any:
    """Refuses foreign pages, and turns errors into JSON of one sentence."""

    @web.middleware
    async def guard(request: web.Request, handler: Handling) -> web.StreamResponse:  # aiohttp's name for it
        response = _refuse(request, hosts)
        if response is None:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = _json({"detail": error.reason}, error.status)
            except Refused as error:
                response = _json({"detail": str(error)}, 409)
            except StoreError as error:
                response = _json({"detail": str(error)}, 503, {"Retry-After": "1"})
        response.headers["X-Content-Type-Options"] = "nosniff"
        if "X-Request-ID" in request.headers:
            response.headers["X-Request-ID"] = request.headers["X-Request-ID"]
        return response

    return guard


def _refuse(request: web.Request, hosts: frozenset[str]) -> web.StreamResponse | None:
    host = request.headers.get("Host", "")
    if host not in hosts:
        return _json({"detail": f"This port answers to {', '.join(sorted(hosts))} only, not to {host!r}."}, 421)
    origin = request.headers.get("Origin")
    if origin is not None and origin.removeprefix("http://") not in hosts:
        return _json({"detail": f"Pages of {origin} may not use this port."}, 403)
    if request.method not in SAFE and request.can_read_body and request.content_type != "application/json":
        return _json({"detail": "Send JSON, with Content-Type: application/json."}, 415)
    return None


def _json(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json", charset="utf-8")


class _Pages:
    """The endpoints."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def read(self, question: Callable[[Reader], T]) -> T:
        """Asks a reader, off the loop."""

        def ask() -> T:
            reader = self._sidecar.reader()
            try:
                return question(reader)
            finally:
                reader.close()

        return await asyncio.to_thread(ask)

    async def status(self, request: web.Request) -> web.Response:
        value = await asyncio.to_thread(self._sidecar.status)
        return _json(value) if value else _json({"detail": "The relay does not answer."}, 503)

    async def sessions(self, request: web.Request) -> web.Response:
        limit = read_limit(request)
        user, state = request.query.get("user_id"), read_state(request)
        rows = await self.read(lambda reader: reader.sessions(limit, user_id=user, state=state))
        return _json(items_json([session_json(row) for row in rows], limit))

    async def session(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        row, traces = await self.read(lambda reader: (reader.session(session_id), reader.traces(session_id)))
        if row is None:
            raise _missing(f"session {session_id!r}")
        return _json({**session_json(row), "traces": [trace_json(trace) for trace in traces]})

    async def delete_session(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        count = await self._sidecar.submit(lambda writer: writer.delete_session(session_id))
        if count is None:
            raise _missing(f"session {session_id!r}")
        return _json({"deleted": count})

    async def close_session(self, request: web.Request) -> web.Response:
        """Somebody says that it is over."""
        session_id = read_session_id(request)
        return _json(session_json(await self._sidecar.submit(lambda writer: writer.close_session(session_id))))

    async def reopen_session(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        row = await self._sidecar.submit(lambda writer: writer.reopen_session(session_id))
        if row is None:
            raise _missing(f"session {session_id!r}")
        return _json(session_json(row))

    async def changes(self, request: web.Request) -> web.Response:
        """Those after a number, or the newest; `after` of the answer is where to go on."""
        limit, after, session_id = read_limit(request), read_after(request), request.query.get("session_id")
        told = await self.read(lambda reader: reader.changes(limit, after, session_id))
        newest = told[-1].number if told else after or 0
        return _json({**items_json([change_json(one) for one in told], limit), "after": newest})

    async def corrections(self, request: web.Request) -> web.Response:
        limit = read_limit(request)
        made = await self.read(lambda reader: reader.corrections(limit))
        return _json(items_json([corrected_json(one) for one in made], limit))

    async def correct(self, request: web.Request) -> web.Response:
        """Puts calls into another session than they were resolved to."""
        try:
            asked = msgspec.convert(await _body(request), Correction)
        except msgspec.ValidationError as error:
            raise web.HTTPUnprocessableEntity(reason=f"This is no correction: {error}."[:200]) from error
        return _json(msgspec.to_builtins(await self._sidecar.submit(lambda writer: writer.correct(asked))))

    async def undo(self, request: web.Request) -> web.Response:
        undone = await self._sidecar.submit(lambda writer: writer.undo())
        if undone is None:
            raise _missing("correction that stands")
        return _json(msgspec.to_builtins(undone))

    async def judge(self, request: web.Request) -> web.Response:
        """Keeps what evaluators have said of sessions, and what judges have answered."""
        try:
            asked = msgspec.convert(await _body(request), Judgements)
        except msgspec.ValidationError as error:
            raise web.HTTPUnprocessableEntity(reason=f"These are no judgements: {error}."[:200]) from error
        answers = await self._sidecar.submit(lambda writer: writer.put_answers(asked.answers)) if asked.answers else 0
        kept = await self._sidecar.submit(lambda writer: writer.put_judged(asked.judged))
        return _json({"kept": kept, "answers": answers})

    async def redecode(self, request: web.Request) -> web.Response:
        """One step; its answer says where the next one goes on."""
        asked = await _body(request)
        try:
            after = int(asked["after"])
            wish = Wish(asked.get("session_id"), bool(asked.get("dry_run")), bool(asked.get("every")))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise web.HTTPUnprocessableEntity(reason="after is a number, 0 to begin with.") from error
        rereading = Rereading(self._sidecar.decode, self._sidecar.price, wish)
        step = await self._sidecar.submit(lambda writer: writer.redecode(after, rereading))
        return _json(msgspec.to_builtins(step))

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = request.match_info["trace_id"]
        row = await self.read(lambda reader: reader.trace(trace_id))
        if row is None:
            raise _missing(f"trace {trace_id!r}")
        return _json(trace_json(row))

    async def calls(self, request: web.Request) -> web.Response:
        limit, query = read_limit(request), request.query
        session_id, after, before = query.get("session_id"), query.get("after"), query.get("before")
        rows = await self.read(lambda reader: reader.calls(limit, session_id, after, before))
        return _json(items_json([call_json(row) for row in rows], limit))

    async def call(self, request: web.Request) -> web.Response:
        return _json(stored_call_json(await self._stored(request)))

    async def body(self, request: web.Request) -> web.Response:
        stored = await self._stored(request)
        if stored.row.connection:
            raise _missing(f"body of a turn: the bytes are those of call {stored.row.connection}")
        side = request.match_info["side"]
        body: StoredBody = getattr(stored, side)
        name = f"{stored.row.call_id}.{side}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-PandaProbe-Coding": body.coding}
        return web.Response(body=body.data, content_type="text/plain", headers=headers)

    async def _stored(self, request: web.Request) -> Any:
        call_id = request.match_info["call_id"]
        stored = await self.read(lambda reader: reader.call(call_id))
        if stored is None:
            raise _missing(f"call {call_id!r}")
        return stored

    def taking(self, route: RouteLike) -> Handling:
        """The endpoint of a route that takes something in."""

        async def take(request: web.Request) -> web.Response:
            body = await _body(request)
            asked = Asked(
                params=dict(request.match_info),
                query=dict(request.query),
                body=await asyncio.to_thread(self._sidecar.redact, body),
                at_ns=time.time_ns(),
                new_id=self._sidecar.new_id,
                agent=request.headers.get("User-Agent", ""),
            )
            reply = await self._sidecar.submit(lambda writer: route.answer(asked, writer))
            return _json(reply.body, reply.status, reply.headers)

        return take


async def _body(request: web.Request) -> Json:
    try:
        return msgspec.json.decode(await request.read())
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(reason="The body is not JSON; send one JSON document.") from error


def _missing(what: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(reason=f"There is no {what}."[:200])
