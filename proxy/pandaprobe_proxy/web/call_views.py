"""What the viewer's pages ask of calls: lists, one call whole, what it changed, its pieces in time, its bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web

from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.sessions.difference import compare
from pandaprobe_proxy.store.base import Reader, StoredBody, StoredCall
from pandaprobe_proxy.store.media import tell as tell_media
from pandaprobe_proxy.store.shapes import call_json, items_json, stored_call_json
from pandaprobe_proxy.web.answers import Ask, missing, tell, tell_text, unfit
from pandaprobe_proxy.web.queries import read_cursor, read_limit, read_terms
from pandaprobe_proxy.web.session_views import page_json
from pandaprobe_proxy.web.snippets import FORMS

Json = Any


class CallViews:
    """The endpoints."""

    def __init__(self, ask: Ask, now_ns: Callable[[], int]) -> None:
        self._ask = ask
        self._now_ns = now_ns

    async def calls(self, request: web.Request) -> web.Response:
        """By a filter, page by page; or those after or before one, as the command line follows them."""
        limit, query = read_limit(request), request.query
        session_id, after, before = query.get("session_id"), query.get("after"), query.get("before")
        if after is not None or before is not None:
            rows = await self._ask(lambda reader: reader.calls(limit, session_id, after, before))
            return tell(items_json([call_json(row) for row in rows], limit))
        terms, cursor = read_terms(request, self._now_ns()), read_cursor(request)
        page = await self._ask(lambda reader: reader.list_calls(terms, session_id, limit, cursor))
        return tell(page_json(page, [call_json(row) for row in page.items], limit))

    async def call(self, request: web.Request) -> web.Response:
        return tell(stored_call_json(await self._stored(request)))

    async def body(self, request: web.Request) -> web.Response:
        """The bytes of one side, as a file; with `offset` and `length` a piece of them, as text to look at."""
        stored = await self._stored(request)
        if stored.row.connection:
            raise missing(f"body of a turn: the bytes are those of call {stored.row.connection}")
        side = request.match_info["side"]
        body: StoredBody = getattr(stored, side)
        if "offset" in request.query or "length" in request.query:
            offset, length = _read_number(request, "offset", 0), _read_number(request, "length", 65_536)
            return tell_text(body.data[offset : offset + length].decode(errors="replace"))
        name = f"{stored.row.call_id}.{side}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-PandaProbe-Coding": body.coding}
        return web.Response(body=body.data, content_type="text/plain", headers=headers)

    async def chunks(self, request: web.Request) -> web.Response:
        """The pieces of the answer as they came: milliseconds since the request's head, and lengths."""
        return tell(chunks_json(await self._stored(request)))

    async def form(self, request: web.Request) -> web.Response:
        write = FORMS.get(request.match_info["form"])
        if write is None:
            raise missing(f"form {request.match_info['form']!r}; there are {', '.join(FORMS)}")
        return tell_text(write(await self._stored(request)))

    async def neighbours(self, request: web.Request) -> web.Response:
        call_id = request.match_info["call_id"]
        return tell(msgspec.to_builtins(await self._ask(lambda reader: reader.beside_call(call_id))))

    async def diff(self, request: web.Request) -> web.Response:
        """What the call asks otherwise than the one that it goes on from, or the one before it in its session."""
        call_id = request.match_info["call_id"]
        found = await self._ask(lambda reader: read_diff(reader, call_id))
        if found is None:
            raise missing(f"call {call_id!r}")
        return tell(found)

    async def _stored(self, request: web.Request) -> StoredCall:
        call_id = request.match_info["call_id"]
        stored = await self._ask(lambda reader: reader.call(call_id))
        if stored is None:
            raise missing(f"call {call_id!r}")
        return stored


_NOTHING: Json = {"messages": [], "tools": [], "parameters": [], "cache": None}


def add_call_views(app: web.Application, views: CallViews) -> None:
    add = app.router.add_get
    add("/calls", views.calls)
    add("/calls/{call_id}", views.call)
    add("/calls/{call_id}/as/{form}", views.form)
    for name in ("chunks", "neighbours", "diff"):
        add(f"/calls/{{call_id}}/{name}", getattr(views, name))
    add("/calls/{call_id}/{side:request|response}", views.body)


def chunks_json(stored: StoredCall) -> Json:
    return {"at_ms": [at_ns / 1e6 for at_ns, _ in stored.chunks], "bytes": [size for _, size in stored.chunks]}


def read_diff(reader: Reader, call_id: str) -> Json:
    after, before, why = _read_pair(reader, call_id)
    if after is None:
        return None
    if before is None or before.call is None or after.call is None:
        return {"previous": before and before.row.call_id, "why": None, **_NOTHING}
    found = tell_media(msgspec.to_builtins(compare(_whole(before, before.call), _whole(after, after.call))))
    return {"previous": before.row.call_id, "why": why, **found}


def _read_pair(reader: Reader, call_id: str) -> tuple[StoredCall | None, StoredCall | None, str | None]:
    """A call, the one that it is compared with, and why with that."""
    after = reader.call(call_id)
    if after is None:
        return None, None, None
    if after.row.follows and (before := reader.call(after.row.follows)):
        return after, before, "follows"
    beside = reader.beside_call(call_id).previous
    return after, reader.call(beside) if beside else None, "same session, before"


def _whole(stored: StoredCall, call: Call) -> Call:
    """With what the provider held before it, as if it had been sent again."""
    return replace(call, input=(*stored.history, *call.input))


def _read_number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) >= 2**62:
        raise unfit(f"{name} is a number of bytes.")
    return int(text)
