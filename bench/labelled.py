"""Recorded agent runs whose outcome is known, as sessions: `*.jsonl.gz`, whose format their PROVENANCE.md tells."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from pandaprobe_proxy.evaluate.gather import About
from pandaprobe_proxy.evaluate.session import Line, Session, Step
from pandaprobe_proxy.evaluate.tool_uses import find_uses, read_text
from pandaprobe_proxy.model.call import Call, Cost, Message, ToolCall, Usage, UsageSource

SECOND_NS = 1_000_000_000


@dataclass
class Run:
    """A recorded run."""

    session: Session
    failed: bool
    task: str
    run: str
    model: str
    flagged: set
    """The numbers of the lines that the harness marked as errors of tools; None if it marks none."""


def load(path):
    """The runs of a file, one by one."""
    with gzip.open(path, "rt") as lines:
        head = json.loads(next(lines))
        for line in lines:
            yield read_run(json.loads(line), head)


def read_run(run, head):
    session = build(run["messages"], run, head)
    meta = {int(at): told for at, told in run["calls_meta"].items()}
    flagged = {at + 1 for at, told in meta.items() if told.get("tool_error_flag")}
    return Run(session, not run["label"], run["task_id"], run["run"], run["model"], flagged)


def build(messages, run, head):
    """A run as a session: each message of the assistant that is not synthetic is the answer of one call."""
    tools = tuple((head.get("tools") or {}).get(run["tools_ref"]) or ())
    about = About(run["session_id"], run["task_id"])
    meta = {int(at): told for at, told in run["calls_meta"].items()}
    lines, steps = [], []
    for at, raw in enumerate(messages):
        told = meta.get(at, {})
        message = read_message(raw, head, told.get("finish_reason"))
        call_id = f"{run['session_id']}/{len(steps) + 1}"
        answered = message.role == "assistant" and at not in run["synthetic"]
        line = Line(at + 1, call_id, call_id, message, read_text(message), answered)
        lines.append(line)
        if answered:
            steps.append(make_step(line, told, run, tools))
    while lines and lines[-1].role != "assistant":  # what no call has shown
        lines.pop()
    return Session(about.session_id, tuple(lines), tuple(steps), tuple(find_uses(lines)), about.task_id)


def make_step(line, told, run, tools):
    usage = told.get("usage") or {}
    known = Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), source=UsageSource.REPORTED)
    cost = Cost(told["cost"], {}, run["model"], "harness") if told.get("cost") else None
    call = Call("openai_chat", 1, "chat", run["model"], run["model"], output=(line.message,), tools=tools, usage=known)
    call = Call(**{name: getattr(call, name) for name in call.__dataclass_fields__} | {"cost": cost})
    ended_ns = int(told.get("t", 0) * SECOND_NS)
    started_ns = ended_ns - int(told.get("latency_s", 0) * SECOND_NS)
    known_end = ended_ns if "latency_s" in told else None
    return Step(line.trace_id, line.call_id, started_ns, known_end, call, line.number - 1, (line,))


def read_message(raw, head, finish_reason=None):
    content = head["texts"][raw["content_ref"]] if "content_ref" in raw else raw.get("content")
    calls = tuple(
        ToolCall(call.get("id", ""), call["function"]["name"], call["function"]["arguments"])
        for call in raw.get("tool_calls") or ()
    )
    return Message(
        raw["role"],
        content,
        name=raw.get("name"),
        tool_calls=calls,
        tool_call_id=raw.get("tool_call_id"),
        finish_reason=finish_reason,
    )


def files(directory):
    return sorted(Path(directory).glob("*.jsonl.gz"))
