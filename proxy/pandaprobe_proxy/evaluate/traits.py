"""What of a session others are held against: small, so that thousands are kept at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.session import Session, Use
from pandaprobe_proxy.evaluate.words import split_words
from pandaprobe_proxy.model.call import Json

FIRST_LINES = 2
MOST_FIRST_WORDS = 200
EXACT = 2**53
"""Whole numbers beyond it are told apart only as such."""
_LOOKING = re.compile(
    r"get|list|search|find|read|fetch|lookup|look|query|show|view|describe|count|check|calculate|compute|think"
    r"|retrieve|load|open|browse|scan|inspect|peek|ls|cat|grep|head|tail|stat|validate|verify|estimate|compare"
    r"|summari[sz]e|plan|reason|recall|select|explore|ask|wait|sleep",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SOLUTION = re.compile(r"<(solution|answer|final_answer|final)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}|####\s*(.+)|(?:final answer|answer is)\s*[:=]?\s*(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one session."""

    session_id: str
    task_id: str | None
    model: str
    """The one that answered most of its calls."""
    template: str
    """Equal for sessions that begin with the same words, numbers and ids apart; empty if they begin with none."""
    first_words: frozenset[str]
    """Of what the user said first."""
    writes: frozenset[str]
    """The successful calls of tools that change something."""
    could_write: bool
    """Such tools were offered to it, or used."""
    uses: frozenset[str]
    """All successful calls of tools."""
    answer: str
    """Its last words, normalised; empty if there are none."""
    facts: dict[str, float]
    """`calls`, `tool_calls`, `input_tokens`, `output_tokens`, `cost`, `wall_s`, `context_growth`: what is known."""
    shape: dict[str, float]
    """`output_chars`, `context_growth` by characters, `calls`: always known, to rank by."""


def read_traits(session: Session) -> Traits:
    asked = " ".join(line.text for line in session.asked[:FIRST_LINES])
    done = [use for use in session.uses if use.succeeded]
    names = {*session.tools, *(use.name for use in session.uses if use.tool.id)}
    models = [step.call.model or step.call.requested_model or "" for step in session.steps]
    words = split_words(asked)
    return Traits(
        session_id=session.session_id,
        task_id=session.task_id,
        model=max(sorted(set(models)), key=models.count, default=""),
        template=_name_template(words),
        first_words=frozenset(words[:MOST_FIRST_WORDS]),
        writes=frozenset(name_action(use) for use in done if is_write(use)),
        could_write=any(changes(name) for name in names),
        uses=frozenset(name_action(use) for use in done),
        answer=read_answer(session),
        facts=read_facts(session),
        shape=read_shape(session),
    )


def _name_template(words: Iterable[str]) -> str:
    said = " ".join(word for word in words if word.isalpha())
    return blake2b(said.encode(), digest_size=8).hexdigest() if said else ""


def changes(name: str) -> bool:
    """Whether a tool of that name changes something: its first words are none of those that only look."""
    words = _WORDS.findall(name)[:2]
    return bool(words) and not any(_LOOKING.fullmatch(word) for word in words)


def is_write(use: Use) -> bool:
    """A tool that changes something, and is not how an agent ends."""
    return changes(use.name) and not use.ends and bool(use.tool.id)


def name_action(use: Use) -> str:
    """The same for calls that do the same: letter case, spaces and the order of lists are no difference."""
    return f"{use.name}{_normalise(use.arguments)}"


def _normalise(value: Json) -> Json:
    if isinstance(value, dict):
        return sorted((str(name), str(_normalise(item))) for name, item in value.items() if item not in (None, ""))
    if isinstance(value, list):
        return sorted(str(_normalise(item)) for item in value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= EXACT:
        return float(value)
    return _normalise_text(value) if isinstance(value, str) else value


def _normalise_text(text: str) -> Json:
    """JSON within a string counts by its value."""
    if text[:1] in "[{":
        try:
            return _normalise(parse_json(text))
        except ValueError:
            pass
    return " ".join(text.lower().split()).strip(" .#")


def read_answer(session: Session) -> str:
    """The final answer: what is marked as one, else the last words. Numbers are rounded to four digits."""
    said = [line.text for line in session.answers if line.text.strip()]
    if not said:
        return ""
    marked = _SOLUTION.findall(said[-1])
    if marked:
        return _round(marked[-1][1])
    found = [next(filter(None, groups)) for groups in _BOXED.findall(said[-1])]
    return _round(found[-1] if found else said[-1])


def _round(text: str) -> str:
    flat = " ".join(text.lower().split()).strip(" .$")
    return _NUMBER.sub(lambda found: f"{float(found[0].replace(',', '')):.4g}", flat)


def read_facts(session: Session) -> dict[str, float]:
    """Sizes of the session, as far as they are known."""
    calls = [step.call for step in session.steps]
    facts = {"calls": float(len(calls)), "tool_calls": float(len(session.uses))}
    facts |= _sum("input_tokens", (call.usage.input for call in calls))
    facts |= _sum("output_tokens", (call.usage.output for call in calls))
    facts |= _sum("cost", (call.cost.total if call.cost else None for call in calls))
    ended = [step.ended_ns for step in session.steps if step.ended_ns is not None]
    if ended:
        facts["wall_s"] = (max(ended) - session.steps[0].started_ns) / 1e9
    inputs = [call.usage.input for call in calls if call.usage.input]
    if len(inputs) > 1:
        facts["context_growth"] = inputs[-1] / inputs[0]
    return facts


def _sum(name: str, values: Iterable[float | None]) -> dict[str, float]:
    known = [value for value in values if value is not None]
    return {name: float(sum(known))} if known else {}


def read_shape(session: Session) -> dict[str, float]:
    """What sessions are ranked by: lengths in characters, since tokens need not be known."""
    sizes = [len(line.text) + sum(len(tool.arguments) for tool in line.message.tool_calls) for line in session.lines]
    ends = [step.heard for step in (session.steps[:1] + session.steps[-1:])]
    heard = [sum(sizes[:end]) for end in ends]
    return {
        "calls": float(len(session.steps)),
        "output_chars": float(sum(size for size, line in zip(sizes, session.lines, strict=True) if line.answered)),
        "context_growth": heard[-1] / heard[0] if heard and heard[0] else 1.0,
    }
