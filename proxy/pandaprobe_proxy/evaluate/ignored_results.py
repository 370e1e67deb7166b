"""`ignored_results`: tools that succeeded and whose result nothing later takes up.

What a result tells are its ids, numbers, names and longer words, without the names of its fields, and without what the
arguments say already (unless the tool changed something: then its result only has to confirm them). It is taken up if
the agent later says one of its ids, numbers or names, in words or in arguments, or a word that it had not used before.
Results that tell fewer than three such things are not judged, nor those after which the agent said nothing more.

A result may be about something else than was asked for: a field of it has the name of an argument and another value, or
it is a record whose own id is not the one asked for. With such a result a session has many words in common by chance,
so that it is taken up only by an id or a number that the agent can have from nowhere else.

This is evaluation reference §3.4, "v2", where fields and everyday words counted as well; that misses most results of
another trade. It finds events; it does not predict failure (§3.1).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.session import Line, Session, Use
from pandaprobe_proxy.evaluate.traits import changes
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "ignored_results", 2
MOST_EVIDENCE = 20
FEWEST_TOKENS = 3
MOST_CHARS = 20_000
"""Of a result that are read."""
_TOKEN = re.compile(r"\w+(?:[.@]\w+)*")
_FIELD = re.compile(r'"[^"\\]*"\s*:')
_ID_FIELD = re.compile(r"(?:.*_)?ids?|.*I[dD]s?")
_YEAR = re.compile(r"(?:19|20)\d\d")
FEWEST_LETTERS = 5
FEWEST_OF_ID = 4
"""Letters and digits of an id or number that is hardly the same by chance."""


@dataclass(slots=True)
class _Spoken:
    """Where the agent first and last said something, by token."""

    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def hear(self, text: str, number: int) -> None:
        for token in set(_TOKEN.findall(text.lower())):
            self.first[token] = min(number, self.first.get(token, number))
            self.last[token] = max(number, self.last.get(token, number))


def evaluate(session: Session) -> Judgement:
    """1 − ignored / eligible; null if no result can be judged."""
    spoken = _listen(session)
    eligible, ignored = 0, []
    for use, result in _find_judged(session):
        telling, plain = read_tokens(_FIELD.sub(" ", result.text[:MOST_CHARS]))
        said = set(_TOKEN.findall(use.tool.arguments.lower()))
        confirmed = (telling | plain) & said if changes(use.name) else set()
        telling, plain = telling - said | confirmed, plain - said
        if len(telling) + len(plain) < FEWEST_TOKENS:
            continue
        eligible += 1
        if is_elsewhere(use.arguments, result.text):
            if not _is_source(telling, session, spoken, result.number):
                ignored.append(
                    result.quote(f"{use.name} told of something else than was asked, and nothing of it is used")
                )
        elif not _is_taken_up(telling, plain, spoken, result.number):
            ignored.append(result.quote(f"nothing of what {use.name} told is taken up later"))
    counts = {"eligible": eligible, "ignored": len(ignored)}
    if not eligible:
        return Judgement(NAME, VERSION, None, "no result to judge", counts)
    label = f"{len(ignored)} of {eligible} results ignored"
    return Judgement(NAME, VERSION, 1 - len(ignored) / eligible, label, counts, tuple(ignored[:MOST_EVIDENCE]))


def read_tokens(text: str) -> tuple[set[str], set[str]]:
    """(ids, numbers of three digits or more, and names; other words of five letters or more), in small letters."""
    telling, plain = set(), set()
    for token in _TOKEN.findall(text):
        if any(letter.isdigit() for letter in token):
            if not (token.isdecimal() and len(token) < 3):
                telling.add(token.lower())
        elif token[0].isupper() and len(token) >= 3:
            telling.add(token.lower())
        elif len(token) >= FEWEST_LETTERS:
            plain.add(token.lower())
    return telling, plain


def _listen(session: Session) -> _Spoken:
    spoken = _Spoken()
    for line in session.answers:
        spoken.hear(line.text, line.number)
    for use in session.uses:
        spoken.hear(use.tool.arguments, use.asked.number)
    return spoken


def _find_judged(session: Session) -> Iterable[tuple[Use, Line]]:
    """Results of tools that succeeded, after which the agent said something."""
    end = max((line.number for line in session.answers), default=0)
    for use in session.results:
        if use.result is not None and not use.failed and use.result.number < end:
            yield use, use.result


def _is_taken_up(telling: set[str], plain: set[str], spoken: _Spoken, at: int) -> bool:
    return any(spoken.last.get(token, 0) > at for token in telling) or any(
        spoken.first.get(token, 0) > at for token in plain
    )


def is_elsewhere(arguments: Json, result: str) -> bool:
    """Whether a result is about something else than the arguments name: it has their fields, and none of their values.

    A record with an id of its own has the fields of every id.
    """
    record = _parse(result)
    if not isinstance(arguments, dict) or record is None:
        return False
    fields = set(_name_fields(record))
    has_id = isinstance(record, dict) and any(_ID_FIELD.fullmatch(name) for name in record)
    asked = [
        str(value).strip().lower()
        for name, value in arguments.items()
        if isinstance(value, str | int | float) and (name in fields or (has_id and _ID_FIELD.fullmatch(name)))
    ]
    told = result.lower()
    return any(asked) and not any(value in told for value in asked if value)


def _parse(text: str) -> Json:
    try:
        return parse_json(text)
    except ValueError:
        return None


def _name_fields(value: Json) -> Iterator[str]:
    """The fields that have a plain value, at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, dict | list):
                yield from _name_fields(item)
            else:
                yield name
    elif isinstance(value, list):
        for item in value:
            yield from _name_fields(item)


def _is_source(telling: set[str], session: Session, spoken: _Spoken, at: int) -> bool:
    """Whether the agent says an id or number first after the result, which nobody else told it before."""
    said = {token: spoken.first[token] for token in telling if _is_distinct(token) and spoken.first.get(token, 0) > at}
    if not said:
        return False
    last = max(said.values())
    for line in session.lines[:last]:
        if line.number != at and line.role != "assistant":
            heard = set(_TOKEN.findall(line.text.lower()))
            said = {token: first for token, first in said.items() if first < line.number or token not in heard}
    return bool(said)


def _is_distinct(token: str) -> bool:
    return len(token) >= FEWEST_OF_ID and any(map(str.isdigit, token)) and not _YEAR.fullmatch(token)
