"""Frames of AWS event streams, and events as their reader gives them."""

import json
import struct
import zlib
from base64 import b64encode
from typing import Any

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

EVENT_STREAM: Headers = ((b"Content-Type", b"application/vnd.amazon.eventstream"),)


def frame(name: str, value: Any) -> bytes:
    """One event of that type; an exception if its name says so."""
    kind = "exception" if name.endswith("Exception") else "event"
    named = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(_write_header(key, text) for key, text in named.items())
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return head + struct.pack(">I", zlib.crc32(head))


def _write_header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def chunk(native: Any) -> dict[str, Any]:
    """What the frame of an invocation holds."""
    data = native if isinstance(native, bytes) else json.dumps(native).encode()
    return {"bytes": b64encode(data).decode(), "p": "abc"}


def named_events(*pairs: tuple[str, Any]) -> list[StreamEvent]:
    """Events of those types, each ending one byte further."""
    named = ((f"exception:{name}" if name.endswith("Exception") else name, value) for name, value in pairs)
    return [
        StreamEvent(name, value if isinstance(value, str) else json.dumps(value), "", at)
        for at, (name, value) in enumerate(named, 1)
    ]
