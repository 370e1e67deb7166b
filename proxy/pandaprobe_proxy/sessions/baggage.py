"""W3C baggage: entries that travel with a request, as its headers write them. Pure.

https://www.w3.org/TR/baggage/. Properties of entries are left out; what is no entry is passed over.
"""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

from pandaprobe_proxy.model.exchange import Headers

MAX_BYTES = 8192
MAX_ENTRIES = 64
"""That much must cross every program, by §3.3; nothing is read of what is beyond."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


def read_baggage(headers: Headers) -> tuple[tuple[str, bytes], ...]:
    """(key, value without its percent-encoding) of every entry, in order; a key may come again."""
    joined = b",".join(value for name, value in headers if name.lower() == b"baggage")
    return tuple(islice(_read_entries(joined), MAX_ENTRIES)) if joined else ()


def _read_entries(joined: bytes) -> Iterator[tuple[str, bytes]]:
    members = joined[: MAX_BYTES + 1].split(b",")
    if len(joined) > MAX_BYTES:
        members.pop()  # cut in the middle
    for member in members:
        name, equals, value = (part.strip(b" \t") for part in member.split(b";", 1)[0].partition(b"="))
        if equals and _TOKEN.fullmatch(name) and _VALUE.fullmatch(value):
            yield name.decode(), unquote_to_bytes(value)
