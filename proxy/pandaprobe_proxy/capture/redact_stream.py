"""Masks, in the raw bytes of a stream, a secret that it carries in pieces, a few characters an event. Pure."""

import re
from collections.abc import Iterable

_FIELD = rb'"(?:content|text|delta|arguments|partial_json|reasoning|reasoning_content|refusal)": ?"'
_OTHER = rb"(?:(?!" + _FIELD + rb")[^\r\n])*"  # the rest of a line up to a field that carries text
_END = rb"(?:\r\n|\r|\n)"
# From the end of one event's text to the start of the next one's, over comments and the lines that name an event.
# Atomic: it matches in one way, or a secret that almost comes is tried in two ways per character, for ever.
_BETWEEN = (
    rb'(?>"'
    + _OTHER
    + _END
    + rb"(?:(?:(?:event|id|retry)?:[^\r\n]*)?"
    + _END
    + rb")*data: ?"
    + _OTHER
    + _FIELD
    + rb")?"
)
_JUNK = re.compile(_BETWEEN[:-1])


def mask(stream: bytes, secrets: Iterable[bytes]) -> bytes:
    """The stream with every character of these secrets replaced by `x`, whatever events it was split over."""
    for secret in secrets:
        pattern = re.compile(_BETWEEN.join(re.escape(secret[i : i + 1]) for i in range(len(secret))))
        stream = pattern.sub(_cross_out, stream)
    return stream


def _cross_out(match: re.Match[bytes]) -> bytes:
    parts: list[bytes] = []
    at = 0
    for junk in _JUNK.finditer(match[0]):
        parts += (b"x" * (junk.start() - at), junk[0])
        at = junk.end()
    parts.append(b"x" * (len(match[0]) - at))
    return b"".join(parts)
