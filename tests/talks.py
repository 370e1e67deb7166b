"""Sessions for tests of evaluators: a talk as messages, each answer of which is one recorded call."""

import itertools
import json
from dataclasses import replace

from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.model.call import Call, Message, ToolCall, Usage
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import Step

SECOND_NS = 10**9
_numbers = itertools.count(1)


def user(text):
    return Message("user", text)


def system(text):
    return Message("system", text)


def says(text, finish="stop"):
    return Message("assistant", text, finish_reason=finish)


def asks(name, arguments=None, **more):
    """An answer that calls a tool; `arguments` as text, or as names and values."""
    text = json.dumps(more) if arguments is None else arguments
    return Message("assistant", tool_calls=(ToolCall(f"c{next(_numbers)}", name, text),), finish_reason="tool_calls")


def gives(text, **extra):
    """The result of the last tool that was asked for."""
    return Message("tool", text, extra=extra)


def used(name, result, **arguments):
    """A tool that was called, and its result."""
    return asks(name, **arguments), gives(result)


def talk(*messages, tools=(), session_id="s", task_id=None, model="m", usage=None, latency=1.0, **call):
    """The session. Each answer is the next call's; `latency` in seconds, or one for each call."""
    flat = [one for message in messages for one in (message if isinstance(message, tuple) else (message,))]
    calls = list(_calls(flat, tools=tools, model=model, usage=usage, latency=latency, **call))
    return gather(About(session_id, task_id), tell(calls))


def tell(calls):
    """Calls as what each adds, by the number of each: (call, seconds it took)."""
    steps = [
        Step(f"k{number}", number * 100 * SECOND_NS, int((number * 100 + took) * SECOND_NS), made)
        for number, (made, took) in enumerate(calls, 1)
    ]
    for number, (step, addition) in enumerate(zip(steps, merge(steps), strict=True), 1):
        said = (*addition.held, *addition.said)
        yield Told(f"t{number}", step.call_id, step.started_ns, step.ended_ns, step.call, said)


def _calls(messages, tools, model, usage, latency, **call):
    history, number, waiting = [], 0, []
    for message in messages:
        if message.role == "assistant":
            number += 1
            took = latency[number - 1] if isinstance(latency, list) else latency
            made = Call("d", 1, "chat", requested_model=model, model=model, input=tuple(history), output=(message,))
            yield replace(made, tools=tuple(tools), usage=usage or Usage(), **call), took
            waiting += [tool.id for tool in message.tool_calls]
        is_open = message.role == "tool" and message.tool_call_id is None and waiting
        history.append(replace(message, tool_call_id=waiting.pop(0)) if is_open else message)


def define(name, schema=None, **properties):
    """A tool's definition as OpenAI has it."""
    parameters = schema or {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def proofs(judgement):
    """The numbers of the messages that prove it."""
    return [quote.message for quote in judgement.evidence]
