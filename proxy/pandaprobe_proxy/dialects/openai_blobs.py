"""Images, audio and files as messages tell of them: by type, size and hash, never by their bytes."""

import binascii
from typing import Any

from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.wire.media_types import sniff_type

Json = Any


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text, padded or not; None if it is none."""
    try:
        return binascii.a2b_base64(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return None


def describe_base64(text: str, content_type: str = "") -> dict[str, Json]:
    """What is kept of base64; the text itself if it is none."""
    data = decode_base64(text)
    return {"base64": text} if data is None else Blob(content_type or sniff_type(data), data).describe()


def describe_url(url: str) -> dict[str, Json]:
    """What is kept of a URL: itself, unless it carries the bytes."""
    head, comma, text = url.partition(";base64,")
    return describe_base64(text, head.removeprefix("data:")) if comma and head.startswith("data:") else {"url": url}


def without_blobs(value: Json) -> Json:
    """The same fields of a form with files described, so that they can be written as JSON."""
    if isinstance(value, Blob):
        return value.describe()
    if isinstance(value, list):
        return [without_blobs(item) for item in value]
    return {key: without_blobs(item) for key, item in value.items()} if isinstance(value, dict) else value


def says_true(value: Json) -> bool:
    """Of a switch in JSON or in a form, where it is a text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
