"""What a judge's answer says: read strictly, its quotes checked against the messages that they name.

A quote counts only if it stands in its message word for word, spaces apart, and does not speak to the judge. One that
does not count makes the whole verdict void. An answer that is not what was asked for is no verdict at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.criteria import ADD, INSUFFICIENT, Criterion
from pandaprobe_proxy.evaluate.json_schema import find_violations
from pandaprobe_proxy.evaluate.material import speaks_to_judge
from pandaprobe_proxy.evaluate.questions import WHOLE, Question
from pandaprobe_proxy.evaluate.session import Line
from pandaprobe_proxy.model.score import Quote

Lines = Mapping[int, Line]
FEWEST_QUOTED = 4
"""A shorter quote proves nothing, unless the message is no longer."""


class Malformed(Exception):
    """An answer that is not what was asked for; its text says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer says."""

    value: float | None
    items: tuple[dict[str, Any], ...] = ()
    quotes: tuple[Quote, ...] = ()
    reason: str = ""
    confidence: float = 0.0
    insufficient: bool = False
    void: str = ""
    """Why it counts for nothing."""
    raw: str = ""


def read_verdict(criterion: Criterion, lines: Lines, question: Question, text: str) -> Verdict:
    """What an answer says, its quotes checked. Raises Malformed."""
    told = _parse(text, question.schema)
    proofs = told["items"] if criterion.lists else told["evidence"]
    if told["verdict"] == INSUFFICIENT:
        return Verdict(None, reason=told["reason"], confidence=told["confidence"], insufficient=True, raw=text)
    quotes = [_check(lines, question, proof) for proof in proofs]
    void = next((quote for quote in quotes if isinstance(quote, str)), "")
    if not quotes and not criterion.lists:
        void = "it quotes nothing"
    if void:
        return Verdict(None, reason=told["reason"], confidence=told["confidence"], void=void, raw=text)
    found = tuple(quote for quote in quotes if isinstance(quote, Quote))
    if not criterion.lists:
        return Verdict(told["score"], (), found, told["reason"], told["confidence"], raw=text)
    merged = question.place.window == WHOLE or criterion.merge != ADD
    own = [at for at, item in enumerate(proofs) if merged or item["message"] in question.own]
    items = tuple(proofs[at] for at in own)
    value = _weigh(criterion, items)
    return Verdict(
        value, items, tuple(found[at] for at in own), told["reason"], told["confidence"], not items, raw=text
    )


def _parse(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    text = text.rpartition("</think>")[2]
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise Malformed("it holds no JSON object")
    try:
        told = parse_json(text[begin : end + 1])
    except ValueError as error:
        raise Malformed(f"it is no JSON ({str(error)[:100]})") from error
    wrong = next(find_violations(told, schema), "") or next(_find_beyond(told), "")
    if wrong:
        raise Malformed(wrong[:200])
    return dict(told)


def _find_beyond(told: dict[str, Any]) -> Iterator[str]:
    """Numbers that are not from 0 to 1."""
    numbers = [("confidence", told["confidence"]), ("score", told.get("score", 0))]
    numbers += [("score of an item", item.get("score", 0)) for item in told.get("items", ())]
    yield from (f"{name} is {number}, which is not from 0 to 1" for name, number in numbers if not 0 <= number <= 1)


def _check(lines: Lines, question: Question, proof: dict[str, Any]) -> Quote | str:
    """The quote as evidence, or why it is none."""
    number, quote = int(proof["message"]), proof["quote"].strip()
    line = lines.get(number)
    if line is None or number not in question.shown:
        return f"there is no message {number} in what was shown"
    texts = [line.text, *(tool.arguments for tool in line.message.tool_calls)]
    texts += [f"{tool.name}({tool.arguments})" for tool in line.message.tool_calls]
    flat = " ".join(quote.split())
    if not flat or not any(flat in " ".join(text.split()) for text in texts):
        return f"its quote does not stand in message {number}"
    if len(flat) < FEWEST_QUOTED and all(flat != " ".join(text.split()) for text in texts):
        return f"its quote of message {number} is too short to prove anything"
    if speaks_to_judge(flat):
        return f"its quote of message {number} speaks to the judge, which proves nothing"
    return line.quote(_describe(proof), quote)


def _describe(proof: dict[str, Any]) -> str:
    """What an item says, beside its quote."""
    what = str(proof.get("what", ""))[:160]
    status = proof.get("status", "" if "score" not in proof else f"{proof['score']:g}")
    return f"{status}: {what}" if status and what else str(status) or what


def _weigh(criterion: Criterion, items: Sequence[dict[str, Any]]) -> float | None:
    """The value of some items; None of none."""
    if not items:
        return None
    if criterion.progress:
        return float(max(items, key=lambda item: (item["turn"], item["message"]))["score"])
    return fmean(criterion.statuses[item["status"]] for item in items)


def combine(criterion: Criterion, verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of several windows: items together, or the worst rating. One that is void makes all void."""
    if len(verdicts) == 1:
        return verdicts[0]
    void = next((one for one in verdicts if one.void), None)
    if void:
        return void
    if not criterion.lists:
        known = [one for one in verdicts if one.value is not None]
        return min(known, key=lambda one: one.value or 0.0) if known else verdicts[0]
    items = tuple(item for one in verdicts for item in one.items)
    quotes = tuple(quote for one in verdicts for quote in one.quotes)
    confidence = min(one.confidence for one in verdicts)
    reason = next((one.reason for one in verdicts if one.items), verdicts[0].reason)
    return Verdict(_weigh(criterion, items), items, quotes, reason, confidence, not items)
