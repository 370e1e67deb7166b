"""The answer of an InvokeModel stream: frames named `chunk`, in each an event of the model's own kind in base64.

The first of them tells which kind that is. The last has the metrics of the invocation beside its own fields.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from pandaprobe_proxy.dialects.anthropic_blocks import read_type
from pandaprobe_proxy.dialects.anthropic_stream import MessageStream
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bedrock_stream import EVENTS, EXCEPTION, ConverseStream, read_exception
from pandaprobe_proxy.dialects.bedrock_texts import NativeTexts
from pandaprobe_proxy.dialects.bedrock_usage import METRICS, read_usage
from pandaprobe_proxy.dialects.json_events import read_object
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_chat_stream import ChatStream
from pandaprobe_proxy.model.call import CallError, UsageSource
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any


class Chunks:
    """Iterates once over the native events of a stream's frames, and keeps what else the frames say."""

    def __init__(self, events: Iterable[StreamEvent]) -> None:
        self.error: CallError | None = None
        self.metrics: dict[str, Json] = {}
        self.lossy = False
        self._events = events

    def __iter__(self) -> Iterator[StreamEvent]:
        for event in self._events:
            try:
                native = self._read(event)
            except ValueError:
                native = None
                self.lossy = True
            if native is not None:
                yield StreamEvent("message", native, "", event.end)

    def _read(self, event: StreamEvent) -> str | None:
        frame = parse_json(event.data)
        if event.event.startswith(EXCEPTION):
            self.error = self.error or read_exception(event.event, frame)
            return None
        data = frame.get("bytes") if isinstance(frame, dict) else None
        if not isinstance(data, str):
            raise ValueError("a frame without bytes")
        native = b64decode(data).decode("utf-8", "replace")
        return self._take_metrics(native) if METRICS in native else native

    def _take_metrics(self, native: str) -> str:
        value = parse_json(native)
        metrics = value.get(METRICS) if isinstance(value, dict) else None
        if not isinstance(metrics, dict):
            return native
        self.metrics |= value.pop(METRICS)
        return json.dumps(value)


def read_native_stream(events: Iterable[StreamEvent]) -> Answered:
    """The answer that the events give, whole or as far as they go."""
    chunks = Chunks(events)
    natives = iter(chunks)
    first = next(natives, None)
    answered = Answered(finished=False) if first is None else _fold(first, chain([first], natives))
    usage = answered.usage
    if usage.source is UsageSource.NONE and chunks.metrics:
        usage = read_usage(usage.raw | chunks.metrics)
    return replace(
        answered,
        usage=usage,
        error=answered.error or chunks.error,
        extra=answered.extra | ({METRICS: chunks.metrics} if chunks.metrics else {}),
        lossy=answered.lossy or chunks.lossy,
    )


def _fold(first: StreamEvent, events: Iterable[StreamEvent]) -> Answered:
    """The events gathered as the first of them asks for."""
    value = read_object(first.data) or {}
    if read_type(value):
        return MessageStream().read(events)
    if not EVENTS.isdisjoint(value):
        return ConverseStream().read(events)
    if "choices" in value:
        return ChatStream().read(events)
    texts = NativeTexts()
    for event in events:
        texts.take_event(read_object(event.data) or {}, event.end)
    return texts.finish(streamed=True)
