"""Runs of OpenAI's assistants: `POST …/threads/runs`, `/threads/{id}/runs`, `…/submit_tool_outputs`, `GET …/runs/{id}`.

JSON and SSE. The conversation is the thread; a run that is not over is answered later under the same id. Its usage is
of the whole run, so an answer that only tells of a run again is no run of its own.
"""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.dialects.openai_history import read_items
from pandaprobe_proxy.dialects.openai_run_stream import RunStream, read_run
from pandaprobe_proxy.model.call import RETRIEVE, Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_RUN = r"(?:^|/)threads/[^/]+/runs/[^/]+"
_POSTED = re.compile(rf"(?:^|/)threads/(?:[^/]+/)?runs/?$|{_RUN}(?:/submit_tool_outputs|/cancel)?/?$")
_GOT = re.compile(rf"{_RUN}/?$")
_THREAD = re.compile(r"(?:^|/)threads/([^/]+)/runs")
_TOLD = re.compile(rf"{_RUN}(/cancel)?/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    pattern = {"POST": _POSTED, "GET": _GOT}.get(method)
    return pattern is not None and pattern.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    thread, told_again = _THREAD.search(path), _TOLD.search(path)
    told = [pop_typed(rest, key, str) for key in ("instructions", "additional_instructions")]
    given = rest.get("thread")
    messages = (
        *(Message("system", text) for text in told if text),
        *read_items(given.get("messages") if isinstance(given, dict) else None),
        *read_items(pop_typed(rest, "additional_messages", list)),
        *(_read_output(output) for output in pop_typed(rest, "tool_outputs", list) or ()),
    )
    if isinstance(given, dict):
        rest["thread"] = {key: value for key, value in given.items() if key != "messages"}
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=messages,
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
        conversation_id=thread[1] if thread else None,
        operation=("cancel" if told_again[1] else RETRIEVE) if told_again else None,
    )


def _read_output(value: Json) -> Message:
    if not isinstance(value, dict):
        return Message("tool", value)
    rest = dict(value)
    output, call = rest.pop("output", None), pop_typed(rest, "tool_call_id", str)
    return Message("tool", output, tool_call_id=call, extra=rest)


def answered(body: Json) -> Answered:
    return read_run(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return RunStream().read(events)


DIALECT = Dialect(
    "openai_runs",
    2,
    "run",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    endpoints=(
        "POST /v1/threads/runs",
        "POST /v1/threads/{id}/runs",
        "POST /v1/threads/{id}/runs/{id}/submit_tool_outputs",
        "POST /v1/threads/{id}/runs/{id}/cancel",
        "GET /v1/threads/{id}/runs/{id}",
    ),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
