"""The web port: what is recorded, to read; traces and scores of others, to take in. JSON over HTTP, on loopback.

Who may ask is the matter of `guard`. What changes something is here, what the viewer reads in `*_views`; bodies that
were recorded leave as plain text.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from pandaprobe_proxy.model.correction import Correction
from pandaprobe_proxy.store.judged import Judgements
from pandaprobe_proxy.store.rereading import Rereading, Wish
from pandaprobe_proxy.store.shapes import change_json, corrected_json, items_json, session_json, trace_json
from pandaprobe_proxy.web.answers import Ask, missing, read_json, tell
from pandaprobe_proxy.web.call_views import CallViews, add_call_views
from pandaprobe_proxy.web.export import add_export
from pandaprobe_proxy.web.guard import Handling, guard
from pandaprobe_proxy.web.labels import add_labels
from pandaprobe_proxy.web.live import add_live
from pandaprobe_proxy.web.openapi import add_openapi
from pandaprobe_proxy.web.operations import add_operations
from pandaprobe_proxy.web.queries import SESSION, read_after, read_limit, read_session_id
from pandaprobe_proxy.web.session_views import SessionViews, add_session_views
from pandaprobe_proxy.web.sidecar import Asked, RouteLike, Sidecar
from pandaprobe_proxy.web.static import Files, add_static
from pandaprobe_proxy.web.sum_views import SumViews, add_sum_views

Json = Any
LIMIT_BYTES = 64 * 1024 * 1024


def build(sidecar: Sidecar, routes: Sequence[RouteLike], hosts: frozenset[str]) -> web.Application:
    """The application. `hosts` are the Host headers that it answers to, port included."""
    ask = Ask(sidecar.reader)
    app = web.Application(client_max_size=LIMIT_BYTES, middlewares=[guard(hosts, sidecar.token, routes)])
    add_operations(app, sidecar.relays, sidecar.metrics)
    files = Files()
    add_static(app, files)
    add_export(app, ask, files)
    add_session_views(app, SessionViews(ask, sidecar.now_ns))
    add_call_views(app, CallViews(ask, sidecar.now_ns))
    add_sum_views(app, SumViews(ask, sidecar.now_ns, sidecar.status))
    add_live(app, ask)
    add_labels(app, ask, sidecar.submit)
    add_openapi(app)
    pages = _Pages(sidecar, ask)
    app.router.add_delete(SESSION, pages.delete_session)
    app.router.add_post(f"{SESSION}/close", pages.close_session)
    app.router.add_post(f"{SESSION}/reopen", pages.reopen_session)
    app.router.add_get("/changes", pages.changes)
    app.router.add_get("/corrections", pages.corrections)
    app.router.add_post("/corrections", pages.correct)
    app.router.add_delete("/corrections/newest", pages.undo)
    app.router.add_post("/judgements", pages.judge)
    app.router.add_post("/redecode", pages.redecode)
    app.router.add_get("/traces/{trace_id}", pages.trace)
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


class _Pages:
    """The endpoints."""

    def __init__(self, sidecar: Sidecar, ask: Ask) -> None:
        self._sidecar = sidecar
        self._ask = ask

    async def delete_session(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        count = await self._sidecar.submit(lambda writer: writer.delete_session(session_id))
        if count is None:
            raise missing(f"session {session_id!r}")
        return tell({"deleted": count})

    async def close_session(self, request: web.Request) -> web.Response:
        """Somebody says that it is over."""
        session_id = read_session_id(request)
        return tell(session_json(await self._sidecar.submit(lambda writer: writer.close_session(session_id))))

    async def reopen_session(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        row = await self._sidecar.submit(lambda writer: writer.reopen_session(session_id))
        if row is None:
            raise missing(f"session {session_id!r}")
        return tell(session_json(row))

    async def changes(self, request: web.Request) -> web.Response:
        """Those after a number, or the newest; `after` of the answer is where to go on."""
        limit, after, session_id = read_limit(request), read_after(request), request.query.get("session_id")
        told = await self._ask(lambda reader: reader.changes(limit, after, session_id))
        newest = told[-1].number if told else after or 0
        return tell({**items_json([change_json(one) for one in told], limit), "after": newest})

    async def corrections(self, request: web.Request) -> web.Response:
        limit = read_limit(request)
        made = await self._ask(lambda reader: reader.corrections(limit))
        return tell(items_json([corrected_json(one) for one in made], limit))

    async def correct(self, request: web.Request) -> web.Response:
        """Puts calls into another session than they were resolved to."""
        try:
            asked = msgspec.convert(await read_json(request), Correction)
        except msgspec.ValidationError as error:
            raise web.HTTPUnprocessableEntity(reason=f"This is no correction: {error}."[:200]) from error
        return tell(msgspec.to_builtins(await self._sidecar.submit(lambda writer: writer.correct(asked))))

    async def undo(self, request: web.Request) -> web.Response:
        undone = await self._sidecar.submit(lambda writer: writer.undo())
        if undone is None:
            raise missing("correction that stands")
        return tell(msgspec.to_builtins(undone))

    async def judge(self, request: web.Request) -> web.Response:
        """Keeps what evaluators have said of sessions, and what judges have answered."""
        try:
            asked = msgspec.convert(await read_json(request), Judgements)
        except msgspec.ValidationError as error:
            raise web.HTTPUnprocessableEntity(reason=f"These are no judgements: {error}."[:200]) from error
        answers = await self._sidecar.submit(lambda writer: writer.put_answers(asked.answers)) if asked.answers else 0
        kept = await self._sidecar.submit(lambda writer: writer.put_judged(asked.judged))
        return tell({"kept": kept, "answers": answers})

    async def redecode(self, request: web.Request) -> web.Response:
        """One step; its answer says where the next one goes on."""
        asked = await read_json(request)
        try:
            after = int(asked["after"])
            wish = Wish(asked.get("session_id"), bool(asked.get("dry_run")), bool(asked.get("every")))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise web.HTTPUnprocessableEntity(reason="after is a number, 0 to begin with.") from error
        rereading = Rereading(self._sidecar.decode, self._sidecar.price, wish)
        step = await self._sidecar.submit(lambda writer: writer.redecode(after, rereading))
        return tell(msgspec.to_builtins(step))

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = request.match_info["trace_id"]
        row = await self._ask(lambda reader: reader.trace(trace_id))
        if row is None:
            raise missing(f"trace {trace_id!r}")
        return tell(trace_json(row))

    def taking(self, route: RouteLike) -> Handling:
        """The endpoint of a route that takes something in."""

        async def take(request: web.Request) -> web.Response:
            body = await read_json(request)
            asked = Asked(
                params=dict(request.match_info),
                query=dict(request.query),
                body=await asyncio.to_thread(self._sidecar.redact, body),
                at_ns=self._sidecar.now_ns(),
                new_id=self._sidecar.new_id,
                agent=request.headers.get("User-Agent", ""),
            )
            reply = await self._sidecar.submit(lambda writer: route.answer(asked, writer))
            return tell(reply.body, reply.status, reply.headers)

        return take
