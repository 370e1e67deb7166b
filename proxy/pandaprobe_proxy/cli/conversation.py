"""A call, and a session's conversation, as text to read: each message once, with the call that brought it."""

from collections.abc import Iterable

from pandaprobe_proxy.cli.output import clean, duration, echo, faint, heading, one_line
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.base import CallRow, SessionRow, StoredCall, TraceRow
from pandaprobe_proxy.store.shapes import iso

MARKS = ("sent", "head", "first_byte", "first_event", "first_content", "first_tool", "last_byte", "ended")
TEXT_CHARS = 4000


def print_session(row: SessionRow, traces: Iterable[TraceRow], calls: Iterable[StoredCall]) -> None:
    """The session's head, its traces that were posted, and its conversation."""
    heading(f"session {row.session_id}")
    known = f"{row.source}, confidence {row.confidence:g}"
    echo(f"{row.calls} calls in {row.traces} traces, {row.errors} errors; session known by {known}")
    echo(
        f"{iso(row.started_ns)} for {duration(row.last_ns - row.started_ns)}; models {', '.join(row.models) or 'none'}"
    )
    echo(f"tokens {row.input_tokens} in, {row.output_tokens} out")
    for trace in traces:
        if trace.origin != "proxy":
            _print_trace(trace)
    print_conversation(calls)


def _print_trace(trace: TraceRow) -> None:
    took = duration(trace.ended_ns - trace.started_ns if trace.ended_ns else None)
    echo(f"trace {trace.trace_id}  {clean(trace.name)}  {trace.status}  {took}")
    depths: dict[str, int] = {}
    for span in trace.spans:
        depth = depths[span.span_id] = depths.get(span.parent_span_id or "", -1) + 1
        echo(f"  {'  ' * depth}{span.kind} {clean(span.name)}  {span.status}{_reason(span.error)}")


def _reason(error: str | None) -> str:
    return f": {one_line(error, 200)}" if error else ""


def print_conversation(calls: Iterable[StoredCall]) -> None:
    """Every message once, in the order in which the calls brought them."""
    shown: set[bytes] = set()
    for number, stored in enumerate(calls, 1):
        echo()
        echo(faint(_headline(number, stored.row)))
        if stored.call is None:
            echo(f"  {stored.row.method} {clean(stored.row.path)} → {stored.row.status or 'no answer'}")
        else:
            for message in (*stored.call.input, *stored.call.output):
                _print_new(message, shown)
        _print_trouble(stored)


def _print_new(message: Message, shown: set[bytes]) -> None:
    name = digest(message)
    if name not in shown:
        shown.add(name)
        print_message(message)


def _headline(number: int, row: CallRow) -> str:
    usage = row.usage
    words = [f"── call {number}", row.call_id, row.model or row.operation or f"{row.method} {row.path}"]
    if row.marks.first_content is not None:
        words.append(f"first content after {duration(row.marks.first_content)}")
    words.append(f"{duration(row.ended_ns - row.started_ns)} in all" if row.ended_ns else "still running")
    if usage.input is not None or usage.output is not None:
        words.append(f"tokens {usage.input or 0} in, {usage.output or 0} out ({usage.source})")
    return "  ".join(words)


def _print_trouble(stored: StoredCall) -> None:
    row = stored.row
    if row.outcome != "ok":
        echo(f"  ! {row.outcome}{_reason(row.error)}")
    elif stored.call and stored.call.error:
        echo(f"  ! {one_line(stored.call.error.message, 300)}")
    for warning in stored.warnings:
        echo(f"  ! {clean(warning)}")


def print_message(message: Message) -> None:
    """Who says it, and what."""
    who = f"{message.role} {message.name}" if message.name else message.role
    if message.tool_call_id:
        who += f" (result of {message.tool_call_id})"
    heading(f"  {who}")
    if message.reasoning:
        _print_text(f"[reasoning] {message.reasoning}")
    if message.text:
        _print_text(message.text)
    if message.refusal:
        _print_text(f"[refusal] {message.refusal}")
    if not isinstance(message.content, str | None):
        kinds = (part for part in message.content if isinstance(part, dict) and "text" not in part)
        others = [part.get("type") or next(iter(part), "?") for part in kinds]  # Gemini's parts are named by their key
        if others:
            _print_text(f"[{', '.join(map(str, others))}]")
    for call in message.tool_calls:
        _print_text(f"→ {call.name}({call.arguments})  {call.id}")


def _print_text(text: str) -> None:
    cut = text[:TEXT_CHARS]
    for line in clean(cut).splitlines():
        echo(f"    {line}")
    if len(text) > len(cut):
        echo(faint(f"    … and {len(text) - len(cut)} characters more; `calls show` has them all"))


def print_call(stored: StoredCall) -> None:
    """Everything that is kept of one call."""
    row = stored.row
    heading(f"call {row.call_id}")
    echo(f"session {clean(row.session_id)} ({row.source}, confidence {row.confidence:g}), trace {row.trace_id}")
    echo(f"{row.method} {clean(stored.url)} → {row.status or 'no answer'} {clean(stored.reason)}, {row.outcome}")
    echo(f"{iso(row.started_ns)}, upstream {row.upstream}, credential {stored.credential or 'none'}")
    marks = [(name, getattr(row.marks, name)) for name in MARKS]
    echo("times: " + ", ".join(f"{name} {duration(at)}" for name, at in marks if at is not None))
    echo(_headline(1, row).removeprefix("── call 1  "))
    for side, body in (("request", stored.request), ("response", stored.response)):
        kept = f"not kept ({clean(body.withheld)})" if body.withheld else f"{len(body.data)} kept"
        echo(f"{side}: {body.size} bytes, {kept}, {body.redactions} secrets taken out {body.coding}".rstrip())
    if stored.call:
        for message in (*stored.call.input, *stored.call.output):
            print_message(message)
        for tool in stored.call.tools:
            echo(f"  tool: {one_line(str(tool), 200)}")
        for name, value in stored.call.parameters.items():
            echo(f"  {clean(name)} = {one_line(str(value), 200)}")
    _print_trouble(stored)
    for side, headers in (("request", stored.request_headers), ("response", stored.response_headers)):
        heading(f"  {side} headers")
        for name, value in headers:
            echo(f"    {clean(name)}: {clean(value)}")
