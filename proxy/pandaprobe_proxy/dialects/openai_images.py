"""OpenAI images: `POST …/images/generations`, `/edits` (a form or JSON), `/variations`; JSON and SSE.

An image is told by its type, size and hash. A stream's partial images are extras; the last one stands in for an
image that never came.
"""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import describe_base64, describe_url, says_true, without_blobs
from pandaprobe_proxy.dialects.openai_events import EventFold
from pandaprobe_proxy.dialects.openai_fields import merge_usage, pop_typed, read_rest, read_usage, without_nulls
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)images/(?:generations|edits|variations)/?$")
_SENT = ("image", "image[]", "images", "mask")
_TYPES = ("image_generation.", "image_edit.")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    prompt = pop_typed(rest, "prompt", str)
    model = pop_typed(rest, "model", str) or read_deployment(path)
    parts: list[Json] = [{"type": "text", "text": prompt}] if prompt is not None else []
    for field in _SENT:
        sent = rest.pop(field, None)
        parts += [_read_sent(field, item) for item in (sent if isinstance(sent, list) else [sent]) if item is not None]
    content = prompt if len(parts) == 1 and prompt is not None else parts
    return Asked(
        model=model,
        messages=(Message("user", content),) if parts else (),
        parameters=without_blobs(rest),
        stream=says_true(rest.get("stream")),
    )


def _read_sent(field: str, item: Json) -> dict[str, Json]:
    part = {"type": "image", "field": field}
    if isinstance(item, Blob):
        return part | item.describe()
    if isinstance(item, str):
        return part | describe_url(item)
    rest = dict(item) if isinstance(item, dict) else {"value": item}
    url = pop_typed(rest, "image_url", str)
    return part | (describe_url(url) if url else {}) | rest


def answered(body: Json) -> Answered:
    usage, rest = read_rest(body)
    images = pop_typed(rest, "data", list)
    whole = [image for image in images or () if isinstance(image, dict)]
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=tuple(Message("assistant", [read_image(image)]) for image in whole),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(whole) != len(images or ()) or (images is None and not error),
    )


def read_image(image: dict[str, Json]) -> dict[str, Json]:
    """An image of an answer as a part of a message."""
    rest = without_nulls(image)
    data, url = pop_typed(rest, "b64_json", str), pop_typed(rest, "url", str)
    told = (describe_base64(data) if data else {}) | (describe_url(url) if url else {})
    return {"type": "image"} | told | rest


class _Images:
    """The images of one stream so far."""

    def __init__(self) -> None:
        self.images: list[Json] = []
        self.partial: list[Json] = []
        self.usage: dict[str, Json] = {}
        self.extra: dict[str, Json] = {}
        self.first: int | None = None

    def take(self, kind: str, event: dict[str, Json], end: int) -> bool:
        known = kind.startswith(_TYPES) and isinstance(event.get("b64_json"), str)
        name = kind.rpartition(".")[2]
        if not known or name not in {"partial_image", "completed"}:
            return False
        rest = without_nulls(event)
        rest.pop("type", None)
        self.usage = merge_usage(self.usage, pop_typed(rest, "usage", dict) or {})
        image = {"b64_json": rest.pop("b64_json")}
        index = rest.pop("partial_image_index", None)
        self.extra |= rest
        self.first = end if self.first is None else self.first
        if name == "completed":
            self.images.append(read_image(image))
        else:
            self.partial.append(read_image(image | {"partial_image_index": index}))
        return True

    def finish(self) -> tuple[Message, ...]:
        images = self.images or self.partial[-1:]
        return tuple(Message("assistant", [image]) for image in images)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    images = _Images()
    fold = EventFold(images.take)
    fold.read(events)
    partial = {"partial_images": images.partial} if images.partial else {}
    return Answered(
        messages=images.finish(),
        usage=read_usage(images.usage),
        error=fold.error,
        extra=images.extra | partial | fold.extra(),
        finished=bool(images.images),
        lossy=fold.lossy,
        first_content=images.first,
    )


DIALECT = Dialect(
    "openai_images",
    1,
    "images",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    endpoints=("POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/images/variations"),
    offers=frozenset({"streamed", "usage", "cost"}),
)
