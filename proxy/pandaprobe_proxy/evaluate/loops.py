"""`loops`: what was done or said again, and led nowhere.

A use counts as looped if it is the same tool with the same arguments and the same result as the one before it, or as
two others of the session; if it repeats a call right after that failed the same way; or if it closes a cycle of two or
three uses that has come round before. Reading something once more is no loop (it happens in one session of five); it is
counted as `repeated`. An answer counts if it says nearly the same (3-word Jaccard > 0.6) as one of the answers shortly
before. Evaluation reference §3.4 and §4.1: such answers tell stuck sessions with an AUC of 0.997.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pandaprobe_proxy.evaluate.session import Line, Session, Use
from pandaprobe_proxy.evaluate.words import liken, split_words
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "loops", 1
MOST_EVIDENCE = 20
ALIKE = 0.6
LOOKED_BACK = 4
FEWEST_WORDS = 6
"""Shorter answers ("You're welcome!") are alike for other reasons."""
RUN = 3
"""So many identical uses are a loop beyond doubt."""


def evaluate(session: Session) -> Judgement:
    """1 − looped / (uses + answers in words); null with fewer than two of both."""
    uses = session.uses
    said = [line for line in session.answers if len(split_words(line.text)) >= FEWEST_WORDS]
    looped = list(find_looped(uses))
    stuck = list(find_repeats(said))
    keys = Counter(_state(use) for use in uses)
    counts = {
        "uses": len(uses),
        "answers": len(said),
        "repeated": sum(count - 1 for count in keys.values()),
        "looped": len(looped),
        "repeated_answers": len(stuck),
        "longest_run": _longest_run(uses),
        "retried_same": sum(_fails_again(one, other) for one, other in pairwise(uses)),
        "cycles": sum(reason == "closes a cycle" for _, reason in looped),
    }
    total = len(uses) + len(said)
    if total < 2:
        return Judgement(NAME, VERSION, None, "too short to loop", counts)
    evidence: list[Quote] = [use.quote(reason) for use, reason in looped]
    evidence += [line.quote(f"says nearly what message {other.number} says") for line, other in stuck]
    bad = len(looped) + len(stuck)
    hard = counts["longest_run"] >= RUN or counts["retried_same"] > 0
    label = "no loop" if not bad else f"{'looping: ' if hard else ''}{bad} of {total} acts again"
    return Judgement(NAME, VERSION, 1 - bad / total, label, counts, tuple(evidence[:MOST_EVIDENCE]))


def find_repeats(said: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """(answer, the earlier one that says nearly the same), among those shortly before it."""
    for at, line in enumerate(said):
        before = said[max(0, at - LOOKED_BACK) : at]
        alike = next((other for other in reversed(before) if liken(line.text, other.text) > ALIKE), None)
        if alike is not None:
            yield line, alike


def _state(use: Use) -> tuple[str, str | None]:
    return use.key, use.result.text if use.result else None


def _fails_again(one: Use, other: Use) -> bool:
    """The same call right after its own failure, which fails again."""
    return one.failed and other.failed and one.key == other.key


def find_looped(uses: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    """(a use that led nowhere, why it counts as looped)."""
    seen: Counter[tuple[str, str | None]] = Counter()
    recent: deque[tuple[str, str | None]] = deque(maxlen=6)
    for use in uses:
        state = _state(use)
        seen[state] += 1
        if recent and recent[-1] == state:
            yield use, "the same call with the same result again"
        elif seen[state] >= RUN:
            yield use, f"the same call with the same result for the {seen[state]}th time"
        elif _closes_cycle([*recent, state]):
            yield use, "closes a cycle"
        recent.append(state)


def _closes_cycle(states: Sequence[object]) -> bool:
    """The last two or three uses are those before them, once more."""
    periods = (2, 3)
    return any(len(states) >= 2 * n and list(states[-n:]) == list(states[-2 * n : -n]) for n in periods)


def _longest_run(uses: Sequence[Use]) -> int:
    longest = run = 0
    last: object = None
    for use in uses:
        state = _state(use)
        run = run + 1 if state == last else 1
        longest, last = max(longest, run), state
    return longest
