"""What an orchestrator and Prometheus ask: whether it lives, whether it relays, and numbers. Nothing that was recorded.

Neither probe looks at the store: a full disk must not take the app, whose sidecar this is, out of its service.
"""

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def add_operations(app: web.Application, relays: Callable[[], bool], metrics: Callable[[], bytes]) -> None:
    """Adds `/livez`, `/readyz` and `/metrics`. `relays()` tells whether the relay answers; both may block."""

    async def alive(request: web.Request) -> web.Response:
        return _told({"status": "ok"})

    async def ready(request: web.Request) -> web.Response:
        if await asyncio.to_thread(relays):
            return _told({"status": "ok"})
        return _told({"detail": "The relay does not answer."}, 503)

    async def measured(request: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(metrics), headers={"Content-Type": TEXT})

    app.router.add_get("/livez", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", measured)


def build_operations(relays: Callable[[], bool], metrics: Callable[[], bytes]) -> web.Application:
    """An application of these three alone, for an address that others may reach."""
    app = web.Application()
    add_operations(app, relays, metrics)
    return app


def _told(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", charset="utf-8"
    )
