"""`GET /scores`: what people and programs have given. What they post is the matter of `ingest.labels`."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from pandaprobe_proxy.evaluate.labels import stand
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.labels import Sought
from pandaprobe_proxy.store.shapes import items_json, score_json
from pandaprobe_proxy.web.queries import read_limit

NAMES = ("session_id", "trace_id", "span_id", "name", "author")
Ask = Callable[[Callable[[Reader], Any]], Awaitable[Any]]


def add_labels(app: web.Application, ask: Ask) -> None:
    """Adds `/scores`: the newest, oldest first; with `history=true` also those for which a later one stands."""

    async def scores(request: web.Request) -> web.Response:
        limit, sought = read_limit(request), Sought(**{name: request.query.get(name) for name in NAMES})
        found = await ask(lambda reader: reader.labels(sought, limit))
        told = found if request.query.get("history") == "true" else stand(found)
        body = msgspec.json.encode(items_json([score_json(score) for score in told], limit), enc_hook=str)
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    app.router.add_get("/scores", scores)
