"""The headers of ours that a request gets if the sidecar reads it, and takes them off. To anybody else: none, ever."""

import json
from collections.abc import Callable

from pandaprobe.context import current_place, current_session, current_user, outer_session, tell_once
from pandaprobe.settings import TRANSPARENT, Origin, current, to_origin

SESSION, USER, TRACE = "X-PandaProbe-Session", "X-PandaProbe-User", "X-PandaProbe-Trace"
SESSION_ALIAS = "X-PandaProbe-Session-Id"
PARENT = "X-PandaProbe-Parent-Session"
TAGS, METADATA = "X-PandaProbe-Tags", "X-PandaProbe-Metadata"
METADATA_BYTES = 8192


def may_set(name: str, find: Callable[[str], object]) -> bool:
    """Whether a request gets this header: one that was set by hand wins, one that every request of the process has
    does not. `find` gives the value of a header of the request, or None. A parent is that of our session only.
    """
    session = (SESSION, SESSION_ALIAS)
    names = {SESSION: session, PARENT: (PARENT, *session)}.get(name, (name,))
    given = [(each, value) for each in names if (value := find(each)) is not None]
    return all(each in session and value in current().process_sessions for each, value in given)


def stamp(host: str | None, port: int | None, via: Origin | None = None) -> list[tuple[str, bytes]]:
    """The headers for a request to that address, `via` a proxy if not directly: names, and values in UTF-8.

    Never raises.
    """
    try:
        return _headers() if host and _is_ours(host, port or 80, via) else []
    except Exception as error:
        tell_once(f"a call could not be told its session: {type(error).__name__}")
        return []


def _is_ours(host: str, port: int, via: Origin | None) -> bool:
    """Whether the sidecar reads the request, and takes our headers off it. A proxy that is not ours would not."""
    settings = current()
    if to_origin(host, port) in settings.origins:
        return True
    by = settings.interceptor
    if by is None or by not in (via, TRANSPARENT):
        return False
    return any(pattern.fullmatch(f"{host}:{port}") for pattern in settings.intercepted)


def _headers() -> list[tuple[str, bytes]]:
    headers: list[tuple[str, bytes]] = []
    session, user, place = current_session(), current_user(), current_place()
    outer = outer_session()
    if outer:  # before the session, since whether it may be set depends on whose session the request has
        headers.append((PARENT, outer.encode()))
    if session:
        headers.append((SESSION, session.encode()))
    if user:
        headers.append((USER, user.encode()))
    if place:
        headers.append((TRACE, f"{place.trace_id}/{place.span_id}".removesuffix("/None").encode()))
        if place.trace is not None:
            place.trace.stamped += 1
            headers += _labels(place.trace.tags, place.trace.metadata)
    return headers


def _labels(tags: list[str], metadata: dict[str, object]) -> list[tuple[str, bytes]]:
    headers: list[tuple[str, bytes]] = []
    clean = [tag.replace(",", " ") for tag in tags if tag.isprintable()]
    if clean:
        headers.append((TAGS, ",".join(clean).encode()))
    if metadata:
        text = json.dumps(metadata, default=repr, separators=(",", ":"))
        if len(text) <= METADATA_BYTES:
            headers.append((METADATA, text.encode()))
    return headers
