"""OpenAI transcriptions: `POST …/audio/transcriptions` and `/translations`. A form with audio in, a text out.

The text comes as JSON, as a text of its own (text, srt, vtt), or as SSE `transcript.text.delta`, `.segment`, `.done`.
"""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import says_true, without_blobs
from pandaprobe_proxy.dialects.openai_events import EventFold
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)audio/(transcription|translation)s/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    found = _PATH.search(path)
    model = pop_typed(rest, "model", str) or read_deployment(path)
    prompt, audio = pop_typed(rest, "prompt", str), pop_typed(rest, "file", Blob)
    parts: list[Json] = [{"type": "audio"} | audio.describe()] if audio else []
    if prompt:
        parts.append({"type": "text", "text": prompt})
    return Asked(
        model=model,
        messages=(Message("user", parts),) if parts else (),
        parameters=without_blobs(rest),
        stream=says_true(rest.get("stream")),
        operation=found[1] if found else None,
    )


def answered(body: Json) -> Answered:
    if isinstance(body, Blob):
        text = body.data.decode("utf-8", "replace")
        return Answered(messages=(Message("assistant", text),), extra={"content_type": body.content_type})
    usage, rest = read_rest(body)
    text = pop_typed(rest, "text", str)
    error = rest.get("error")
    return Answered(
        messages=(Message("assistant", text),) if text is not None else (),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=text is None and not error,
    )


class _Transcript:
    """The text of one stream so far."""

    def __init__(self) -> None:
        self.deltas: list[str] = []
        self.logprobs: list[Json] = []
        self.segments: list[Json] = []
        self.whole: dict[str, Json] | None = None
        self.first: int | None = None

    def take(self, kind: str, event: dict[str, Json], end: int) -> bool:
        if kind == "transcript.text.done" and isinstance(event.get("text"), str):
            self.whole = event
            return True
        if kind == "transcript.text.segment":
            self.segments.append({key: value for key, value in event.items() if key != "type"})
            return True
        text, logprobs = event.get("delta"), event.get("logprobs")
        if kind != "transcript.text.delta" or not isinstance(text, str):
            return False
        self.deltas.append(text)
        self.logprobs += logprobs if isinstance(logprobs, list) else []
        self.first = end if self.first is None and text else self.first
        return True

    def finish(self) -> Answered:
        gathered = {"logprobs": self.logprobs, "segments": self.segments}
        extra = {key: value for key, value in gathered.items() if value}
        if self.whole is not None:
            read = answered({key: value for key, value in self.whole.items() if key != "type"})
            return Answered(messages=read.messages, usage=read.usage, extra=extra | read.extra)
        messages = (Message("assistant", "".join(self.deltas)),) if self.deltas else ()
        return Answered(messages=messages, extra=extra, finished=False)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    transcript = _Transcript()
    fold = EventFold(transcript.take)
    fold.read(events)
    read = transcript.finish()
    return Answered(
        messages=read.messages,
        usage=read.usage,
        error=fold.error,
        extra=read.extra | fold.extra(),
        finished=read.finished,
        lossy=fold.lossy,
        first_content=transcript.first,
    )


DIALECT = Dialect(
    "openai_transcriptions",
    1,
    "transcription",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    blobs=True,
    endpoints=("POST /v1/audio/transcriptions", "POST /v1/audio/translations"),
    offers=frozenset({"streamed", "usage", "cost"}),
)
