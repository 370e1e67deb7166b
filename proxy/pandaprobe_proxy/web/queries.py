"""What a request says in its path and query, checked: each raises what is answered with 422 and one sentence."""

from aiohttp import web

from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.sessions.clues import read_visible

MOST_ITEMS = 200


def read_limit(request: web.Request) -> int:
    """How many items are asked for."""
    text = request.query.get("limit", "50")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ITEMS:
        raise web.HTTPUnprocessableEntity(reason=f"limit is a number from 1 to {MOST_ITEMS}.")
    return int(text)


def read_state(request: web.Request) -> State | None:
    text = request.query.get("state")
    try:
        return State(text) if text else None
    except ValueError as error:
        raise web.HTTPUnprocessableEntity(reason=f"state is one of {', '.join(State)}.") from error


def read_session_id(request: web.Request) -> str:
    """The one in the path, which need not be known."""
    text = request.match_info["session_id"]
    if read_visible(text) != text:
        raise web.HTTPUnprocessableEntity(reason="A session id is 1 to 255 characters of visible text.")
    return text


def read_after(request: web.Request) -> int | None:
    """The number of a change; None if it is not given."""
    text = request.query.get("after")
    if text is None:
        return None
    if not (text.isdecimal() and int(text) < 2**63):
        raise web.HTTPUnprocessableEntity(reason="after is the number of a change, 0 to begin with.")
    return int(text)
