"""`grounding`: ids in arguments and numbers in answers that nothing in the session's input says.

An id is a word of arguments with a digit and no space; it is grounded if the system, the user or a tool has said it
before. A number of an answer is grounded if it was said before, earlier in the same answer included, or if it is one
such number plus, minus or times another, or a sum of up to five. Dates, small whole numbers and ids in answers are not
checked. Evaluation reference §3.4, "v2": AUC 0.92 for each of the two.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pandaprobe_proxy.evaluate.amounts import Amounts, read_amounts
from pandaprobe_proxy.evaluate.session import Line, Session, Use
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "grounding", 1
MOST_EVIDENCE = 20
MOST_VALUES = 200
"""Of arguments that are looked at."""
_WORD = re.compile(r"\w+(?:[-.@_/:+]\w+)*")
_PART = re.compile(r"[^\W_]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?$|\d{1,2}[:/.]\d\d([:/.]\d{2,4})?$")
SHORTEST_ID = 4


@dataclass(slots=True)
class _Found:
    ids: int = 0
    numbers: int = 0
    wrong: list[tuple[str, Quote]] = field(default_factory=list)


def evaluate(session: Session) -> Judgement:
    """1 − ungrounded / checked; null if nothing was to check."""
    found = _check(session)
    ids = sum(kind == "id" for kind, _ in found.wrong)
    counts = {
        "ids": found.ids, "numbers": found.numbers, "ungrounded_ids": ids, "ungrounded_numbers": len(found.wrong) - ids
    }  # fmt: skip
    checked = found.ids + found.numbers
    if not checked:
        return Judgement(NAME, VERSION, None, "no ids or numbers to check", counts)
    evidence = tuple(quote for _, quote in found.wrong)[:MOST_EVIDENCE]
    label = f"{len(found.wrong)} of {checked} ids and numbers come from nowhere"
    return Judgement(NAME, VERSION, 1 - len(found.wrong) / checked, label, counts, evidence)


def _check(session: Session) -> _Found:
    """Line by line, so that each is held against what was said before it."""
    found, words, amounts = _Found(), set[str](), Amounts()
    uses: dict[int, list[Use]] = {}
    for use in session.uses:
        uses.setdefault(use.asked.number, []).append(use)
    for line in session.lines:
        if line.role == "assistant" and line.answered:
            _check_ids(uses.get(line.number, ()), words, found)
            _check_numbers(line, amounts, found)
        if not line.answered:
            words.update(_split(line.text))
        amounts.hear(line.text)
    return found


def _split(text: str) -> Iterator[str]:
    """Its words, whole and in parts, in small letters."""
    for word in _WORD.findall(text.lower()):
        yield word
        if not word.isalnum():
            yield from _PART.findall(word)


def _check_ids(uses: Iterable[Use], words: set[str], found: _Found) -> None:
    for use in uses:
        for value in _read_ids(use.arguments):
            found.ids += 1
            text = value.lower().strip("#")
            if text not in words and not all(part in words for part in _PART.findall(text)):
                found.wrong.append(("id", use.asked.quote(f"{value} in the arguments of {use.name}", value)))


def _read_ids(arguments: Json) -> list[str]:
    """The values that look like ids, each once."""
    ids: dict[str, None] = {}
    left = [arguments]
    for _ in range(MOST_VALUES):
        if not left:
            break
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and _is_id(value):
            ids[value] = None
    return list(ids)


def _is_id(value: str) -> bool:
    if len(value) < SHORTEST_ID or len(value) > 80 or not re.fullmatch(r"#?[\w.@+:-]+", value):
        return False
    return any(letter.isdigit() for letter in value) and not _DATE.match(value)


def _check_numbers(line: Line, amounts: Amounts, found: _Found) -> None:
    for amount in read_amounts(line.text):
        found.numbers += 1
        if not amounts.explain(amount.value):
            found.wrong.append(("number", line.quote(f"{amount.text} in the answer", amount.text)))
        amounts.add(amount)
