"""llama.cpp's own completions (its server's README): `POST /completion` and `/infill`, JSON and SSE.

A prompt in, a text out; of several prompts, one text each, told by its index. There is no id and no `[DONE]`.
"""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_prompts import read_completion
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.run_forms import NUMBER, Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)(?:completion|infill)/?$")
_COUNTS = ("tokens_evaluated", "tokens_predicted")
_REASONS = {"eos": "stop", "word": "stop", "limit": "length"}
"""What `stop_type` says, in the words of the other dialects."""
_FLAGS = {"stopped_eos": "stop", "stopped_word": "stop", "stopped_limit": "length"}
"""The same as older servers say it."""
_OF_A_PIECE = frozenset({"index", "content", "tokens", "stop", "id_slot", "multimodal", *_COUNTS})


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    return read_completion(body)


class _Text:
    """One text so far: its pieces, and every other field, of which lists grow and the last of others counts."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.fields: dict[str, Json] = {}

    def add(self, part: dict[str, Json]) -> bool:
        """Takes in a text, whole or a piece of it; False if its content is no text."""
        for key, value in part.items():
            held = self.fields.get(key)
            if key == "content" and isinstance(value, str):
                self.pieces.append(value)
            elif isinstance(held, list) and isinstance(value, list):
                held.extend(value)
            else:
                self.fields[key] = [*value] if isinstance(value, list) else value
        return "content" not in self.fields

    @property
    def ended(self) -> bool:
        return self.fields.get("stop") is True

    def finish(self) -> Message:
        extra = {key: value for key, value in self.fields.items() if key not in {"model", "stop", *_COUNTS}}
        flag = next((reason for name, reason in _FLAGS.items() if self.fields.get(name) is True), None)
        kind = self.fields.get("stop_type")
        reason = _REASONS.get(kind) if isinstance(kind, str) else flag
        return Message("assistant", "".join(self.pieces), finish_reason=reason, extra=extra)


class _Texts:
    """The texts of one answer."""

    def __init__(self) -> None:
        self._texts: dict[int, _Text] = {}
        self._extra: dict[str, Json] = {}
        self._error: CallError | None = None
        self._lossy = False
        self._first_content: int | None = None

    def take(self, part: Json, end: int) -> None:
        """Takes in an object, which ends at `end`."""
        if isinstance(part, dict) and "error" in part:
            self._extra |= part
            self._error = self._error or read_error(part["error"])
        elif not isinstance(part, dict) or "content" not in part or not self._add(part, end):
            self._lossy = True

    def _add(self, part: dict[str, Json], end: int) -> bool:
        index = read_count(part, "index") or 0
        if index not in self._texts and len(self._texts) >= MOST_ANSWERS:
            return False
        if self._first_content is None and part["content"]:
            self._first_content = end
        return self._texts.setdefault(index, _Text()).add(part)

    def finish(self, streamed: bool) -> Answered:
        """What was answered."""
        texts = [text for _, text in sorted(self._texts.items())]
        models = [text.fields["model"] for text in texts if isinstance(text.fields.get("model"), str)]
        return Answered(
            model=models[0] if models else None,
            messages=tuple(text.finish() for text in texts),
            usage=_read_usage([text.fields for text in texts]),
            error=self._error,
            extra=self._extra,
            finished=not streamed or (bool(texts) and all(text.ended for text in texts)),
            lossy=self._lossy,
            first_content=self._first_content if streamed else None,
        )


def _read_usage(texts: list[dict[str, Json]]) -> Usage:
    """The sums over all texts. What a slot still held of a prompt is counted among what was evaluated."""
    evaluated, predicted = (add_counts(*(read_count(text, key) for text in texts)) for key in _COUNTS)
    cached = add_counts(*(read_count(text.get("timings"), "cache_n") for text in texts))
    if evaluated is None and predicted is None:
        return Usage()
    raw = dict(zip(_COUNTS, (evaluated, predicted), strict=True))
    return Usage(evaluated, predicted, cached, source=UsageSource.REPORTED, raw=raw)


def answered(body: Json) -> Answered:
    """Several texts come as a JSON array, which is no object and so a Blob."""
    value = parse_json(body.data) if isinstance(body, Blob) else body
    texts = _Texts()
    for part in value if isinstance(value, list) else [value]:
        texts.take(part, 0)
    return texts.finish(streamed=False)


def _grows(part: dict[str, Json], kind: str) -> str | None:
    """A piece of a text, and nothing beside it but counts."""
    plain = part.keys() <= _OF_A_PIECE and part.get("stop") is False and not part.get("tokens")
    return "content" if plain and part.get("content") and isinstance(part["content"], str) else None


ALIKE = Alike(_grows, {"tokens_predicted": NUMBER}, whose="index")


def streamed(events: Iterable[StreamEvent]) -> Answered:
    texts = _Texts()
    for value, event in read_objects(events):
        texts.take(value, event.end)
    return texts.finish(streamed=True)


DIALECT = Dialect(
    "llamacpp",
    1,
    "text_completion",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    blobs=True,
    endpoints=("POST /completion", "POST /infill"),
    offers=frozenset({"streamed", "usage"}),
)
