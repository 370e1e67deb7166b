"""A call, and a session's conversation, as text to read: each message once, with the call that brought it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pandaprobe_proxy.cli.costs import explain_cost, total_of
from pandaprobe_proxy.cli.output import clean, duration, echo, faint, heading, one_line
from pandaprobe_proxy.model.call import Call, Message, UsageSource
from pandaprobe_proxy.sessions.conversation import Addition, merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.sessions.tools import find_uses
from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.media import list_media, shorten, tell
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.shapes import iso, to_steps
from pandaprobe_proxy.store.trace_rows import TraceRow

MARKS = ("sent", "head", "first_byte", "first_event", "first_content", "first_tool", "last_byte", "ended")
TEXT_CHARS = 4000
SAID = {UsageSource.ESTIMATED: "estimated by length"}
"""How tokens are known, where one word says too little."""


def print_session(
    row: SessionRow, children: Iterable[SessionRow], traces: Iterable[TraceRow], calls: Iterable[StoredCall]
) -> None:
    """The session's head, what it began, its traces that were posted, and its conversation."""
    heading(f"session {row.session_id}")
    known = f"{row.source}, confidence {row.confidence:g}"
    tried = f" ({row.recovered} tried again until it went well)" if row.recovered else ""
    state = f"{row.state} (closes once nothing of it runs)" if row.closing else row.state
    echo(f"{state}, {row.calls} calls in {row.traces} traces, {row.errors} errors{tried}; session known by {known}")
    echo(
        f"{iso(row.started_ns)} for {duration(row.last_ns - row.started_ns)}; models {', '.join(row.models) or 'none'}"
    )
    cost = total_of(row)
    echo(f"tokens {row.input_tokens} in, {row.output_tokens} out" + (f"; cost {cost}" if cost else ""))
    if row.merged_into:
        echo(f"merged into session {clean(row.merged_into)}; `sessions undo` takes the newest correction back")
    if row.parent:
        echo(f"begun by session {clean(row.parent)}" + (f", call {row.parent_call}" if row.parent_call else ""))
    for child in children:
        echo(f"began session {clean(child.session_id)}  {child.calls} calls  {one_line(child.first_input, 80)}")
    for trace in traces:
        if trace.origin != "proxy":
            _print_trace(trace)
    told = list(calls)
    print_conversation(told)
    _print_tools(told)


def _print_tools(calls: Sequence[StoredCall]) -> None:
    """What ran in the app between one call and another."""
    uses = find_uses(to_steps(calls))
    numbers = {stored.row.call_id: number for number, stored in enumerate(calls, 1)}
    if uses:
        echo()
        echo(faint("── tools"))
    for use in uses:
        asked = f"  TOOL {clean(use.tool.name)}  {clean(use.tool.id)}  asked for by call {numbers[use.asked_by]}"
        if use.used_by is None or use.ended_ns is None:
            echo(f"{asked}, its result was never shown")
        else:
            echo(f"{asked}, used by call {numbers[use.used_by]}, {duration(use.ended_ns - use.started_ns)} between")


def _print_trace(trace: TraceRow) -> None:
    took = duration(trace.ended_ns - trace.started_ns if trace.ended_ns else None)
    echo(f"trace {trace.trace_id}  {clean(trace.name)}  {trace.status}  {took}")
    depths: dict[str, int] = {}
    for span in trace.spans:
        depth = depths[span.span_id] = depths.get(span.parent_span_id or "", -1) + 1
        echo(f"  {'  ' * depth}{span.kind} {clean(span.name)}  {span.status}{_reason(span.error)}")


def _reason(error: str | None) -> str:
    return f": {one_line(error, 200)}" if error else ""


def print_conversation(calls: Sequence[StoredCall]) -> None:
    """Every message once, in the order in which the calls brought them.

    Tries that failed are told of by the one that followed, and what fetched an answer by the call that asked for it.
    """
    numbers = {stored.row.call_id: number for number, stored in enumerate(calls, 1)}
    for addition in merge(fold(to_steps(calls))):
        stored = calls[numbers[addition.call_id] - 1]
        echo()
        echo(
            faint(
                _headline(numbers[addition.call_id], stored.row, len(stored.retrievals)) + _tell_line(addition, numbers)
            )
        )
        if stored.history_broken:
            echo(faint("  … goes on from something that is not recorded here"))
        if stored.call is None:
            row = stored.row
            echo(f"  {row.method} {clean(row.path)} → {row.status or 'no answer'}")
        for message in (*addition.held, *addition.said, *addition.answers):
            print_message(message)
        _print_trouble(stored)


def _tell_line(addition: Addition, numbers: Mapping[str, int]) -> str:
    """Of a line of the conversation that is not the first one: which, and where it begins."""
    if addition.branch < 2:
        return ""
    came = f", from call {numbers[addition.after]}" if addition.after else ""
    return f"  branch {addition.branch}{came}"


def _headline(number: int, row: CallRow, retrievals: int = 0) -> str:
    usage = row.usage
    words = [f"── call {number}", row.call_id, row.model or row.operation or f"{row.method} {row.path}"]
    if row.marks.first_content is not None:
        words.append(f"first content after {duration(row.marks.first_content)}")
    words.append(f"{duration(row.ended_ns - row.started_ns)} in all" if row.ended_ns else "still running")
    if usage.input is not None or usage.output is not None:
        words.append(f"tokens {usage.input or 0} in, {usage.output or 0} out ({SAID.get(usage.source, usage.source)})")
    if row.connection:
        words.append(f"{f'turn {row.turn}' if row.turn else row.operation} of connection {row.connection}")
    if row.attempt:
        count = f"{row.attempt} failed attempt{'s' if row.attempt > 1 else ''}"
        words.append(f"after {count}{', as it seems' if row.attempt_inferred else ''}")
    if retrievals:
        words.append(f"answer fetched by {retrievals} call{'s' if retrievals > 1 else ''}")
    if row.pending:
        words.append("not answered yet")
    return "  ".join(words)


def _print_trouble(stored: StoredCall) -> None:
    row = stored.row
    if row.outcome != "ok":
        echo(f"  ! {row.outcome}{_reason(row.error)}")
    elif stored.call and stored.call.error:
        echo(f"  ! {one_line(stored.call.error.message, 300)}")
    for warning in stored.warnings:
        echo(f"  ! {clean(warning)}")


def print_message(message: Message, before: bool = False) -> None:
    """Who says it, and what; `before` this call, if so."""
    who = f"{message.role} {message.name}" if message.name else message.role
    if message.tool_call_id:
        who += f" (result of {message.tool_call_id})"
    heading(f"  {who}{' (held by the provider)' if before else ''}")
    if message.reasoning:
        _print_text(f"[reasoning] {message.reasoning}")
    if message.text:
        _print_text(message.text)
    if message.refusal:
        _print_text(f"[refusal] {message.refusal}")
    if not isinstance(message.content, str | None):
        others = [_name_part(part) for part in message.content if isinstance(part, dict) and "text" not in part]
        if others:
            _print_text(f"[{', '.join(others)}]")
    for call in message.tool_calls:
        _print_text(f"→ {call.name}({call.arguments})  {call.id}")


def _name_part(part: dict[str, Any]) -> str:
    """What a part of a message is that is no text. Gemini's are named by their key."""
    return " ".join([str(part.get("type") or next(iter(part), "?")), *list_media(tell(part))])


def _print_text(text: str) -> None:
    text = shorten(text)
    cut = text[:TEXT_CHARS]
    for line in clean(cut).splitlines():
        echo(f"    {line}")
    if len(text) > len(cut):
        echo(faint(f"    … and {len(text) - len(cut)} characters more; `calls show` has them all"))


def _print_place(row: CallRow) -> None:
    """Where in its session it is, as its app says."""
    if row.agent:
        echo(
            f"by agent {clean(row.agent)}" + (f", begun by agent {clean(row.parent_agent)}" if row.parent_agent else "")
        )
    if row.session_path:
        echo(f"at {clean(row.session_path)} in its session")


def _print_ties(stored: StoredCall) -> None:
    """What it is to other calls."""
    row = stored.row
    if row.attempt:
        of = f"of call {row.attempt_of}" if row.attempt_of else "of a call that was not recorded"
        echo(f"try {row.attempt + 1} {of}{', inferred' if row.attempt_inferred else ''}")
    if row.connection:
        echo(f"{f'turn {row.turn}' if row.turn else row.operation} of connection {row.connection}, which has the bytes")
    if stored.turn_calls:
        echo(f"connection of {row.turns} turns: calls {', '.join(stored.turn_calls)}")
    if row.retrieves:
        echo(f"fetches the answer of call {row.retrieves}, where its tokens are counted")
    if row.follows:
        echo(f"goes on from call {row.follows}")
    if stored.retrievals:
        echo(f"answer fetched by call{'s' if len(stored.retrievals) > 1 else ''} {', '.join(stored.retrievals)}")
    _print_place(row)
    names = {"response": row.response_id, "after": row.previous_id, "conversation": row.conversation_id}
    said = [f"{name} {clean(value)}" for name, value in names.items() if value]
    if said:
        echo(", ".join(said))


def _print_messages(stored: StoredCall) -> None:
    """Whole: what was before it, what it says, and with which tools and parameters."""
    if stored.history_broken:
        echo("  … goes on from something that is not recorded here")
    for message in stored.history:
        print_message(message, before=True)
    if stored.call:
        _print_decoded(stored.call)


def print_call(stored: StoredCall) -> None:
    """Everything that is kept of one call."""
    row = stored.row
    heading(f"call {row.call_id}")
    echo(f"session {clean(row.session_id)} ({row.source}, confidence {row.confidence:g}), trace {row.trace_id}")
    echo(f"{row.method} {clean(stored.url)} → {row.status or 'no answer'} {clean(stored.reason)}, {row.outcome}")
    echo(f"{iso(row.started_ns)}, upstream {row.upstream}, credential {stored.credential or 'none'}")
    _print_ties(stored)
    marks = [(name, getattr(row.marks, name)) for name in MARKS]
    echo("times: " + ", ".join(f"{name} {duration(at)}" for name, at in marks if at is not None))
    echo(_headline(1, row).removeprefix("── call 1  "))
    cost = explain_cost(row)
    if cost:
        echo(f"cost {cost}")
    for side, body in (("request", stored.request), ("response", stored.response)) if not row.connection else ():
        kept = f"not kept ({clean(body.withheld)})" if body.withheld else f"{len(body.data)} kept"
        echo(f"{side}: {body.size} bytes, {kept}, {body.redactions} secrets taken out {body.coding}".rstrip())
    _print_messages(stored)
    _print_trouble(stored)
    for side, headers in (("request", stored.request_headers), ("response", stored.response_headers)):
        if not headers:
            continue
        heading(f"  {side} headers")
        for name, value in headers:
            echo(f"    {clean(name)}: {clean(value)}")


def _print_decoded(call: Call) -> None:
    for message in (*call.input, *call.output):
        print_message(message)
    for tool in call.tools:
        echo(f"  tool: {one_line(str(tool), 200)}")
    for name, value in call.parameters.items():
        echo(f"  {clean(name)} = {one_line(str(tell(value)), 200)}")
