"""What a call says of itself beside its session: user, tags, metadata, trace, how much to keep, W3C trace context.

A bad value never fails a call: it is ignored, and a warning says why. Warnings never quote a value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from pandaprobe_proxy.dialects.json_values import mend, parse_json
from pandaprobe_proxy.model.exchange import Headers, find_header
from pandaprobe_proxy.sessions.visible import read_visible

Json = Any
MAX_TAGS = 50
MAX_TAG_CHARS = 100
MAX_METADATA_BYTES = 16 * 1024
MAX_PROPERTIES = 50
_PROPERTY = b"helicone-property-"
_PARENTS = (b"x-pandaprobe-parent-session", b"x-parent-session-id", b"x-agentweave-parent-session-id")
_AGENT, _PARENT_AGENT = b"x-claude-code-agent-id", b"x-claude-code-parent-agent-id"
_USER, _TAGS, _METADATA, _TRACE, _CAPTURE = (
    b"x-pandaprobe-" + name for name in (b"user", b"tags", b"metadata", b"trace", b"capture")
)
_PATH, _TRACE_CONTEXT = b"helicone-session-path", b"traceparent"
_USERS = (_USER, b"helicone-user-id")
_NAMES = frozenset(
    {*_USERS, _TAGS, _METADATA, _TRACE, _CAPTURE, _PATH, _TRACE_CONTEXT, *_PARENTS, _AGENT, _PARENT_AGENT}
)
CAPTURES = ("full", "metadata", "off")
_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Labels:
    """None and empty mean: not said."""

    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Json] | None = None
    trace_id: str | None = None
    """Of the trace that the call belongs to, canonical."""
    parent_span_id: str | None = None
    capture: str | None = None
    """`full`, `metadata` or `off`."""
    traceparent: str | None = None
    """W3C trace context, as it was sent. It names no trace of ours."""
    parent_session: str | None = None
    session_path: str | None = None
    """Of the call within its session, as Helicone-Session-Path says it."""
    agent: str | None = None
    parent_agent: str | None = None
    warnings: tuple[str, ...] = ()


def read_labels(headers: Headers) -> Labels:
    """The labels in the X-PandaProbe-* headers, in those of peers that mean the same, and in `traceparent`."""
    names = [name.lower() for name, _ in headers]
    if _NAMES.isdisjoint(names) and not any(name.startswith(_PROPERTY) for name in names):
        return Labels()
    warnings: list[str] = []
    trace_id, parent_span_id = _read_trace(headers, warnings)
    return Labels(
        user_id=_read_user(headers, warnings),
        tags=_read_tags(headers, warnings),
        metadata=_read_metadata(headers, warnings),
        trace_id=trace_id,
        parent_span_id=parent_span_id,
        capture=_read_capture(headers, warnings),
        traceparent=_read_traceparent(headers),
        parent_session=_read_first(headers, _PARENTS),
        session_path=_read_first(headers, (_PATH,)),
        agent=_read_first(headers, (_AGENT,)),
        parent_agent=_read_first(headers, (_PARENT_AGENT,)),
        warnings=tuple(warnings),
    )


def _read_user(headers: Headers, warnings: list[str]) -> str | None:
    value = find_header(headers, _USER)
    if value is not None and read_visible(value) is None:
        warnings.append("X-PandaProbe-User was ignored: a user id is 1 to 255 characters of visible text")
    return _read_first(headers, _USERS)


def _read_first(headers: Headers, names: Sequence[bytes]) -> str | None:
    """The first visible text under one of these names, the strongest first."""
    values = (value for wanted in names for name, value in headers if name.lower() == wanted)
    return next((text for value in values if (text := read_visible(value)) is not None), None)


def _read_tags(headers: Headers, warnings: list[str]) -> tuple[str, ...]:
    values = [value for name, value in headers if name.lower() == _TAGS]
    named = [part for part in b",".join(values).split(b",") if part.strip(b" \t")]
    read = [read_visible(part) for part in named]
    tags = dict.fromkeys(tag for tag in read if tag is not None and len(tag) <= MAX_TAG_CHARS)
    if any(tag is None or len(tag) > MAX_TAG_CHARS for tag in read):
        warnings.append(f"a tag was ignored: a tag is 1 to {MAX_TAG_CHARS} characters of visible text")
    if len(tags) > MAX_TAGS:
        warnings.append(f"{len(tags) - MAX_TAGS} tags were ignored: a call has at most {MAX_TAGS}")
    return tuple(tags)[:MAX_TAGS]


def _read_metadata(headers: Headers, warnings: list[str]) -> dict[str, Json] | None:
    """Ours, and Helicone's properties, where ours does not say otherwise."""
    own = _read_own_metadata(headers, warnings)
    properties = _read_properties(headers)
    return properties | (own or {}) if properties else own


def _read_properties(headers: Headers) -> dict[str, Json]:
    """Helicone-Property-NAME: each is a text by the name. What cannot be one is left out."""
    said = ((name[len(_PROPERTY) :], value) for name, value in headers if name.lower().startswith(_PROPERTY))
    read = ((name.decode("latin-1"), read_visible(value)) for name, value in said)
    return dict(islice(((name, text) for name, text in read if name and text is not None), MAX_PROPERTIES))


def _read_own_metadata(headers: Headers, warnings: list[str]) -> dict[str, Json] | None:
    value = find_header(headers, _METADATA)
    if value is None:
        return None
    try:
        metadata = parse_json(value) if len(value) <= MAX_METADATA_BYTES else None
    except ValueError:
        metadata = None
    if isinstance(metadata, dict):
        return dict(mend(metadata))
    warnings.append("X-PandaProbe-Metadata was ignored: it must be a JSON object of at most 16 KiB")
    return None


def _read_trace(headers: Headers, warnings: list[str]) -> tuple[str | None, str | None]:
    value = find_header(headers, _TRACE)
    if value is None:
        return None, None
    trace, slash, span = value.decode("latin-1").partition("/")
    trace_id, span_id = read_uuid(trace), read_uuid(span)
    if trace_id is None or (slash and span_id is None):
        warnings.append("X-PandaProbe-Trace was ignored: it must be a trace's UUID, or that, a slash and a span's UUID")
        return None, None
    return trace_id, span_id


def read_uuid(text: str) -> str | None:
    """A UUID in canonical form, from that or from 32 hexadecimal digits; None if it is neither, or nil."""
    text = text.strip(" \t")
    if not _ID.fullmatch(text):
        return None
    found = UUID(text)
    return str(found) if found.int else None


def _read_capture(headers: Headers, warnings: list[str]) -> str | None:
    value = find_header(headers, _CAPTURE)
    if value is None:
        return None
    capture = value.decode("latin-1").strip(" \t").lower()
    if capture in CAPTURES:
        return capture
    warnings.append("X-PandaProbe-Capture was ignored: it must be full, metadata or off")
    return None


def _read_traceparent(headers: Headers) -> str | None:
    """Other people's context: a bad one is nobody's mistake here, so it is left out without a word."""
    value = (find_header(headers, _TRACE_CONTEXT) or b"").decode("latin-1").strip(" \t")
    return value if _TRACEPARENT.fullmatch(value) else None
