"""`/openapi.json`: what the port can be asked, as OpenAPI 3.1. One table; a test holds it to the routes that there are.

A shape is written as its fields in one line: `name:type`, with `?` for what may be null.
"""

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pandaprobe_proxy import __version__
from pandaprobe_proxy.web.answers import tell

Json = Any
_TYPES = {
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "int": {"type": "integer"},
    "num": {"type": "number"},
    "bool": {"type": "boolean"},
    "any": {},
    "map": {"type": "object"},
    "list": {"type": "array"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "nums": {"type": "array", "items": {"type": ["number", "null"]}},
}
SESSION = (
    "session_id:text trace_count:int first_trace_at:time last_trace_at:time total_latency_ms:num? has_error:bool"
    " user_id:text? tags:texts total_tokens:int source:text confidence:num calls:int open_calls:int errors:int"
    " input_tokens:int output_tokens:int models:texts first_input:text total_cost:num unpriced_calls:int retries:int"
    " recovered_errors:int parent_session_id:text? parent_call_id:text? merged_into:text? state:text closing:bool"
)
CALL = (
    "call_id:text session_id:text trace_id:text parent_span_id:text? source:text confidence:num started_at:time"
    " ended_at:time? latency_ms:num? outcome:text error:text status:int? upstream:text method:text path:text"
    " dialect:text operation:text model:text streamed:bool partial:bool lossy:bool usage:map marks:map"
    " finish_reason:text user_id:text? tags:texts request_bytes:int response_bytes:int cost:map? response_id:text?"
    " previous_id:text? conversation_id:text? pending:bool attempt:int attempt_of:text? attempt_inferred:bool"
    " retrieves:text? session_path:text? agent:text? parent_agent:text? follows:text? connection:text? turn:int?"
    " turns:int?"
)
SHAPES = {
    "Error": "detail:text",
    "Session": SESSION,
    "SessionLine": f"{SESSION} duration_ms:num? last_output:text? latencies_ms:nums scores:map cached_tokens:int?",
    "Call": CALL,
    "StoredCall": f"{CALL} url:text reason:text client:text credential:text request_headers:list response_headers:list"
    " request:map response:map metadata:map warnings:texts resolution:map call:map? history:list history_broken:bool"
    " retrievals:texts turn_calls:texts",
    "Addition": "call_id:text held:list said:list answers:list after:text? branch:int",
    "Waterfall": "session_id:text started_at:time columns:map models:texts operations:texts agents:texts",
    "Tree": "kind:text name:text children:list read_calls:int left_off:int",
    "Tool": "kind:text name:text tool_call_id:text input:text output:text? asked_by:text used_by:text?"
    " started_at:time ended_at:time? latency_ms:num?",
    "Judged": "name:text version:int value:num? label:text counts:map evidence:list session_id:text content:text"
    " setting:text stale:bool at:time",
    "Change": "number:int at:time session_id:text change:text state:text cause:text merged_into:text?",
    "Beside": "previous:text? next:text?",
    "Diff": "previous:text? why:text? messages:list tools:list parameters:list cache:map?",
    "Chunks": "at_ms:nums bytes:nums",
    "Hit": "call_id:text session_id:text role:text snippet:text at:time at_ns:int",
    "Overview": "since:time until:time bucket:text sampled_every:int buckets:list models:list totals:map",
    "Evaluations": "evaluators:list",
    "Comparison": "items:list",
    "Score": "score_id:text name:text value:any created_at:time",
    "Status": "relayed:int session_sources:map",
}
"""What answers are; more fields may come."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One thing that can be asked. `many` is what a list holds, `shape` what one document is; else it is `media`."""

    path: str
    says: str
    shape: str = ""
    many: str = ""
    query: str = ""
    media: str = "application/json"
    method: str = "get"


PAGED = "limit:int cursor:text"
ASKINGS = (
    Asking("/sessions", "Sessions by a filter, in pages.", many="SessionLine", query=f"where:text sort:text {PAGED}"),
    Asking("/sessions/{session_id}", "One session; `traces=0` leaves its traces out.", "Session", query="traces:int"),
    Asking("/sessions/{session_id}/waterfall", "All its calls, as columns.", "Waterfall"),
    Asking(
        "/sessions/{session_id}/conversation",
        "What each call adds; each message once. From the call that `from` names.",
        many="Addition",
        query=f"from:text {PAGED}",
    ),
    Asking("/sessions/{session_id}/tree", "What stands under what.", "Tree"),
    Asking("/sessions/{session_id}/tools", "What ran between its calls.", many="Tool"),
    Asking("/sessions/{session_id}/scores", "What evaluators, people and programs say of it.", many="Judged"),
    Asking("/sessions/{session_id}/changes", "Its life, newest last.", many="Change", query="limit:int"),
    Asking("/sessions/{session_id}/neighbours", "Those beside it in a list.", "Beside", query="where:text sort:text"),
    Asking("/sessions/{session_id}/export.html", "The session as one file.", media="text/html"),
    Asking("/sessions/{session_id}", "Deletes it and all that only it holds.", "Deleted", method="delete"),
    Asking("/sessions/{session_id}/close", "Says that it is over.", "Session", method="post"),
    Asking("/sessions/{session_id}/reopen", "Says that it is not.", "Session", method="post"),
    Asking("/calls", "Calls by a filter, in pages.", many="Call", query=f"where:text session_id:text {PAGED}"),
    Asking("/calls/{call_id}", "One call whole, decoded anew.", "StoredCall"),
    Asking("/calls/{call_id}/diff", "What it asks otherwise than the call before.", "Diff"),
    Asking("/calls/{call_id}/chunks", "The pieces of its answer in time.", "Chunks"),
    Asking("/calls/{call_id}/neighbours", "Those beside it in its session.", "Beside"),
    Asking("/calls/{call_id}/as/{form}", "As `curl`, `python` or `json`.", media="text/plain"),
    Asking("/calls/{call_id}/{side}", "The bytes of `request` or `response`.", query="offset:int length:int",
           media="text/plain"),
    Asking("/traces/{trace_id}", "One trace with its spans.", "Trace"),
    Asking("/search", "Messages that contain every word.", many="Hit", query="q:text limit:int"),
    Asking("/overview", "Sums by time and model.", "Overview", query="since:text until:text where:text"),
    Asking("/evaluations", "How the scores of each evaluator lie.", "Evaluations"),
    Asking("/evaluations/compare", "Two kinds of sessions, task by task.", "Comparison", query="a:text b:text"),
    Asking("/status", "The loss numbers.", "Status"),
    Asking("/events", "What is recorded, as it is.", query="since:text", media="text/event-stream"),
    Asking("/changes", "Changes of all sessions after a number.", many="Change", query="after:int session_id:text"),
    Asking("/corrections", "Corrections that were made.", "Comparison", query="limit:int"),
    Asking("/corrections", "Puts calls into another session.", "Corrected", method="post"),
    Asking("/corrections/newest", "Takes back the newest one.", "Corrected", method="delete"),
    Asking("/judgements", "Keeps what evaluators say.", "Kept", method="post"),
    Asking("/scores", "What people and programs have given.", many="Score",
           query="session_id:text trace_id:text span_id:text name:text author:text history:text limit:int"),
    Asking("/calibrations", "Keeps what labels say of evaluators.", "Kept", method="post"),
    Asking("/redecode", "Reads some calls anew.", "Redecoded", method="post"),
)  # fmt: skip
_LOOSE = ("Deleted", "Trace", "Corrected", "Kept", "Redecoded")


def add_openapi(app: web.Application) -> None:
    async def describe(request: web.Request) -> web.Response:
        return tell(write_document())

    app.router.add_get("/openapi.json", describe)


def write_document() -> Json:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Json]] = {}
    for asking in ASKINGS:
        paths.setdefault(asking.path, {})[asking.method] = _operation(asking)
    return {
        "openapi": "3.1.0",
        "info": {"title": "PandaProbe proxy", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**{name: _shape(text) for name, text in SHAPES.items()}, **{name: {} for name in _LOOSE}},
        },
    }


_ABOUT = (
    "What a sidecar has recorded. Lists answer `next`, the `cursor` of the page after; `where` is a filter of terms, as"
    " in `model:gpt-4o* errors>0 since:2h`. Errors are one sentence in `detail`."
)


def _operation(asking: Asking) -> Json:
    inside = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _names(asking)]
    asked = [
        {"name": name, "in": "query", "schema": _TYPES[kind]}
        for name, _, kind in (part.partition(":") for part in asking.query.split())
    ]
    error = {"description": "Why not.", "content": {"application/json": {"schema": _ref("Error")}}}
    return {
        "summary": asking.says,
        "operationId": re.sub(r"\W+", "_", f"{asking.method}{asking.path}").strip("_"),
        "parameters": [*inside, *asked],
        "responses": {"200": {"description": "OK", "content": {asking.media: _content(asking)}}, "default": error},
    }


def _names(asking: Asking) -> list[str]:
    return re.findall(r"{(\w+)}", asking.path)


def _content(asking: Asking) -> Json:
    if asking.many:
        fields = {"items": {"type": "array", "items": _ref(asking.many)}, "limit": _TYPES["int"]}
        return {"schema": {"type": "object", "properties": fields, "required": ["items", "limit"]}}
    return {"schema": _ref(asking.shape) if asking.shape else {"type": "string"}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _shape(text: str) -> Json:
    fields = dict(part.split(":") for part in text.split())
    properties = {name: _type(kind) for name, kind in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


def _type(kind: str) -> Json:
    return {"anyOf": [_TYPES[kind[:-1]], {"type": "null"}]} if kind.endswith("?") else _TYPES[kind]
