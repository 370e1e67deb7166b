"""`user_friction_markers`: where a user corrects the agent, or has to say the same again.

Words of correction have a precision of 0.12 to 0.21 per turn at a base of 0.04, and users repeat themselves for other
reasons, too (evaluation reference, §3.5). So there are events and never a value.
"""

import re
from collections.abc import Iterator, Sequence

from pandaprobe_proxy.evaluate.session import Line, Session
from pandaprobe_proxy.evaluate.words import liken, split_words
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "user_friction_markers", 1
MOST_EVIDENCE = 20
ALIKE = 0.5
FEWEST_WORDS = 5
LOOKED_BACK = 3
MOST_CHARS = 2000
"""Longer messages are documents rather than talk."""
_CORRECTS = re.compile(
    r"\b(?:that(?:'s| is|s)? (?:not|wrong|incorrect)|(?:no|nope),? (?:i|that|not|it)\b|not what i|i (?:already|just) "
    r"(?:told|said|gave|asked|mentioned|provided)|i (?:said|meant|asked for)\b|you(?:'re| are)? (?:wrong|mistaken|not "
    r"(?:listening|understanding))|(?:still|again) (?:not|wrong|doesn't|does not|isn't)|still (?:broken|failing)|"
    r"doesn't work|does not work|didn't (?:work|ask)|try again|wrong (?:one|answer|order|file)|incorrect|"
    r"(?:frustrat|annoy|ridiculous|useless|terrible|unacceptable|waste of time)\w*|as i (?:said|mentioned))",
    re.IGNORECASE,
)


def evaluate(session: Session) -> Judgement:
    """Events only: the value is null, always."""
    asked = [line for line in session.asked if len(line.text) <= MOST_CHARS]
    corrections = [(line, found[0]) for line in asked[1:] if (found := _CORRECTS.search(line.text))]
    repeats = list(_find_repeats(asked))
    counts = {"user_messages": len(asked), "corrections": len(corrections), "repeats": len(repeats)}
    evidence = [line.quote("the user corrects", passage) for line, passage in corrections]
    evidence += [line.quote(f"the user says message {other.number} again") for line, other in repeats]
    label = f"{len(corrections) + len(repeats)} markers"
    return Judgement(NAME, VERSION, None, label, counts, tuple(evidence[:MOST_EVIDENCE]))


def _find_repeats(asked: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    for at, line in enumerate(asked):
        before = asked[max(0, at - LOOKED_BACK) : at] if len(split_words(line.text)) >= FEWEST_WORDS else ()
        alike = next((other for other in reversed(before) if liken(line.text, other.text) > ALIKE), None)
        if alike is not None:
            yield line, alike
