"""What a call says of its session. A value that cannot be a session id is kept as evidence and never used."""

from unicodedata import category

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.session import Clue, Source

MAX_CHARS = 255
SESSION_HEADERS = ("X-PandaProbe-Session", "X-PandaProbe-Session-Id")
"""Strongest first."""


def read_clues(headers: Headers) -> tuple[Clue, ...]:
    """Every different value under the session headers, strongest name first, then in their order."""
    clues: dict[Clue, None] = {}
    for name in SESSION_HEADERS:
        wanted = name.lower().encode()
        clues |= {_read_clue(name, value): None for key, value in headers if key.lower() == wanted}
    return tuple(clues)


def _read_clue(name: str, value: bytes) -> Clue:
    text = read_visible(value)
    if text is None:
        return Clue(Source.HEADER, name, escape(value), valid=False)
    return Clue(Source.HEADER, name, text)


def read_visible(value: bytes | str) -> str | None:
    """The text without surrounding whitespace if it is 1 to 255 visible characters (UTF-8), else None.

    Inner spaces and all scripts are fine; control characters, line separators and a text with nothing to see are not.
    """
    try:
        text = (value.decode() if isinstance(value, bytes) else value).strip(" \t")
    except UnicodeDecodeError:
        return None
    kinds = {category(character) for character in text}
    if len(text) > MAX_CHARS or kinds & {"Cc", "Cs", "Zl", "Zp"} or not kinds - {"Cf", "Zs"}:
        return None
    return text


def escape(value: bytes) -> str:
    """Any bytes as visible text for a reader, cut to 255 characters."""
    text = value[: 4 * MAX_CHARS].decode("utf-8", "backslashreplace")
    shown = (_escape_character(character) for character in text[:MAX_CHARS])
    return "".join(shown)[:MAX_CHARS]


def _escape_character(character: str) -> str:
    if category(character) in {"Cc", "Cf", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode()
    return character
