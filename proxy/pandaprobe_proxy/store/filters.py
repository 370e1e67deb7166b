"""What chooses sessions or calls, as one line of text: `model:gpt-4o* errors>0 since:2h -tag:test "timed out"`. Pure.

All terms must hold. `-` before one means that it must not. Words and "words in quotes" are searched in messages.
- text: `model` `tag` `user` `session` `agent` `provider` `source` `tool`, with `*` for anything: `session:abc*`
- `status:` `ok`, `failed`, `open`, `idle`, `closed`, or the status of an answer: `status:500`
- numbers, with `<` `<=` `=` `>=` `>`: `cost` (US dollars) `calls` `errors` `tokens` `duration` (seconds, or `30s` `5m`
  `2h` `1d`) and `score.NAME`
- times: `since:` and `until:`, a date, a moment in ISO 8601, or so long ago: `30m` `2h` `7d`
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

TEXTS = ("model", "tag", "user", "session", "agent", "provider", "source", "tool")
STATES = ("ok", "failed", "open", "idle", "closed")
NUMBERS = ("cost", "calls", "errors", "tokens", "duration")
TIMES = ("since", "until")
SCORE = "score."
MOST_TERMS = 20
_TOKEN = re.compile(r'-?(?:[A-Za-z][\w.-]*(?::|<=|>=|<|>|=))?(?:"[^"]*"|[^\s"]+)')
_PARTS = re.compile(r'(-?)(?:([A-Za-z][\w.-]*?)(:|<=|>=|<|>|=))?(?:"([^"]*)"|(.+))', re.DOTALL)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, None: 1}


class BadFilter(ValueError):
    """A term that means nothing. The text is one sentence that names it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` is `text` for words that are searched, `score.NAME` for a score."""

    field: str
    op: str
    """`:` for text and times, else the comparison."""
    value: str | float
    """Of times: nanoseconds since 1970, as a float would not hold them, in digits."""
    negated: bool = False


def parse(text: str, now_ns: int) -> tuple[Term, ...]:
    """The terms of a filter. Raises BadFilter. `now_ns` is what `2h` is counted back from."""
    left = _TOKEN.sub(" ", text).strip()
    if left:
        raise BadFilter(f"a quotation mark has no partner in {text!r}.")
    terms = tuple(_read(token, now_ns) for token in _TOKEN.findall(text))
    if len(terms) > MOST_TERMS:
        raise BadFilter(f"a filter has at most {MOST_TERMS} terms, and this one {len(terms)}.")
    return terms


def _read(token: str, now_ns: int) -> Term:
    found = _PARTS.fullmatch(token)
    if found is None:
        raise BadFilter(f"{token!r} is no term.")
    minus, field, op, quoted, plain = found.groups()
    value = quoted if quoted is not None else plain
    if field is None:
        return Term("text", ":", value, bool(minus))
    return Term(field, *_read_value(field, op, value, now_ns), bool(minus))


def _read_value(field: str, op: str, value: str, now_ns: int) -> tuple[str, str | float]:
    if field in NUMBERS or field.startswith(SCORE):
        return ("=" if op == ":" else op), _read_number(field, value)
    if field not in (*TEXTS, *TIMES, "status"):
        known = ", ".join((*TEXTS, "status", *NUMBERS, f"{SCORE}NAME", *TIMES))
        raise BadFilter(f"there is no {field!r} to filter by; there are {known}.")
    if op not in (":", "="):
        raise BadFilter(f"{field} is compared by `:`, as in {field}:{value}.")
    if field in TIMES:
        return ":", str(_read_time(field, value, now_ns))
    if field == "status" and value not in STATES and not value.isdecimal():
        raise BadFilter(f"status is one of {', '.join(STATES)}, or a number such as 500, not {value!r}.")
    return ":", value


def _read_number(field: str, value: str) -> float:
    span = _SPAN.fullmatch(value) if field == "duration" else None
    if span:
        return float(span[1]) * _SECONDS[span[2]]
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadFilter(f"{field} is compared with a number, not {value!r}.")
    return number


def _read_time(field: str, value: str, now_ns: int) -> int:
    span = _SPAN.fullmatch(value)
    if span and span[2]:
        return now_ns - int(float(span[1]) * _SECONDS[span[2]] * 1e9)
    try:
        at = datetime.fromisoformat(value)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000) * 1000
    except (ValueError, OverflowError) as error:
        raise BadFilter(f"{field} is a date, a moment such as 2026-11-01T12:00, or 2h, not {value!r}.") from error
