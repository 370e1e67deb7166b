"""Images, audio and files in decoded values: told by type, size and hash instead of shown as base64. Pure."""

from base64 import b64decode
from hashlib import sha256
from typing import Any

from pandaprobe_proxy.wire.base64_runs import LEAST_BYTES, find_runs
from pandaprobe_proxy.wire.media_types import sniff_type

Json = Any
NAMES = ("media_type", "mimeType", "mime_type", "content_type")
"""Fields beside base64 that say what it is."""


def tell(value: Json) -> Json:
    """The value with every string of 1 KiB or more of base64 as `{"type", "bytes", "sha256"}` of what it encodes."""
    if isinstance(value, str):
        return _tell_text(value, "")
    if isinstance(value, dict):
        said = _read_type(value)
        return {name: _tell_text(item, said) if isinstance(item, str) else tell(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [tell(item) for item in value]
    return value


def shorten(text: str) -> str:
    """A text with base64 in it as people read it: what it is, in brackets."""
    return "".join(_say(part) if isinstance(part, dict) else part for part in _split(text, ""))


def leave_out(text: str) -> str:
    """A text without the base64 in it."""
    return "".join(part for part in _split(text, "") if isinstance(part, str))


def list_media(value: Json) -> list[str]:
    """What media a told value holds, in words."""
    if isinstance(value, dict):
        if value.keys() == {"type", "bytes", "sha256"}:
            return [_say(value)[1:-1]]
        return [said for item in value.values() for said in list_media(item)]
    return [said for item in value for said in list_media(item)] if isinstance(value, list) else []


def _tell_text(text: str, said: str) -> Json:
    parts = _split(text, said)
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2 and isinstance(parts[0], str) and _is_url_head(parts[0]):
        return parts[1]
    return "".join(_say(part) if isinstance(part, dict) else part for part in parts)


def _split(text: str, said: str) -> list[str | dict[str, Json]]:
    """The text as it is, but each base64 in it told."""
    data = text.encode("utf-8", "surrogatepass") if len(text) >= LEAST_BYTES else b""
    runs = find_runs(data)
    if not runs:
        return [text]
    parts: list[str | dict[str, Json]] = []
    at = 0
    for start, end in runs:
        before = data[at:start].decode("utf-8", "surrogatepass")
        parts += [before] if before else []
        parts.append(_describe(data[start:end], _read_url_type(before) or said))
        at = end
    rest = data[at:].decode("utf-8", "surrogatepass")
    return [*parts, rest] if rest else parts


def _describe(run: bytes, said: str) -> dict[str, Json]:
    plain = _decode(run)
    return {"type": said or sniff_type(plain), "bytes": len(plain), "sha256": sha256(plain).hexdigest()}


def _decode(run: bytes) -> bytes:
    run = run.replace(b"\\/", b"/").translate(bytes.maketrans(b"-_", b"+/"), b"\r\n\\=")
    return b64decode(run + b"=" * (-len(run) % 4)) if len(run) % 4 != 1 else run


def _read_type(fields: dict[str, Json]) -> str:
    """What fields beside base64 say it is: a media type, or `format`, which OpenAI's audio has."""
    said = next((fields[name] for name in NAMES if isinstance(fields.get(name), str)), "")
    kind = fields.get("format")
    return said or (f"audio/{kind}" if isinstance(kind, str) and kind.isalnum() else "")


def _is_url_head(text: str) -> bool:
    return text.startswith("data:") and text.endswith(";base64,") and len(text) < 256


def _read_url_type(before: str) -> str:
    """The media type of a data URL whose base64 comes next."""
    head = before[before.rfind("data:") :] if "data:" in before[-256:] else ""
    return head.removeprefix("data:").partition(";")[0] if _is_url_head(head) else ""


def _say(told: dict[str, Json]) -> str:
    return f"[{told['type']}, {told['bytes']} bytes, sha256 {told['sha256']}]"
