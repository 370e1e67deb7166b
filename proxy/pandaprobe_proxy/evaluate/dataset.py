"""Sessions as documents of a dataset, one a line: what evaluators read of them, and nothing that they do not.

Messages are written as OpenAI's chat API has them, so that other tools read them, too. `calls` has the recorded calls;
a document without them is read as if each message of the assistant were the answer of one call.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pandaprobe_proxy.evaluate.session import Line, Session, Step
from pandaprobe_proxy.evaluate.tool_uses import find_uses, read_text
from pandaprobe_proxy.model.call import Call, Json, Message, ToolCall

FORMAT = "pandaprobe-session/1"
_ABOUT = ("session_id", "task_id", "user_id", "metadata")
_TEXTS = ("content", "name", "tool_call_id", "refusal", "reasoning", "finish_reason", "extra")
_LEFT_OUT = frozenset({"input", "output", "tools", "turns", "marks", "limits"})
"""Of a call: what stands elsewhere in the document, or says nothing of the session."""
_USUAL = msgspec.to_builtins(Call("", 0, ""))


def to_document(session: Session) -> dict[str, Json]:
    """The session as JSON; `read_session` reads it back."""
    places = {step.call_id: place for place, step in enumerate(session.steps)}
    return {
        "format": FORMAT,
        **{name: value for name in _ABOUT if (value := getattr(session, name)) not in (None, {})},
        "tools": list(session.tools.values()),
        "messages": [_write_line(line, places) for line in session.lines],
        "calls": [_write_step(step) for step in session.steps],
    }


def _write_line(line: Line, places: Mapping[str, int]) -> dict[str, Json]:
    message = line.message
    told = {name: value for name in _TEXTS if (value := getattr(message, name)) not in (None, {})}
    calls = [_write_tool(tool) for tool in message.tool_calls]
    place = {"call": places[line.call_id]} if line.call_id in places else {}
    return {
        "role": message.role,
        **told,
        **({"tool_calls": calls} if calls else {}),
        **place,
        **({"answered": True} if line.answered else {}),
    }


def _write_tool(tool: ToolCall) -> dict[str, Json]:
    told = {"id": tool.id, "type": tool.type, "function": {"name": tool.name, "arguments": tool.arguments}}
    return told | ({"extra": tool.extra} if tool.extra else {})


def _write_step(step: Step) -> dict[str, Json]:
    call = msgspec.to_builtins(step.call)
    kept = {name: value for name, value in call.items() if name not in _LEFT_OUT and value != _USUAL[name]}
    told = {"call_id": step.call_id, "trace_id": step.trace_id, "heard": step.heard}
    return {**told, "started_ns": step.started_ns, "ended_ns": step.ended_ns, **kept}


def read_session(document: Json) -> Session:
    """The session of a document. Raises ValueError with what is wrong in it."""
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        raise ValueError("a session is an object with messages")
    if document.get("format", FORMAT) != FORMAT:
        raise ValueError(f"its format is {document['format']!r}; this version reads {FORMAT}")
    try:
        return _read(document)
    except (KeyError, TypeError, IndexError, AttributeError, msgspec.ValidationError) as error:
        raise ValueError(f"a message or call of it cannot be read ({type(error).__name__}: {error})") from error


def _read(document: Mapping[str, Json]) -> Session:
    session_id = str(document["session_id"])
    raw, calls = document["messages"], document.get("calls")
    if calls is None:
        raw, calls = _suppose_calls(session_id, raw, document.get("model"))
    lines = tuple(_read_line(number, one, calls) for number, one in enumerate(raw, 1))
    answers: dict[str, list[Line]] = {}
    for line in lines:
        if line.answered:
            answers.setdefault(line.call_id, []).append(line)
    tools = tuple(document.get("tools") or ())
    steps = tuple(_read_step(one, tuple(answers.get(one["call_id"], ())), tools) for one in calls)
    task = document.get("task_id")
    return Session(
        session_id,
        lines,
        steps,
        tuple(find_uses(lines)),
        None if task is None else str(task),
        document.get("user_id"),
        dict(document.get("metadata") or {}),
    )


def _suppose_calls(session_id: str, raw: Sequence[Json], model: Json) -> tuple[list[Json], list[Json]]:
    """The messages, each with its call, and the calls: one for each message of the assistant."""
    messages: list[Json] = []
    calls: list[Json] = []
    for at, one in enumerate(raw):
        answered = one["role"] == "assistant"
        messages.append({**one, "call": len(calls), "answered": answered})
        if answered:
            call_id = f"{session_id}/{len(calls) + 1}"
            told = {"call_id": call_id, "trace_id": call_id, "heard": at, "started_ns": 0, "ended_ns": None}
            calls.append({**told, "dialect": "dataset", "version": 1, "operation": "chat", "model": model})
    return messages[: calls[-1]["heard"] + 1 if calls else 0], calls


def _read_line(number: int, raw: Json, calls: Sequence[Json]) -> Line:
    message = _read_message(raw)
    call = calls[raw["call"]] if "call" in raw else {"trace_id": "", "call_id": ""}
    return Line(number, call["trace_id"], call["call_id"], message, read_text(message), bool(raw.get("answered")))


def _read_message(raw: Json) -> Message:
    tools = tuple(
        ToolCall(
            one.get("id") or "",
            one["function"]["name"],
            one["function"]["arguments"],
            one.get("type", "function"),
            one.get("extra") or {},
        )
        for one in raw.get("tool_calls") or ()
    )
    told: dict[str, Any] = {name: raw[name] for name in _TEXTS if raw.get(name) is not None}
    return Message(str(raw["role"]), tool_calls=tools, **told)


def _read_step(raw: Json, answers: tuple[Line, ...], tools: tuple[Json, ...]) -> Step:
    fields = {name: raw.get(name, usual) for name, usual in _USUAL.items()}
    output = [msgspec.to_builtins(line.message) for line in answers]
    call = msgspec.convert({**fields, "output": output, "tools": tools}, Call)
    return Step(raw["trace_id"], raw["call_id"], raw["started_ns"], raw["ended_ns"], call, raw["heard"], answers)
