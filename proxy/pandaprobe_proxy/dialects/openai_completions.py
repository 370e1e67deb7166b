"""OpenAI legacy text completions: `POST …/completions`, JSON and SSE. A prompt in, a text per choice out."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_content import ListFold
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.dialects.openai_prompts import read_completion
from pandaprobe_proxy.dialects.openai_stream import ALIKE_COUNTS, ChunkFold, find_only_choice
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.run_forms import PADDING, Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?<!/chat)(?<!/fim)(?<!/agents)(?:^|/)completions/?$")
"""Mistral's completions of code and of agents are answered as chat is."""


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None and not path.startswith("chat/")


def asked(body: Json, path: str) -> Asked:
    return read_completion(body, read_deployment(path))


class _Text:
    """One choice so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.finish_reason: str | None = None
        self.logprobs = ListFold()
        self.extra: dict[str, Json] = {}

    def add(self, choice: dict[str, Json]) -> bool:
        """Takes in a choice, whole or a piece of it; False if something has a type that it cannot have."""
        placed = True
        for key, value in choice.items():
            if value is None or key == "index":
                continue
            if key == "text" and isinstance(value, str):
                self.text.append(value)
            elif key == "finish_reason" and isinstance(value, str):
                self.finish_reason = value or self.finish_reason
            elif key == "logprobs" and isinstance(value, dict):
                self.logprobs.add(value)
            else:
                merge_field(self.extra, key, value)
                placed = placed and key not in {"text", "finish_reason", "logprobs"}
        return placed

    def finish(self) -> Message:
        logprobs = self.logprobs.finish()
        extra = self.extra | ({"logprobs": logprobs} if logprobs else {})
        content = "".join(self.text) if self.text else None
        return Message("assistant", content, finish_reason=self.finish_reason, extra=extra)


class _Texts:
    """The choices of one answer, by index."""

    def __init__(self) -> None:
        self._texts: dict[int, _Text] = {}
        self.first_content: int | None = None

    def add(self, choice: dict[str, Json], position: int, end: int) -> bool:
        index = choice.get("index")
        place = index if isinstance(index, int) else position
        if place not in self._texts and len(self._texts) >= MOST_ANSWERS:
            return False
        if self.first_content is None and choice.get("text"):
            self.first_content = end
        return self._texts.setdefault(place, _Text()).add(choice)

    def finish(self) -> tuple[Message, ...]:
        return tuple(text.finish() for _, text in sorted(self._texts.items()))


def answered(body: Json) -> Answered:
    usage, rest = read_rest(body)
    choices = pop_typed(rest, "choices", list)
    error = rest.get("error")
    texts = _Texts()
    placed = [isinstance(choice, dict) and texts.add(choice, at, 0) for at, choice in enumerate(choices or ())]
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=texts.finish(),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=not all(placed) or (choices is None and not error),
    )


def _grows(chunk: Json, kind: str) -> str | None:
    """One choice that brings a text, and nothing beside it."""
    choice = find_only_choice(chunk, kind) or {}
    said = {key: value for key, value in choice.items() if key != "index" and value is not None}
    return "text" if said.keys() == {"text"} and said["text"] and isinstance(said["text"], str) else None


ALIKE = Alike(_grows, {"obfuscation": PADDING, **ALIKE_COUNTS}, whose="index")


def streamed(events: Iterable[StreamEvent]) -> Answered:
    texts = _Texts()
    fold = ChunkFold(texts.add)
    fold.read(events)
    return fold.finish(texts.finish(), first_content=texts.first_content)


DIALECT = Dialect(
    "openai_completions",
    2,
    "text_completion",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /v1/completions",),
    offers=frozenset({"streamed", "usage", "cost"}),
)
