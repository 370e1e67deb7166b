"""What the headers of a call say of its session. What cannot be a session id is kept as evidence and never used."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.baggage import read_baggage
from pandaprobe_proxy.sessions.ladder import IN_HEADERS, OURS, SHARED, VENDOR, Form, Rung, Where, is_vendor_name

MAX_CHARS = 255
MOST_CLUES = 24
_ID = re.compile(r"[A-Za-z0-9_-]{8,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_NAMES = frozenset(rung.name if rung.name == VENDOR else rung.name.lower() for rung in (*OURS, *IN_HEADERS))

_Lines = dict[str, list[tuple[str, bytes]]]
"""By name: the name that a clue has, and the value, of each line."""


@dataclass(frozen=True, slots=True)
class _Sent:
    headers: _Lines
    """By their names in lower case."""
    baggage: _Lines


def read_clues(headers: Headers, extra: Sequence[str] = ()) -> tuple[Clue, ...]:
    """Every different value under a name of the ladder, strongest first; `extra` are the user's own header names."""
    sent = _Sent(_by_name(headers), _by_key(headers))
    if not (sent.baggage or not sent.headers.keys().isdisjoint(_NAMES) or extra):
        return ()
    own = (Rung(name, Source.HEADER, Where.HEADER, 1.0, "you") for name in extra)
    rungs = (*OURS, *own, *IN_HEADERS)
    return gather(make_clue(rung, name, value) for rung in rungs for name, value in _find(rung, sent))


def _by_name(headers: Headers) -> _Lines:
    """The headers, and under VENDOR those that have no rung but that one."""
    lines: _Lines = {}
    for key, value in headers:
        name = key.decode("latin-1")
        lines.setdefault(VENDOR if is_vendor_name(name.lower()) else name.lower(), []).append((name, value))
    return lines


def _by_key(headers: Headers) -> _Lines:
    lines: _Lines = {}
    for key, value in read_baggage(headers):
        lines.setdefault(key, []).append((key, value))
    return lines


def _find(rung: Rung, sent: _Sent) -> Iterator[tuple[str, bytes | str]]:
    """The name that a clue has, and its value, of everything that was sent under a rung's."""
    if rung.where is Where.BAGGAGE:
        return iter(sent.baggage.get(rung.name, ()))
    if rung.name == VENDOR:
        return iter(sent.headers.get(VENDOR, ()))
    values = (value for _, value in sent.headers.get(rung.name.lower(), ()))
    if rung.field:
        found = (read_field(value, rung.field) for value in values)
        return ((f"{rung.name}.{rung.field}", text) for text in found if text is not None)
    return ((rung.name, value) for value in values)


def read_field(value: bytes | str, field: str) -> str | None:
    """A text of the JSON object that the value is; None if it is none, or has no such text."""
    try:
        fields = parse_json(value)
    except ValueError:
        return None
    found = fields.get(field) if isinstance(fields, dict) else None
    return found if isinstance(found, str) else None


def make_clue(rung: Rung, name: str, value: bytes | str) -> Clue:
    """What a value under a rung's name is worth."""
    text = read_visible(value)
    if text is None:
        shown = escape(value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))
        return Clue(rung.source, name, shown, valid=False, confidence=rung.confidence)
    return Clue(rung.source, name, text, _fits(text, rung.form), rung.confidence)


def _fits(text: str, form: Form) -> bool:
    if form is Form.ANY:
        return True
    if form is Form.HINT or text.lower() in SHARED:
        return False
    pattern = {Form.ID: _ID, Form.UUID: _UUID}.get(form)
    return pattern is None or pattern.fullmatch(text) is not None


def gather(clues: Iterable[Clue]) -> tuple[Clue, ...]:
    """Each once, by name and value, at most MOST_CLUES; the first valid one is always among them."""
    different: dict[tuple[str, str], Clue] = {}
    for clue in clues:
        different.setdefault((clue.name.lower(), clue.value), clue)
    found = tuple(different.values())
    kept, cut = found[:MOST_CLUES], found[MOST_CLUES:]
    valid = next((clue for clue in cut if clue.valid), None)
    return kept if valid is None or any(clue.valid for clue in kept) else (*kept[:-1], valid)


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
