"""`assertions`: what a user's own file says that must or must never happen in a session.

Each assertion has a `name` and one or more of: `must_call` and `never_call` (a tool's name, with `arguments` that it
must have), `in_order` (tools, one after another), `must_say` and `never_say` (a regular expression over answers),
`answer_schema` (a JSON Schema of the final answer), and `max_…` of any fact of `efficiency` (`max_calls`, `max_cost`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.json_schema import find_violations
from pandaprobe_proxy.evaluate.session import Session, Use
from pandaprobe_proxy.evaluate.traits import read_facts
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "assertions", 1
FACTS = frozenset({"calls", "tool_calls", "input_tokens", "output_tokens", "cost", "wall_s", "context_growth"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """One thing that must hold. What is None is not asked for."""

    name: str
    must_call: str | None = None
    never_call: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    in_order: tuple[str, ...] = ()
    must_say: str | None = None
    never_say: str | None = None
    answer_schema: Json = None
    most: Mapping[str, float] = field(default_factory=dict)


def read_assertions(value: Json) -> tuple[Assertion, ...]:
    """Assertions from a parsed file: a list, or one under `assertions`. Raises ValueError with what is wrong."""
    listed = value.get("assertions") if isinstance(value, dict) else value
    if not isinstance(listed, list):
        raise ValueError("assertions are a list, each with a name and what must hold")
    return tuple(_read(number, one) for number, one in enumerate(listed, 1))


def _read(number: int, value: Json) -> Assertion:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ValueError(f"assertion {number} has no name")
    given = {key: item for key, item in value.items() if not key.startswith("max_")}
    most = {key.removeprefix("max_"): item for key, item in value.items() if key.startswith("max_")}
    unknown = sorted({*given} - set(Assertion.__slots__)) + sorted({*most} - FACTS)
    if unknown:
        raise ValueError(f"assertion {value['name']!r} asks for {unknown[0]!r}, which there is not")
    if len(given) == 1 and not most:
        raise ValueError(f"assertion {value['name']!r} asks for nothing")
    _check_types(value["name"], given, most)
    return Assertion(**given | {"in_order": tuple(given.get("in_order", ())), "most": most})


def _check_types(name: str, given: Mapping[str, Json], most: Mapping[str, Json]) -> None:
    texts = [given.get(key, "") for key in ("must_call", "never_call", "must_say", "never_say")]
    sound = (
        all(isinstance(text, str) for text in [*texts, *given.get("in_order", ())])
        and isinstance(given.get("in_order", []), list)
        and isinstance(given.get("arguments", {}), dict)
        and all(isinstance(item, int | float) for item in most.values())
    )
    if not sound:
        raise ValueError(f"assertion {name!r} has a value of the wrong type")
    for text in texts[2:]:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"assertion {name!r} has no regular expression in {text!r}: {error}") from error


def judge(session: Session, assertions: Sequence[Assertion]) -> Judgement:
    """Assertions that hold / assertions; null without any, or without a call."""
    broken = {one.name: found for one in assertions if (found := list(_check(session, one)))}
    counts: dict[str, object] = {"assertions": len(assertions), "broken": len(broken)}
    counts |= {one.name: "fail" if one.name in broken else "pass" for one in assertions}
    if not assertions or not session.steps:
        return Judgement(NAME, VERSION, None, "no assertions" if not assertions else "no calls", counts)
    evidence = tuple(quote for found in broken.values() for quote in found)
    label = f"broken: {', '.join(broken)}" if broken else f"all {len(assertions)} hold"
    return Judgement(NAME, VERSION, 1 - len(broken) / len(assertions), label, counts, evidence)


def _check(session: Session, one: Assertion) -> Iterator[Quote]:
    last = session.steps[-1:] if session.steps else ()
    for use in _find_calls(session, one.never_call, one.arguments):
        yield use.quote(f"{one.name}: {one.never_call} is called")
    if one.must_call is not None and not _find_calls(session, one.must_call, one.arguments):
        yield from (step.quote(f"{one.name}: {one.must_call} is not called") for step in last)
    if not _in_order([use.name for use in session.uses], one.in_order):
        yield from (step.quote(f"{one.name}: not in order: {', '.join(one.in_order)}") for step in last)
    yield from _check_words(session, one)
    facts = read_facts(session)
    for fact, most in one.most.items():
        if facts.get(fact, 0) > most:
            yield from (step.quote(f"{one.name}: {fact} is {facts[fact]:g}, over {most:g}") for step in last)


def _check_words(session: Session, one: Assertion) -> Iterator[Quote]:
    said = [line for line in session.answers if line.text]
    for line in said:
        found = re.search(one.never_say, line.text) if one.never_say is not None else None
        if found:
            yield line.quote(f"{one.name}: this is said", found[0])
    if one.must_say is not None and not any(re.search(one.must_say, line.text) for line in said):
        yield from (step.quote(f"{one.name}: {one.must_say!r} is never said") for step in session.steps[-1:])
    if one.answer_schema is not None:
        wrong = _check_answer(said[-1].text if said else "", one.answer_schema)
        yield from (step.quote(f"{one.name}: {text}") for text in wrong for step in session.steps[-1:])


def _check_answer(text: str, schema: Json) -> list[str]:
    try:
        return list(find_violations(parse_json(text), schema))[:3]
    except ValueError:
        return ["the final answer is no JSON"]


def _find_calls(session: Session, name: str | None, arguments: Mapping[str, Json]) -> list[Use]:
    return [use for use in session.uses if use.name == name and _has(use.arguments, arguments)]


def _has(given: Json, wanted: Mapping[str, Json]) -> bool:
    return not wanted or (isinstance(given, dict) and all(given.get(key) == value for key, value in wanted.items()))


def _in_order(names: Sequence[str], wanted: Sequence[str]) -> bool:
    left = iter(names)
    return all(name in left for name in wanted)
