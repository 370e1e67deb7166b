"""`completion_integrity`: whether the session came to an end of its own.

It did not if its last call failed at the provider, broke off or said nothing; if any answer was cut at the token limit;
or if it stops on tools that nobody answered, unless one of them is how an agent ends (a hand-over, `finish`, `submit`).
Unfinished ends are rare, and two of three such sessions had failed (evaluation reference, §3.1: lift 2.17).
"""

from collections.abc import Iterator

from pandaprobe_proxy.evaluate.session import Session, Step
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "completion_integrity", 1
MOST_EVIDENCE = 20
CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "incomplete", "token_limit"})
"""How the dialects' finish reasons, in small letters, say that an answer met a limit of tokens."""


def evaluate(session: Session) -> Judgement:
    """1 if it did, 0 if not; null without a call."""
    found = list(_find_flaws(session))
    counts = {reason: sum(reason == other for other, _ in found) for reason, _ in found}
    if not session.steps:
        return Judgement(NAME, VERSION, None, "no calls", counts)
    evidence = tuple(quote for _, quote in found)[:MOST_EVIDENCE]
    label = ", ".join(dict.fromkeys(reason for reason, _ in found)) or "ended"
    return Judgement(NAME, VERSION, 0.0 if found else 1.0, label, counts, evidence)


def is_cut(step: Step) -> bool:
    """An answer of the call met its limit of tokens."""
    return any((message.finish_reason or "").lower() in CUT for message in step.call.output)


def _find_flaws(session: Session) -> Iterator[tuple[str, Quote]]:
    for step in session.steps:
        if is_cut(step):
            yield "truncated", step.quote("the answer was cut at the token limit")
    if session.steps:
        last = session.steps[-1]
        if last.call.error:
            yield "provider error", last.quote("the last call failed")
        elif last.call.partial:
            yield "broken off", last.quote("the last answer broke off")
        elif not last.call.pending and not any(_says(message) for message in last.call.output):
            yield "empty", last.quote("the last answer says nothing")
        yield from _find_open(session, last)


def _says(message: Message) -> bool:
    return bool(message.tool_calls or message.content or message.refusal)


def _find_open(session: Session, last: Step) -> Iterator[tuple[str, Quote]]:
    """Tools that the last answer asks for. One that the app makes the model call is the answer itself."""
    choice = last.call.parameters.get("tool_choice")
    if isinstance(choice, dict) or choice in ("required", "any"):
        return
    numbers = {line.number for line in last.answers}
    asked = [use for use in session.uses if use.asked.number in numbers and use.result is None]
    if asked and not any(use.ends for use in asked):
        yield "stops on a tool call", asked[0].quote("nothing answers it")
