"""What a judge is shown of a session: numbered messages, one JSON document a line, in windows that fit its context.

A line break within a message is `\\n` there, so that no message can look like another one, like a claim, or like the
end of the material. Messages that are too long lose their middle, and say how much. Of a session that is too long for
one window each window begins with the instructions, what the user said first and the end of the window before; those
messages are shown, but not its own: what happens in them is told by the window before.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pandaprobe_proxy.evaluate.session import Line
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Quote

WINDOW_CHARS = 60_000
MESSAGE_CHARS = 6_000
PINNED_CHARS = 12_000
TOOLS_CHARS = 12_000
MOST_WINDOWS = 8
OVERLAP = 2
CONTEXT = 8
"""Messages before a turn that are shown with it."""
MOST_CLAIMS = 20
_SPEAKS = re.compile(
    r"\b(?:give|award|assign|output|report|respond with|answer with)\b[^.\n]{0,40}\b(?:score|rating|verdict|grade)\b"
    r"[^.\n]{0,15}(?:\d|\b(?:judged|perfect|full|high))"
    r"|\b(?:give|award|assign|output) (?:it |this |me |us |the \w+ )?(?:a |an )?(?:1\.0|10/10|full marks)"
    r"|\b(?:ignore|disregard|forget)\b[^.\n]{0,30}\b(?:instructions?|rubric|prompt|criteri\w+)\b"
    r"|\b(?:dear|note to|attention|as) (?:the |a |an )?(?:judge|grader|evaluator|assessor)\b"
    r"|\byou are (?:the |a |an )?(?:judge|grader|evaluator|assessor)\b"
    r'|"(?:verdict|score)"\s*:',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    """Some of a session's messages, as a judge sees them."""

    text: str
    shown: frozenset[int]
    """The numbers of the messages that are in it."""
    own: frozenset[int]
    """Of these: those that it is to tell of."""


def speaks_to_judge(text: str) -> bool:
    """Words that are meant for whoever judges the session rather than for who takes part in it."""
    return _SPEAKS.search(text) is not None


def shorten(text: str, most: int) -> str:
    """Without its middle, if it is longer; the cut says how much is left out."""
    if len(text) <= most:
        return text
    head = most * 3 // 5
    return f"{text[:head]}[… {len(text) - most} characters left out …]{text[head - most :]}"


def show_message(line: Line, most: int = MESSAGE_CHARS) -> str:
    """One message as one line of JSON."""
    told: dict[str, Json] = {"message": line.number, "role": line.role, "text": shorten(line.text, most)}
    if line.message.tool_calls:
        told["tool_calls"] = [
            {"tool": tool.name, "arguments": shorten(tool.arguments, most)} for tool in line.message.tool_calls
        ]
    return _dump(told)


def show_tools(tools: Iterable[Json]) -> str:
    """The tools that were offered, as one line of JSON."""
    return _dump({"tools_offered": shorten(json.dumps(list(tools), ensure_ascii=False, default=str), TOOLS_CHARS)})


def show_claim(claim: Quote) -> str:
    """What a detector says, as one line of JSON: a claim to check."""
    return _dump({"claim": claim.detail, "about_message": claim.message})


def _dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def cut_windows(
    lines: Sequence[Line], own: frozenset[int], claims: Sequence[Quote], tools: Sequence[Json]
) -> tuple[tuple[Window, ...], int]:
    """The windows of these lines, and how many are left out since there are too many: of those in the middle."""
    pinned = [line for line in lines if line.role in ("system", "developer")]
    first = next((line for line in lines if line.role == "user"), None)
    pinned += [first] if first else []
    fixed = [show_message(line, PINNED_CHARS) for line in pinned] + ([show_tools(tools)] if tools else [])
    held = {line.number for line in pinned}
    rest = [(line, show_message(line)) for line in lines if line.number not in held]
    groups = _group(rest, max(WINDOW_CHARS - sum(map(len, fixed)), WINDOW_CHARS // 4))
    windows = []
    for at, group in enumerate(groups):
        before = groups[at - 1][-OVERLAP:] if at else []
        numbers = {line.number for line, _ in group} | (held if not at else set())
        shown = numbers | held | {line.number for line, _ in before}
        texts = [*fixed, *(text for _, text in (*before, *group))]
        texts += [show_claim(claim) for claim in claims if claim.message in shown][:MOST_CLAIMS]
        windows.append(Window("\n".join(texts), frozenset(shown), own & numbers))
    telling = [window for window in windows if window.own]
    kept = _thin(telling)
    return tuple(kept), len(telling) - len(kept)


def _group(lines: Sequence[tuple[Line, str]], most: int) -> list[list[tuple[Line, str]]]:
    groups: list[list[tuple[Line, str]]] = [[]]
    size = 0
    for line in lines:
        if groups[-1] and size + len(line[1]) > most:
            groups.append([])
            size = 0
        groups[-1].append(line)
        size += len(line[1])
    return groups


def _thin(windows: list[Window]) -> list[Window]:
    """The first, the last, and those between at equal distances."""
    if len(windows) <= MOST_WINDOWS:
        return windows
    return [windows[at * (len(windows) - 1) // (MOST_WINDOWS - 1)] for at in range(MOST_WINDOWS)]
