"""Filters as conditions of SQL, over sessions `s` or over calls `c` of sessions `s`. Values are always bound."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pandaprobe_proxy.store.filters import SCORE, Term
from pandaprobe_proxy.store.sqlite.search import write_match

Value = str | float | int
FAILED = "(c.outcome NOT IN ('open', 'ok') OR c.call_error IS NOT NULL)"
"""As sessions count errors."""
_OPS = {"<": "<", "<=": "<=", "=": "=", ">=": ">=", ">": ">"}
_SAID = (
    "SELECT {0} FROM session_messages AS i WHERE i.message IN"
    " (SELECT rowid FROM messages_fts WHERE messages_fts MATCH {1})"
)
_NEWEST = (
    "(SELECT j.value FROM judgements AS j WHERE j.session_id = s.session_id AND j.name = {0}"
    " ORDER BY j.key DESC LIMIT 1)"
)
_POSTED = (
    "(SELECT iif(p.value = 'true', 1.0, CAST(p.value AS REAL)) FROM scores AS p WHERE p.session_id = s.session_id"
    " AND p.name = {0} AND p.data_type != 'CATEGORICAL' ORDER BY p.at_ns DESC LIMIT 1)"
)


@dataclass(slots=True)
class Condition:
    """SQL with its values, put together as it grows."""

    values: list[Value] = field(default_factory=list)

    def bind(self, value: Value) -> str:
        self.values.append(value)
        return f"?{len(self.values)}"


Making = Callable[[Condition, Term], str]


def choose_sessions(terms: Sequence[Term], bound: Sequence[Value] = ()) -> tuple[str, list[Value]]:
    """A condition over `sessions AS s`, and its values, which are bound by number from 1; `bound` are the first."""
    return _choose(terms, _SESSION, bound)


def choose_calls(terms: Sequence[Term]) -> tuple[str, list[Value]]:
    """The same over `calls AS c JOIN sessions AS s`."""
    return _choose(terms, _CALL)


def _choose(
    terms: Sequence[Term], making: Mapping[str, Making], bound: Sequence[Value] = ()
) -> tuple[str, list[Value]]:
    made = Condition(list(bound))
    parts = []
    for term in terms:
        name = SCORE if term.field.startswith(SCORE) else term.field
        text = f"coalesce({making[name](made, term)}, 0)"
        parts.append(f"NOT {text}" if term.negated else text)
    return " AND ".join(parts) or "1", made.values


def _glob(column: str) -> Making:
    """Text with `*` for anything; the rest of GLOB's signs mean themselves."""

    def make(made: Condition, term: Term) -> str:
        return f"{column} GLOB {made.bind(_pattern(str(term.value)))}"

    return make


def _pattern(value: str) -> str:
    return re.sub(r"[\[?]", lambda found: f"[{found[0]}]", value)


def _within(statement: str) -> Making:
    """Whether a row of the statement has `value` like that."""

    def make(made: Condition, term: Term) -> str:
        return f"EXISTS ({statement} AND value GLOB {made.bind(_pattern(str(term.value)))})"

    return make


def _number(expression: str) -> Making:
    def make(made: Condition, term: Term) -> str:
        return f"{expression} {_OPS[term.op]} {made.bind(term.value)}"

    return make


def _since(column: str) -> Making:
    return lambda made, term: f"{column} >= {made.bind(int(term.value))}"


def _until(column: str) -> Making:
    return lambda made, term: f"{column} < {made.bind(int(term.value))}"


def _score(made: Condition, term: Term) -> str:
    name = made.bind(term.field.removeprefix(SCORE))
    newest = f"coalesce({_POSTED.format(name)}, {_NEWEST.format(name)})"
    return f"{newest} {_OPS[term.op]} {made.bind(term.value)}"


def _text(place: str, key: str) -> Making:
    def make(made: Condition, term: Term) -> str:
        match = write_match(str(term.value))
        return f"{key} IN ({_SAID.format(place, made.bind(match))})" if match else "0"

    return make


def _session_status(made: Condition, term: Term) -> str:
    value = str(term.value)
    known = {
        "ok": "s.errors = 0",
        "failed": "s.errors > 0",
        "open": "s.open_calls > 0",
        "idle": "s.state = 'idle'",
        "closed": "s.state = 'closed'",
    }
    return known.get(value) or (
        f"EXISTS (SELECT 1 FROM calls AS c WHERE c.session = s.key AND c.status = {made.bind(_whole(value))})"
    )


def _call_status(made: Condition, term: Term) -> str:
    value = str(term.value)
    known = {
        "ok": f"(c.outcome = 'ok' AND NOT {FAILED})",
        "failed": FAILED,
        "open": "c.outcome = 'open'",
        "idle": "s.state = 'idle'",
        "closed": "s.state = 'closed'",
    }
    return known.get(value) or f"c.status = {made.bind(_whole(value))}"


def _whole(value: str) -> int:
    return min(int(value), 2**31)


_CALLS_OF = "SELECT {0} AS value FROM calls AS c WHERE c.session = s.key"
_SESSION: Mapping[str, Making] = {
    "text": _text("i.session", "s.key"),
    "tool": _text("i.session", "s.key"),
    "model": _within("SELECT 1 FROM json_each(s.models) WHERE 1"),
    "tag": _within("SELECT 1 FROM json_each(s.tags) WHERE 1"),
    "user": _glob("s.user_id"),
    "session": _glob("s.session_id"),
    "source": _glob("s.source"),
    "agent": _within(f"SELECT 1 FROM ({_CALLS_OF.format('c.agent_id')}) WHERE 1"),
    "provider": _within(f"SELECT 1 FROM ({_CALLS_OF.format('c.upstream')}) WHERE 1"),
    "status": _session_status,
    "cost": _number("s.cost"),
    "calls": _number("s.calls"),
    "errors": _number("s.errors"),
    "tokens": _number("(s.input_tokens + s.output_tokens)"),
    "duration": _number("((s.last_ns - s.started_ns) / 1e9)"),
    "since": _since("s.last_ns"),
    "until": _until("s.started_ns"),
    SCORE: _score,
}
_CALL: Mapping[str, Making] = {
    "text": _text("i.call", "c.key"),
    "tool": _text("i.call", "c.key"),
    "model": _glob("c.model"),
    "tag": _within("SELECT 1 FROM json_each(coalesce(c.tags, '[]')) WHERE 1"),
    "user": _glob("coalesce(c.user_id, s.user_id)"),
    "session": _glob("s.session_id"),
    "source": _glob("c.source"),
    "agent": _glob("c.agent_id"),
    "provider": _glob("c.upstream"),
    "status": _call_status,
    "cost": _number("(c.cost ->> '$.total')"),
    "calls": _number("s.calls"),
    "errors": _number(FAILED),
    "tokens": _number("(coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0))"),
    "duration": _number("((c.ended_ns - c.started_ns) / 1e9)"),
    "since": _since("c.started_ns"),
    "until": _until("c.started_ns"),
    SCORE: _score,
}
