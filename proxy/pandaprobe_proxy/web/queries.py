"""What a request says in its path and query, checked: each raises what is answered with 422 and one sentence."""

import base64
import binascii
import math

import msgspec
from aiohttp import web

from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.sessions.visible import read_visible
from pandaprobe_proxy.store.filters import BadFilter, Term, parse
from pandaprobe_proxy.store.views import SORTS, Cursor
from pandaprobe_proxy.web.answers import unfit

MOST_ITEMS = 200
SESSION = "/sessions/{session_id:[^/]+}"
"""The path of a session. Its id may hold any character; left to itself, the router takes none with braces."""


def read_limit(request: web.Request) -> int:
    text = request.query.get("limit", "50")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ITEMS:
        raise unfit(f"limit is a number from 1 to {MOST_ITEMS}.")
    return int(text)


def read_state(request: web.Request) -> State | None:
    text = request.query.get("state")
    try:
        return State(text) if text else None
    except ValueError as error:
        raise unfit(f"state is one of {', '.join(State)}.") from error


def read_session_id(request: web.Request) -> str:
    """The one in the path, which need not be known."""
    text = request.match_info["session_id"]
    if read_visible(text) != text:
        raise unfit("A session id is 1 to 255 characters of visible text.")
    return text


def read_after(request: web.Request) -> int | None:
    """The number of a change; None if it is not given."""
    text = request.query.get("after")
    if text is None:
        return None
    if not (text.isdecimal() and int(text) < 2**63):
        raise unfit("after is the number of a change, 0 to begin with.")
    return int(text)


def read_terms(request: web.Request, now_ns: int) -> tuple[Term, ...]:
    """The filter of `where`; see store.filters."""
    try:
        return parse(request.query.get("where", ""), now_ns)
    except BadFilter as error:
        raise unfit(f"where: {error}") from error


def read_sort(request: web.Request) -> str:
    text = request.query.get("sort") or SORTS[0]
    if text not in SORTS:
        raise unfit(f"sort is one of {', '.join(SORTS)}.")
    return text


def write_cursor(cursor: Cursor | None) -> str | None:
    """Opaque to who asks: the place of the last row."""
    return None if cursor is None else base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(request: web.Request) -> Cursor | None:
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value, key = msgspec.json.decode(data, type=tuple[int | float, int])
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise unfit("cursor is what `next` of the page before said.") from error
    if not math.isfinite(value) or abs(value) >= 2**63 or abs(key) >= 2**63:
        raise unfit("cursor is what `next` of the page before said.")
    return value, key
