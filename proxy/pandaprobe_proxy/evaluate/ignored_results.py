"""`ignored_results`: tools that succeeded and whose result nothing later takes up.

Of a result every id, number, name and longer word counts that its own arguments do not say already. It is ignored if
none of them occurs in any later answer or arguments of the agent. Results of fewer than three such words are not
judged, nor those after which the agent said nothing more. Evaluation reference §3.4, "v2": AUC 0.96 on results that
were replaced, 1.1 % of genuine results. It finds events; it does not predict failure (§3.1).
"""

import re
from collections.abc import Iterable

from pandaprobe_proxy.evaluate.session import Line, Session, Use
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "ignored_results", 1
MOST_EVIDENCE = 20
FEWEST_TOKENS = 3
MOST_CHARS = 20_000
"""Of a result that are read."""
_TOKEN = re.compile(r"\w+(?:[.@]\w+)*")
FEWEST_LETTERS = 5


def evaluate(session: Session) -> Judgement:
    """1 − ignored / eligible; null if no result can be judged."""
    last = _find_last(session)
    end = max((line.number for line in session.answers), default=0)
    eligible = [(use, tokens) for use, result, tokens in _find_eligible(session) if result.number < end]
    ignored = [use for use, tokens in eligible if not _is_used(use, tokens, last)]
    counts = {"eligible": len(eligible), "ignored": len(ignored)}
    if not eligible:
        return Judgement(NAME, VERSION, None, "no result to judge", counts)
    evidence = [use.result.quote(f"nothing of what {use.name} told is taken up later") for use in ignored if use.result]
    label = f"{len(ignored)} of {len(eligible)} results ignored"
    return Judgement(NAME, VERSION, 1 - len(ignored) / len(eligible), label, counts, tuple(evidence[:MOST_EVIDENCE]))


def read_tokens(text: str) -> set[str]:
    """Ids, numbers, names and words of at least five letters, in small letters."""
    return {token.lower() for token in _TOKEN.findall(text[:MOST_CHARS]) if _tells(token)}


def _tells(token: str) -> bool:
    if any(letter.isdigit() for letter in token):
        return len(token) > 1
    return len(token) >= FEWEST_LETTERS or (len(token) > 2 and token[0].isupper() and token[1:].islower())


def _find_eligible(session: Session) -> Iterable[tuple[Use, Line, set[str]]]:
    for use in session.results:
        if use.result is not None and not use.failed:
            tokens = read_tokens(use.result.text) - read_tokens(use.tool.arguments)
            if len(tokens) >= FEWEST_TOKENS:
                yield use, use.result, tokens


def _find_last(session: Session) -> dict[str, int]:
    """The number of the last line of the agent that has a token, in its words or in arguments."""
    last: dict[str, int] = {}
    for line in session.answers:
        for token in read_tokens(line.text):
            last[token] = line.number
    for use in session.uses:
        for token in read_tokens(use.tool.arguments):
            last[token] = max(last.get(token, 0), use.asked.number)
    return last


def _is_used(use: Use, tokens: set[str], last: dict[str, int]) -> bool:
    at = use.result.number if use.result else 0
    return any(last.get(token, 0) > at for token in tokens)
