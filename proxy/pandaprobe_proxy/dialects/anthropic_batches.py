"""Anthropic's message batches: `…/messages/batches`, one of them, and its results as lines of JSON.

The requests of a batch stay in the parameters. Its results are the answers, each with the `custom_id` of its request.
They are fetched apart, so a batch is pending in all that is said of it, even when it has ended.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.anthropic_bodies import read_answer
from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.bounds import BoundedEvents
from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import RETRIEVE, Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)messages/batches(?:/([^/]+)(?:/(results|cancel))?)?/?$")
_COUNTS = ("input", "output", "cached", "cache_written", "reasoning")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method in {"GET", "POST", "DELETE"} and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    name = unquote(found[1]) if found and found[1] else None
    requests = body.get("requests")
    models = {_read_model(request) for request in requests} if isinstance(requests, list) else set()
    return Asked(
        model=models.pop() if len(models) == 1 else None,
        parameters=dict(body) | ({"batch_id": name} if name else {}),
        operation=("cancel" if found and found[2] == "cancel" else RETRIEVE) if name else None,
        fetched_id=name if found and found[2] == "results" else None,
    )


def _read_model(request: Json) -> str | None:
    params = request.get("params") if isinstance(request, dict) else None
    model = params.get("model") if isinstance(params, dict) else None
    return model if isinstance(model, str) else None


def answered(body: Json) -> Answered:
    """A batch, a list of them, one that was deleted, or results whose lines came as something else than a stream."""
    if isinstance(body, Blob):
        reader = NdjsonReader(body.data)
        lines = BoundedEvents(reader)
        read = streamed(lines)
        return replace(read, lossy=read.lossy or lines.trimmed or reader.error is not None)
    if "result" in body and "custom_id" in body:
        return _gather([body])
    rest = without_nulls(body)
    known = rest.get("type") in ("message_batch", "message_batch_deleted") or "data" in rest
    told = isinstance(rest.get("processing_status"), str)
    name = pop_typed(rest, "id", str) if told else None
    return Answered(response_id=name, extra=rest, lossy=not known, pending=told)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return _gather([_parse(event.data) for event in events])


def _parse(line: str) -> Json:
    try:
        return parse_json(line)
    except ValueError:
        return None


def _gather(lines: list[Json]) -> Answered:
    """The answers of all lines; their models if they are one, their tokens added up."""
    read = [_read_result(line) for line in lines if isinstance(line, dict)]
    models = {answer.model for answer in read if answer.model}
    failed = [answer.extra for answer in read if not answer.messages]
    return Answered(
        model=models.pop() if len(models) == 1 else None,
        messages=tuple(message for answer in read for message in answer.messages),
        usage=_sum([answer.usage for answer in read]),
        extra={"unanswered": failed} if failed else {},
        lossy=len(read) != len(lines) or any(answer.lossy for answer in read),
    )


def _read_result(line: dict[str, Json]) -> Answered:
    result = line.get("result")
    message = result.get("message") if isinstance(result, dict) else None
    if not isinstance(message, dict):
        return Answered(extra=line, lossy=not isinstance(result, dict))
    read = read_answer(message)
    beside = {"custom_id": line.get("custom_id"), "id": read.response_id} | read.extra
    return replace(read, messages=tuple(_mark(message, without_nulls(beside)) for message in read.messages))


def _mark(message: Message, beside: dict[str, Json]) -> Message:
    return replace(message, extra=message.extra | beside)


def _sum(usages: list[Usage]) -> Usage:
    known = [usage for usage in usages if usage.source is UsageSource.REPORTED]
    if not known:
        return Usage()
    total = Usage(source=UsageSource.REPORTED, raw=_add_raw([usage.raw for usage in known]))
    sums: dict[str, Json] = {name: add_counts(*(getattr(usage, name) for usage in known)) for name in _COUNTS}
    return replace(total, **sums)


def _add_raw(raws: list[dict[str, Json]]) -> dict[str, Json]:
    """The counts of the provider's own objects, added up; of the rest what all agree on."""
    added: dict[str, Json] = {}
    for key in {key: None for raw in raws for key in raw}:
        values = [raw.get(key) for raw in raws]
        total = add_counts(*(read_count(raw, key) for raw in raws))
        if total is not None:
            added[key] = total
        elif all(value == values[0] for value in values):
            added[key] = values[0]
    return added


DIALECT = Dialect(
    "anthropic_batches",
    2,
    "batches",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    blobs=True,
    endpoints=(
        "POST /v1/messages/batches",
        "GET /v1/messages/batches/{id}",
        "GET /v1/messages/batches/{id}/results",
    ),
    offers=frozenset({"usage", "tools", "cost"}),
)
