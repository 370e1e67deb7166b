"""Asks for the usage of a stream in the app's stead, where the user wants that and the app left it open. Pure.

The one place where the relay changes what crosses it. A request for a stream of OpenAI's chat or text completions that
does not say `stream_options.include_usage` gets it; the chunk that the answer then has more is kept from the client. A
host that refuses the option is asked again without it, at once, and from then on never with it.
"""

import re

import msgspec

from pandaprobe_proxy.model.exchange import find_header
from pandaprobe_proxy.relay.http1 import Framing, Request, Response

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request that are held back until it is whole; a larger one crosses as it is."""
MAX_EVENT = 1024 * 1024
"""Bytes of an event that are held back; from a larger one on, the stream crosses as it is."""
MAX_HOSTS = 1024
REFUSALS = frozenset({400, 404, 422})

_PATH = re.compile(rb"/(?:chat/)?completions/?(?:\?|$)")
_JSON = re.compile(rb"\s*application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)
_STREAM = re.compile(rb"\s*text/event-stream\s*(?:;|$)", re.IGNORECASE)
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_OPEN = b'{"include_usage":true'
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode


class Injection:
    """Which requests are amended: none at all unless the user wants it, and none to hosts that refused."""

    def __init__(self, wanted: bool = False) -> None:
        self._wanted = wanted
        self._refusing: dict[bytes, None] = {}

    def applies(self, request: Request, authority: bytes) -> bool:
        """Whether this request's body is to be looked at."""
        return self._wanted and authority not in self._refusing and is_amendable(request)

    def remember(self, authority: bytes) -> None:
        """This host refuses the option."""
        self._refusing[authority] = None
        if len(self._refusing) > MAX_HOSTS:
            del self._refusing[next(iter(self._refusing))]


def is_amendable(request: Request) -> bool:
    """Whether it may ask for a stream, and can be held back until its body is whole."""
    return (
        request.method == "POST"
        and request.minor == 1
        and request.framing is Framing.SIZED
        and 0 < request.length <= MAX_BODY
        and _PATH.search(request.target) is not None
        and _JSON.match(find_header(request.headers, b"content-type") or b"") is not None
        and not find_header(request.headers, b"content-encoding")
    )


def amend_body(body: bytes) -> bytes | None:
    """The body with the option added, every other byte as it was; None if there is nothing to add."""
    try:
        fields = _fields(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    if bytes(fields.get("stream", b"")) != b"true":
        return None
    options = bytes(fields["stream_options"]) if "stream_options" in fields else None
    if options is None:
        start = body.index(b"{") + 1
        return body[:start] + b'"stream_options":' + _OPEN + b"}," + body[start:]
    return _amend_options(body, options)


def _amend_options(body: bytes, options: bytes) -> bytes | None:
    """Adds to options that the app gave and that leave this one open, if it is plain where they stand."""
    if options == b"null":
        amended = _OPEN + b"}"
    elif options.startswith(b"{") and "include_usage" not in (held := _fields(options)):
        amended = _OPEN + (b"," if held else b"") + options[1:]
    else:
        return None
    places = list(re.finditer(rb'"stream_options"\s*:\s*' + re.escape(options), body))
    if len(places) != 1:
        return None
    end = places[0].end()
    return body[: end - len(options)] + amended + body[end:]


def amend_head(request: Request, length: int) -> Request:
    """The request for a body of that length, whose answer comes without a content-coding, so that it can be read."""
    changed = {b"content-length": b"%d" % length, b"accept-encoding": b"identity"}
    headers = tuple((name, changed.get(name.lower(), value)) for name, value in request.headers)
    return request._replace(headers=headers, length=length)


def is_filterable(response: Response) -> bool:
    """Whether the answer is a stream of events that can be read."""
    kind, coding = (find_header(response.headers, name) or b"" for name in (b"content-type", b"content-encoding"))
    return response.status == 200 and _STREAM.match(kind) is not None and coding in (b"", b"identity")


def unsize(response: Response) -> Response:
    """The answer's head without a length, which is another one for the client."""
    return response._replace(headers=tuple(item for item in response.headers if item[0].lower() != b"content-length"))


class UsageFilter:
    """A stream of events without the chunk that only carries the usage. Holds back no more than one event."""

    def __init__(self) -> None:
        self._held = b""
        self._idle = False

    def feed(self, data: bytes) -> bytes:
        """What of the stream the client may see now."""
        if self._idle or not data:
            return data
        searched = max(0, len(self._held) - 3)
        data = self._held + data
        shown: list[bytes] = []
        at = 0
        while end := _EVENT_END.search(data, max(at, searched)):
            event = data[at : end.end()]
            if not _is_usage(event):
                shown.append(event)
            at = end.end()
        self._held = data[at:]
        if len(self._held) > MAX_EVENT:
            self._idle = True
            shown.append(self.close())
        return b"".join(shown)

    def close(self) -> bytes:
        """What is left when nothing more comes."""
        held, self._held = self._held, b""
        return held


def _is_usage(event: bytes) -> bool:
    if b'"usage"' not in event or not _NO_CHOICES.search(event):
        return False
    data = b"".join(line[5:] for line in event.splitlines() if line.startswith(b"data:"))
    try:
        chunk = _value(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)
