"""Finds long base64 in bytes of JSON or text: what a whole string consists of, and what follows `;base64,` (RFC 2397).

Both alphabets of RFC 4648, with what writers of JSON make of them: escaped slashes, `\\u002B`, lines of their own.
"""

import re
from collections.abc import Iterator

LEAST_BYTES = 1024
"""Shorter ones are not looked for."""
MOST = 4096
"""So many data URLs are looked at in one body; the others stay where they are."""
SHORTEST_LINE = 57
"""Where base64 has lines, they are longer."""
_MARK = b";base64,"
_CHARS = rb"[A-Za-z0-9+/_-]"
_LINE = _CHARS + rb"+(?:\\(?:/|u00(?:2[bBfF]|3[dD]))" + _CHARS + rb"*)*"
_RUN = re.compile(_LINE + rb"(?:(?:(?:\\r)?\\n|\r?\n)" + _LINE + rb")*={0,2}")
_BREAK = re.compile(rb"\\[rn]|[\r\n]")
_TAIL = re.compile(rb"(?:\\[rn]|[\r\n\\])*")
"""What may stand between a run and the end of its string."""


def find_runs(data: bytes) -> list[tuple[int, int]]:
    """Where they start and end, in order. Linear in the size of the data."""
    if len(data) < LEAST_BYTES:
        return []
    return sorted((*_find_whole(data), *_find_marked(data)))


def _find_whole(data: bytes) -> Iterator[tuple[int, int]]:
    """Strings between quotes, or between them and either end, that are nothing else."""
    at, size = 0, len(data)
    while size - at >= LEAST_BYTES:
        last = data.rfind(b'"', at, at + LEAST_BYTES)
        if last >= 0:
            at = last + 1
            continue
        end = data.find(b'"', at)
        end = size if end < 0 else end
        run = _match(data, at)
        if run is not None and _TAIL.match(data, run).end() == end:  # type: ignore[union-attr]  # it matches nothing, too
            yield at, run
        at = end + 1


def _find_marked(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    for _ in range(MOST):
        at = data.find(_MARK, at)
        if at < 0:
            return
        at += len(_MARK)
        run = _match(data, at)
        if run is not None:
            yield at, run
            at = run


def _match(data: bytes, at: int) -> int | None:
    """Where the run that starts here ends; None if there is none that is long enough."""
    if _BREAK.search(data, at, at + SHORTEST_LINE):
        return None
    found = _RUN.match(data, at)
    return found.end() if found is not None and found.end() - at >= LEAST_BYTES else None
