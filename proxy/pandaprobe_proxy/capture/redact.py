"""Takes secrets out of what is about to be stored. Bytes in, bytes out; the relay is never touched.

Four nets, each enough for its own case: an allow-list of headers; named fields of queries and JSON; the shapes of
known keys; and, per exchange, the very credentials that the app authenticated with, wherever they turn up again.
A secret is replaced by `[redacted:RULE:FINGERPRINT]`. The fingerprint is keyed per installation, so that "was it
the same key?" can be answered and nothing of the key can be.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_to_bytes

from pandaprobe_proxy.capture.redact_rules import (
    CREDENTIAL_NAME,
    CREDENTIALS,
    ESCAPED_FIELD,
    FIELD,
    FIELD_ANCHORS,
    FIELD_END,
    FIELD_END_BYTES,
    FIELD_NAME,
    HINT,
    KEPT_HEADERS,
    KEPT_PREFIXES,
    NO_CREDENTIALS,
    SECRET_QUERY,
    SHAPES,
    SUBPROTOCOL,
    SUBPROTOCOL_KEY,
    Shape,
)
from pandaprobe_proxy.model.exchange import Headers

SHORTEST_CREDENTIAL = 8
SHORT_BYTES = 200
REMEMBERED = 4096
_MARK = b"[redacted:"


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be stored, and how many secrets it held."""

    data: bytes
    count: int = 0


class Redactor:
    """Redaction with one installation's key (16 to 64 bytes) and the user's own patterns."""

    def __init__(self, key: bytes, patterns: Sequence[str] = ()) -> None:
        self._key = key
        self._own = [re.compile(pattern.encode()) for pattern in patterns]
        self._remembered = lru_cache(REMEMBERED)(self._clean)
        self._marked: Counter[str] = Counter()

    @property
    def rules(self) -> dict[str, int]:
        """The rules in force, and how often each has found something since this process began."""
        named = {shape.name for shape in SHAPES} | ({"custom"} if self._own else set())
        return {name: self._marked[name] for name in sorted(named | self._marked.keys())}

    def fingerprint(self, secret: bytes, size: int = 4) -> str:
        """Hexadecimal digits, two a byte, that equal secrets share, and that say nothing of the secret."""
        return blake2b(secret, digest_size=size, key=self._key).hexdigest()

    def mark(self, rule: str, secret: bytes) -> bytes:
        self._marked[rule] += 1
        return f"[redacted:{rule}:{self.fingerprint(secret)}]".encode()

    def body(self, data: bytes, known: Iterable[bytes] = ()) -> Redacted:
        """Text, JSON or any bytes without what looks like a secret, and without the `known` ones."""
        total = 0
        for secret in known:
            data, count = self._without(data, secret)
            total += count
        suspect = HINT.search(data) is not None
        if suspect:
            data, count = self._shaped(data)
            total += count
        for pattern in self._own:
            data, count = pattern.subn(lambda match: self.mark("custom", match[0]), data)
            total += count
        if suspect:
            data, count = self._named(data)
            total += count
        return Redacted(data, total)

    def _without(self, data: bytes, secret: bytes) -> tuple[bytes, int]:
        total = 0
        for form in _forms(secret):
            count = data.count(form)
            if count:
                data = data.replace(form, self.mark("credential", secret))
                total += count
        return data, total

    def _shaped(self, data: bytes) -> tuple[bytes, int]:
        total = 0
        for shape in SHAPES:
            if shape.anchor in data:
                data, count = self._cut_out(data, [(*match.span(), shape.name) for match in _search(shape, data)])
                total += count
        return data, total

    def _named(self, data: bytes) -> tuple[bytes, int]:
        lower = data.lower()
        matches = _search_fields(lower, (FIELD, ESCAPED_FIELD))
        spans = [(start, end, "field") for start, end in matches if not data.startswith(_MARK, start)]
        return self._cut_out(data, spans)

    def _cut_out(self, data: bytes, spans: Sequence[tuple[int, int, str]]) -> tuple[bytes, int]:
        if not spans:
            return data, 0
        parts: list[bytes] = []
        at = 0
        for start, end, rule in spans:
            parts += (data[at:start], self.mark(rule, data[start:end]))
            at = end
        parts.append(data[at:])
        return b"".join(parts), len(spans)

    def find(self, data: bytes, known: Iterable[bytes] = ()) -> list[bytes]:
        """The secrets in some text, as `body` would replace them."""
        found = [secret for secret in known if secret in data]
        suspect = HINT.search(data) is not None
        shapes = [shape for shape in SHAPES if shape.anchor in data] if suspect else []
        found += [match[0] for shape in shapes for match in _search(shape, data)]
        found += [match[0] for pattern in self._own for match in pattern.finditer(data)]
        found += [data[start:end] for start, end in _search_fields(data.lower(), (FIELD,))] if suspect else []
        return [secret for secret in found if not secret.startswith(_MARK)]

    def text(self, text: str, known: Iterable[bytes] = ()) -> str:
        """The same for a string."""
        return self._short(text.encode("utf-8", "surrogateescape"), tuple(known))

    def _short(self, data: bytes, known: tuple[bytes, ...]) -> str:
        """The same as text. Calls have much in common that is short: names, paths, values of headers."""
        if len(data) > SHORT_BYTES:
            return self._clean(data, known)
        return self._remembered(data, known)

    def _clean(self, data: bytes, known: tuple[bytes, ...]) -> str:
        return self.body(data, known).data.decode("utf-8", "replace")

    def json(self, value: Any) -> Any:
        """The same for every string of a JSON value, and for the whole value of a field whose name says secret."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(name)): self._json_field(str(name), item) for name, item in value.items()}
        return value

    def _json_field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) >= 4 and FIELD_NAME.fullmatch(name):
            return self.mark("field", value.encode("utf-8", "replace")).decode()
        return self.json(value)

    def headers(self, headers: Headers, known: Iterable[bytes] = ()) -> tuple[tuple[str, str], ...]:
        """Header lines as they may be stored: those of the allow-list, and of the others that they were there."""
        secrets = tuple(known)
        return tuple((_latin(name), self._header(_latin(name).lower(), value, secrets)) for name, value in headers)

    def _header(self, name: str, value: bytes, known: tuple[bytes, ...]) -> str:
        if name not in CREDENTIALS and (name in KEPT_HEADERS or name.startswith(KEPT_PREFIXES)):
            return self.url(value, known) if name == "location" else self._short(value, known)
        return f"[redacted, {len(value)} chars, fp={self.fingerprint(value)}]"

    def url(self, target: bytes, known: Iterable[bytes] = ()) -> str:
        """A URL or request target as it may be stored: without the values of secret parameters, and as a body."""
        path, mark, query = target.partition(b"?")
        if mark:
            target = path + mark + b"&".join(self._parameter(part) for part in query.split(b"&"))
        return self._short(target, tuple(known))

    def _parameter(self, part: bytes) -> bytes:
        name, mark, value = part.partition(b"=")
        secret = mark and value and _latin(name).lower() in SECRET_QUERY
        return name + mark + self.mark("query", value) if secret else part


def _search(shape: Shape, data: bytes) -> Iterator[re.Match[bytes]]:
    """The keys of this shape, in order. Looks from anchor to anchor, ten times as fast as a pattern looks through."""
    may_break_off = "whole" in shape.pattern.groupindex
    at = data.find(shape.anchor)
    while at >= 0:
        match = shape.pattern.match(data, at)
        if match and (not may_break_off or match["whole"]):
            yield match
        at = data.find(shape.anchor, match.end() if match else at + 1)


def _search_fields(lower: bytes, patterns: Sequence[re.Pattern[bytes]]) -> list[tuple[int, int]]:
    """Where the values of secret fields start and end in lower-cased text, in order."""
    values: list[tuple[int, int]] = []
    done = 0
    for end in sorted(_find_names(lower)):
        if end < done:
            continue  # within the value before
        name = FIELD_END.search(lower, max(done, end - FIELD_END_BYTES), end)
        match = name and next(filter(None, (pattern.match(lower, name.start()) for pattern in patterns)), None)
        if match:
            values.append(match.span("value"))
            done = match.end()
    return values


def _find_names(lower: bytes) -> Iterator[int]:
    """Where what may be the name of such a field ends, its quote included."""
    for anchor in FIELD_ANCHORS:
        at = lower.find(anchor)
        while at >= 0:
            yield at + len(anchor)
            at = lower.find(anchor, at + 1)


def find_credentials(headers: Headers, target: bytes = b"") -> tuple[bytes, ...]:
    """What a request authenticates with: header values, also without their scheme, and secret query parameters."""
    found = [part for name, value in headers for part in _credentials(_latin(name).lower(), value)]
    for part in target.partition(b"?")[2].split(b"&"):
        name, _, value = part.partition(b"=")
        if _latin(name).lower() in SECRET_QUERY:
            found += (value, unquote_to_bytes(value))
    return tuple(sorted({secret for secret in found if len(secret) >= SHORTEST_CREDENTIAL}, key=len, reverse=True))


def _credentials(name: str, value: bytes) -> list[bytes]:
    if name == SUBPROTOCOL:
        return SUBPROTOCOL_KEY.findall(value)
    if name in NO_CREDENTIALS or not (name in CREDENTIALS or CREDENTIAL_NAME.fullmatch(name)):
        return []
    scheme, *rest = value.split() or [b""]
    return [value, *rest, *(_password(part) for part in rest if scheme.lower() == b"basic")]


def _password(encoded: bytes) -> bytes:
    """Of the user and password that Basic authentication sends; empty if they cannot be read."""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _forms(secret: bytes) -> set[bytes]:
    """The secret as it is, and as JSON may write it."""
    quoted = secret.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return {secret, quoted, quoted.replace(b"/", b"\\/")}


def _latin(data: bytes) -> str:
    return data.decode("latin-1")
