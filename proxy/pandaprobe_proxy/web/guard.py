"""Who may ask the web port: this very port by name, no page of elsewhere, and whoever holds the token.

The token comes in a cookie, which a link with it sets once, or as `Authorization: Bearer`. Probes, metrics and static
files hold nothing that was recorded and need none; what SDKs post needs none either, for it only ever adds.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Any

from aiohttp import web

from pandaprobe_proxy.store.errors import Refused, StoreError
from pandaprobe_proxy.web.answers import tell
from pandaprobe_proxy.web.sidecar import RouteLike

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/livez", "/readyz", "/metrics"})
STATIC = "/ui/static/"
PAGES = "/ui"
COOKIE_S = 30 * 86_400
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types markdown dompurify"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": POLICY,
}
_LOCKED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>PandaProbe</title>
<p>{why} Run <code>pandaprobe-proxy open</code>: it opens this page with the token that belongs to it.</p></html>
"""
Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(hosts: frozenset[str], token: str, routes: Sequence[RouteLike]) -> Any:
    """The middleware. `hosts` are the Host headers that are answered; `routes` those that need no token."""
    free = {(route.method, route.path) for route in routes}

    @web.middleware
    async def guarded(request: web.Request, handler: Handling) -> web.StreamResponse:  # aiohttp's name for it
        response = _refuse(request, hosts) or _check(request, token, free)
        if response is None:
            response = await _answer(request, handler)
        if not response.prepared:  # a stream of events has sent its head long ago
            response.headers.update(HEADERS)
            if "X-Request-ID" in request.headers:
                response.headers["X-Request-ID"] = request.headers["X-Request-ID"]
        return response

    return guarded


async def _answer(request: web.Request, handler: Handling) -> web.StreamResponse:
    """What it answers, or what was wrong as JSON of one sentence."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return tell({"detail": error.reason}, error.status)
    except Refused as error:
        return tell({"detail": str(error)}, 409)
    except StoreError as error:
        return tell({"detail": str(error)}, 503, {"Retry-After": "1"})


def _refuse(request: web.Request, hosts: frozenset[str]) -> web.StreamResponse | None:
    """What no token helps against: other names, other pages."""
    host = request.headers.get("Host", "")
    if host not in hosts:
        return tell({"detail": f"This port answers to {', '.join(sorted(hosts))} only, not to {host!r}."}, 421)
    origin = request.headers.get("Origin")
    if origin is not None and origin.removeprefix("http://") not in hosts:
        return tell({"detail": f"Pages of {origin} may not use this port."}, 403)
    if request.method in SAFE:
        return None
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return tell({"detail": "Pages of other sites may not use this port."}, 403)
    if request.can_read_body and request.content_type != "application/json":
        return tell({"detail": "Send JSON, with Content-Type: application/json."}, 415)
    return None


def _check(request: web.Request, token: str, free: set[tuple[str, str]]) -> web.StreamResponse | None:
    """Whether the request shows the token, if it must; a link that does gets its cookie."""
    resource = request.match_info.route.resource
    if not token or request.path in OPEN or request.path.startswith(STATIC):
        return None
    if resource is not None and (request.method, resource.canonical) in free:
        return None
    name = _cookie_name(request)
    if _is(token, request.cookies.get(name)) or _is(token, _bearer(request)):
        return None
    if not request.path.startswith(PAGES) and request.path != "/":
        return tell({"detail": "This needs the token; run `pandaprobe-proxy open`, or send it as a Bearer."}, 401)
    shown = request.query.get("token")
    if not _is(token, shown):
        why = "That token is not this sidecar's." if shown else "This page shows what was recorded."
        return web.Response(text=_LOCKED.format(why=escape(why)), status=401, content_type="text/html")
    to = request.rel_url.without_query_params("token")
    response = web.Response(status=303, headers={"Location": str(to)})
    response.set_cookie(name, token, max_age=COOKIE_S, httponly=True, samesite="Strict", path="/")
    return response


def _cookie_name(request: web.Request) -> str:
    """By port: a browser sends a host's cookies to all of its ports, and each sidecar has its own token."""
    return f"pandaprobe-{request.headers.get('Host', '').rpartition(':')[2]}"


def _bearer(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def _is(token: str, shown: str | None) -> bool:
    return shown is not None and hmac.compare_digest(token.encode(), shown.encode())
