"""Streams of the Responses API, as a server makes them of the items that it answers with."""

import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from itertools import count
from typing import Any

Item = dict[str, Any]
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 30,
}


def text(said: str, **more: Any) -> Item:
    return {"type": "output_text", "text": said, "annotations": [], **more}


def message(*parts: Item, **more: Any) -> Item:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
        **more,
    }


def call(name: str = "weather", arguments: str = '{"city":"Paris"}', call_id: str = "call_1", **more: Any) -> Item:
    base = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": call_id}
    return {**base, "name": name, "arguments": arguments, **more}


def reasoning(*summary: str, **more: Any) -> Item:
    parts = [{"type": "summary_text", "text": part} for part in summary]
    return {"id": "rs_1", "type": "reasoning", "summary": parts, **more}


def response(*output: Item, status: str = "completed", **more: Any) -> dict[str, Any]:
    base = {"id": "resp_1", "object": "response", "created_at": 5, "status": status, "model": "gpt-4o-mini"}
    told = {"error": None, "incomplete_details": None, "metadata": {}, "parallel_tool_calls": True, "tools": []}
    return base | told | {"output": list(output), "usage": USAGE if status == "completed" else None} | more


def events_of(*output: Item, size: int = 4, **more: Any) -> list[dict[str, Any]]:
    """All events of a stream that answers with these items, texts in pieces of that size."""
    numbers = count()
    begun = {"response": response(status="in_progress")}
    told = [{"type": "response.created", **begun}, {"type": "response.in_progress", **begun}]
    for index, item in enumerate(output):
        told += [{**event, "output_index": index} for event in _events_of(item, size)]
    told.append({"type": "response.completed", "response": response(*output, **more)})
    return [deepcopy(event) | {"sequence_number": next(numbers)} for event in told]


def _events_of(item: Item, size: int) -> Iterator[dict[str, Any]]:
    kind = item["type"]
    if kind == "message":
        yield _added(item, content=[])
        for index, part in enumerate(item["content"]):
            yield from _part_events(part, {"item_id": item["id"], "content_index": index}, size)
    elif kind == "function_call":
        yield _added(item, arguments="")
        yield from _grow("function_call_arguments", item["arguments"], {"item_id": item["id"]}, size, "arguments")
    else:
        yield _added(item)
    yield {"type": "response.output_item.done", "item": item}


def _added(item: Item, **empty: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "item": item | {"status": "in_progress"} | empty}


def _part_events(part: Item, places: Item, size: int) -> Iterator[dict[str, Any]]:
    name, key = ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
    yield {"type": "response.content_part.added", "part": part | {key: ""}, **places}
    yield from _grow(name, part[key], places | ({"logprobs": []} if key == "text" else {}), size, key)
    yield {"type": "response.content_part.done", "part": part, **places}


def _grow(name: str, whole: str, places: Item, size: int, key: str) -> Iterator[dict[str, Any]]:
    for at in range(0, len(whole), size):
        yield {"type": f"response.{name}.delta", "delta": whole[at : at + size], "obfuscation": "x7", **places}
    yield {"type": f"response.{name}.done", key: whole, **places}


def as_sse(events: Iterable[dict[str, Any]]) -> bytes:
    """The bytes of the stream; it ends without `[DONE]`."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode()) for event in events
    )
