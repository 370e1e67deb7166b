"""Bodies as a dialect reads them: content-coding undone, then JSON, the fields of a form, or a Blob."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.exchange import Headers, find_header
from pandaprobe_proxy.wire.content_coding import ContentDecoder, read_codings
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.multipart import read_parts

Json = Any
_SLICE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Plain:
    """A body without its content-coding."""

    data: bytes
    chunks: tuple[tuple[int, int], ...] = ()
    """As of an exchange, with the lengths of `data`; empty if nobody knows when its bytes arrived."""
    problem: str = ""
    """Why it is not whole."""


def undo(body: bytes, headers: Headers, chunks: tuple[tuple[int, int], ...]) -> Plain:
    """The body without its coding, as far as that goes. Its pieces are undone one by one, so that times still fit."""
    fits = sum(map(itemgetter(1), chunks)) == len(body)
    coding = b",".join(value for name, value in headers if name.lower() == b"content-encoding").decode("latin-1")
    try:
        if not read_codings(coding):
            return Plain(body, chunks if fits else ())
    except WireError as error:
        return Plain(b"", problem=str(error))
    decoder = ContentDecoder(coding)
    pieces = chunks if fits else tuple((0, _SLICE) for _ in range(0, len(body), _SLICE))
    parts: list[bytes] = []
    problem, at = "", 0
    try:
        for _, length in pieces:
            parts.append(decoder.feed(body[at : at + length]))
            at += length
    except WireError as error:
        problem = str(error)
    if not problem and not decoder.is_complete():
        problem = f"the {coding} body breaks off"
    known = tuple((at_ns, len(part)) for (at_ns, _), part in zip(pieces, parts, strict=False)) if fits else ()
    return Plain(b"".join(parts), known, problem)


def read_type(headers: Headers) -> str:
    """The whole content type of a body; empty if none is given."""
    return (find_header(headers, b"content-type") or b"").decode("latin-1").strip()


def read_body(data: bytes, content_type: str, blobs: bool = False) -> Json:
    """The object that a body holds. With `blobs`, a Blob of what is no JSON object. Raises ValueError."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return read_form(data, content_type)
    if blobs and (not kind.endswith("json") or not data.lstrip().startswith(b"{")):
        return Blob(kind, data)
    value = parse_json(data)
    if not isinstance(value, dict):
        raise ValueError("the body is JSON and no object")
    return value


def read_form(data: bytes, content_type: str) -> dict[str, Json]:
    """The fields of a form by name: texts, and Blobs for files. Raises ValueError."""
    fields: dict[str, Json] = {}
    for part in read_parts(data, content_type):
        text = part.filename is None
        value = part.data.decode("utf-8", "replace") if text else Blob(part.content_type, part.data, part.filename)
        held = fields.get(part.name)
        if part.name not in fields:
            fields[part.name] = value
        elif isinstance(held, list):
            held.append(value)
        else:
            fields[part.name] = [held, value]
    return fields
