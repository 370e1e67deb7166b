"""The parts of a `multipart/form-data` body (RFC 7578), for reading what was asked. Files stay where they are."""

import re
from dataclasses import dataclass
from email.message import Message

from pandaprobe_proxy.wire.errors import WireError

MAX_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `filename` is None for a plain field."""

    name: str
    filename: str | None
    content_type: str
    data: bytes


def read_parts(body: bytes, content_type: str) -> list[Part]:
    """The parts, as far as they are whole. Raises WireError if there is no boundary."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise WireError("the multipart body has no boundary")
    pieces = re.split(rb"(?:^|\r\n)--" + re.escape(boundary.encode("latin-1", "replace")), body)
    if len(pieces) > MAX_PARTS + 2:
        raise WireError(f"the multipart body has more than {MAX_PARTS} parts")
    whole = pieces[1:-1]  # before the first boundary and after the last one there is nothing
    return [part for piece in whole if (part := _read_part(piece)) is not None]


def _read_part(piece: bytes) -> Part | None:
    head, blank, data = piece.partition(b"\r\n\r\n")
    if not blank:
        return None
    fields = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        fields[header.strip().lower() or "-"] = value.strip()
    name = fields.get_param("name", header="content-disposition")
    filename = fields.get_filename()
    return Part(name if isinstance(name, str) else "", filename, fields.get("content-type", ""), data)
