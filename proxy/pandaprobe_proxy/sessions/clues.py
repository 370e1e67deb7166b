"""What the headers of a call say of its session. What cannot be a session id is kept as evidence and never used."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.baggage import read_baggage
from pandaprobe_proxy.sessions.ladder import IN_HEADERS, OURS, SHARED, VENDOR, Form, Rung, Where, is_vendor_name
from pandaprobe_proxy.sessions.visible import escape, read_visible

MOST_CLUES = 24
_ID = re.compile(r"[A-Za-z0-9_-]{8,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_Lines = dict[str, list[tuple[str, bytes]]]
"""By its key: the name that a clue has, and the value, of each line that was sent."""


def _key_of(rung: Rung) -> str:
    """A header's name in lower case, VENDOR, or a baggage entry's name behind what no header's name can have."""
    if rung.where is Where.BAGGAGE:
        return f"baggage:{rung.name}"
    return rung.name if rung.name == VENDOR else rung.name.lower()


_OURS = tuple((_key_of(rung), rung) for rung in OURS)
_LADDER = tuple((_key_of(rung), rung) for rung in IN_HEADERS)


def read_clues(headers: Headers, extra: Sequence[str] = ()) -> tuple[Clue, ...]:
    """Every different value under a name of the ladder, strongest first; `extra` are the user's own header names."""
    own = {name.lower(): Rung(name, Source.HEADER, Where.HEADER, 1.0, "you") for name in extra}
    sent = _by_key(headers, own)
    rungs = ((rung, sent[key]) for key, rung in (*_OURS, *own.items(), *_LADDER) if key in sent)
    return gather(make_clue(rung, name, value) for rung, lines in rungs for name, value in _find(rung, lines))


def _by_key(headers: Headers, own: Container[str]) -> _Lines:
    """The headers and the baggage; under VENDOR the headers that have no rung but that one."""
    lines: _Lines = {}
    for key, value in headers:
        name = key.decode("latin-1")
        lower = name.lower()
        lines.setdefault(VENDOR if lower not in own and is_vendor_name(lower) else lower, []).append((name, value))
    for entry, said in read_baggage(headers) if "baggage" in lines else ():
        lines.setdefault(f"baggage:{entry}", []).append((entry, said))
    return lines


def _find(rung: Rung, lines: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes | str]]:
    """The name that a clue has, and its value, of everything that was sent under a rung's key."""
    for name, value in lines:
        if rung.where is Where.BAGGAGE or rung.name == VENDOR:
            yield name, value
        elif not rung.field:
            yield rung.name, value
        elif (text := read_field(value, rung.field)) is not None:
            yield f"{rung.name}.{rung.field}", text


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
