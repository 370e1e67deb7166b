"""OpenAI speech: `POST …/audio/speech`. A text in; audio out, as it is or as SSE `speech.audio.delta` and `.done`."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import decode_base64
from pandaprobe_proxy.dialects.openai_events import EventFold
from pandaprobe_proxy.dialects.openai_fields import merge_usage, pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.media_types import sniff_type
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)audio/speech/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    model = pop_typed(rest, "model", str) or read_deployment(path)
    said = (("system", pop_typed(rest, "instructions", str)), ("user", pop_typed(rest, "input", str)))
    return Asked(
        model=model,
        messages=tuple(Message(role, text) for role, text in said if text is not None),
        parameters=rest,
        stream=rest.get("stream_format") == "sse",
    )


def answered(body: Json) -> Answered:
    if isinstance(body, Blob):
        return Answered(messages=(_say(body),))
    usage, rest = read_rest(body)
    error = rest.get("error")
    return Answered(usage=read_usage(usage), error=read_error(error) if error else None, extra=rest, lossy=not error)


def _say(audio: Blob) -> Message:
    return Message("assistant", [{"type": "audio"} | audio.describe()])


class _Speech:
    """The audio of one stream so far."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.usage: dict[str, Json] = {}
        self.done = False
        self.first: int | None = None

    def take(self, kind: str, event: dict[str, Json], end: int) -> bool:
        if kind == "speech.audio.done":
            self.done = True
            usage = event.get("usage")
            self.usage = merge_usage(self.usage, usage if isinstance(usage, dict) else {})
            return True
        text = event.get("audio")
        data = decode_base64(text) if kind == "speech.audio.delta" and isinstance(text, str) else None
        if data is None:
            return False
        self.pieces.append(data)
        self.first = end if self.first is None else self.first
        return True

    def finish(self) -> tuple[Message, ...]:
        data = b"".join(self.pieces)
        return (_say(Blob(sniff_type(data), data)),) if data else ()


def streamed(events: Iterable[StreamEvent]) -> Answered:
    speech = _Speech()
    fold = EventFold(speech.take)
    fold.read(events)
    return Answered(
        messages=speech.finish(),
        usage=read_usage(speech.usage),
        error=fold.error,
        extra=fold.extra(),
        finished=speech.done,
        lossy=fold.lossy,
        first_content=speech.first,
    )


DIALECT = Dialect(
    "openai_speech",
    1,
    "speech",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    blobs=True,
    endpoints=("POST /v1/audio/speech",),
    offers=frozenset({"streamed", "usage", "cost"}),
)
