"""What a call shows that only an earlier answer can have said, and what it leaves for later calls to show. Pure.

Both are keys: hashes under a key of who authenticated, so that nobody's calls are ever taken for somebody else's, and
nothing can be read from them. A call continues another if it shows what the other left. The chain of messages leaves
one key per answer; system prompts are not part of it, since they change from call to call (dates, directories).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.call import Call, Message, ToolCall, Turn
from pandaprobe_proxy.model.evidence import NO_EVIDENCE, Evidence, Key, Kind
from pandaprobe_proxy.sessions.transcript import name_messages

Json = Any
KEY_BYTES = 12
MOST_ANSWERS = 8
"""Of a call's history, that many answers are looked for, the newest first; so many of its own are looked at."""
NEAR_ANSWERS = 3
"""Of these, what shows each by itself too; of older ones only the whole conversation up to them."""
MOST_TURNS = 50
"""Of a connection, so many can be gone on from over another one."""
MOST_TOOL_CALLS = 32
MOST_LINES = 8
LINE_CHARS = 80
"""A line of an answer that is shorter may be anybody's."""
PROMPT_CHARS = 24
PAIR_CHARS = 80
ANSWER_CHARS = 160
_UNSURE = re.compile(r"[a-z]*|[A-Z]*|[0-9]*")
_SEPARATOR = re.compile(r"[^A-Za-z0-9]")


def read_evidence(call: Call, owner: bytes, names: Sequence[bytes] = ()) -> Evidence:
    """The evidence of a call. `owner` is 1 to 64 bytes that stand for who authenticated, and where.

    `names` are the digests of its input and output, in order, where somebody has them already.
    """
    if call.turns:
        return _read_turns(call.turns, owner)
    if call.kind != "LLM":
        return NO_EVIDENCE
    names = names or name_messages(call)
    said = [at for at, message in enumerate(call.input) if message.role not in ("system", "developer")]
    spoken, digests = [call.input[at] for at in said], [names[at] for at in said]
    trail = _follow(owner)
    shown = list(_read_shown(trail, spoken, digests))[::-1]
    shown = _newest(shown) if shown else list(_read_beginning(trail, spoken))
    if call.previous_id:
        shown.insert(0, Key(Kind.RESPONSE, call.previous_id.encode("utf-8", "replace"), len(spoken)))
    answers = list(zip(call.output, names[len(call.input) :], strict=True))[:MOST_ANSWERS]
    left = dict.fromkeys(_read_left(trail, spoken, digests, answers)) if call.error is None else {}
    return Evidence(tuple(shown), tuple(left), _read_agent(trail, call, names))


def _read_turns(turns: Sequence[Turn], owner: bytes) -> Evidence:
    """Of a connection: it goes on from what its first turn shows, and leaves what its last ones do."""
    calls = [turn.call for turn in turns if turn.call.kind == "LLM"]
    each = [read_evidence(call, owner) for call in (*calls[:1], *calls[1:][-MOST_TURNS:])]
    left = dict.fromkeys(key for evidence in each for key in evidence.left)
    return Evidence(each[0].shown, tuple(left), each[0].agent) if each else NO_EVIDENCE


class _Trail:
    """Makes keys of one owner."""

    def __init__(self, owner: bytes) -> None:
        self._begun = {
            kind: blake2b(key=owner, digest_size=KEY_BYTES, person=kind.name.encode())
            for kind in (Kind.CHAIN, Kind.TOOL, Kind.PAIR, Kind.ANSWER, Kind.LINE, Kind.PROMPT)
        }
        start = blake2b(key=self.key(Kind.CHAIN), digest_size=KEY_BYTES)
        self.chain = start.copy
        """Begins a chain of messages."""

    def key(self, kind: Kind, *parts: bytes) -> bytes:
        made = self._begun[kind].copy()
        for part in parts:
            made.update(part)
        return made.digest()

    def text(self, kind: Kind, text: str) -> bytes:
        return self.key(kind, text.encode("utf-8", "surrogatepass"))


_follow = lru_cache(256)(_Trail)
"""The trail of an owner, of whom there are few: one per credential."""


def _read_shown(trail: _Trail, spoken: Sequence[Message], digests: Sequence[bytes]) -> Iterator[Key]:
    """Of every answer in the history, oldest first; of each, the weakest first."""
    chain = trail.chain()
    answers = [at for at, message in enumerate(spoken) if message.role == "assistant"]
    read = 0
    for at in answers[-MOST_ANSWERS:]:
        if at >= answers[-NEAR_ANSWERS:][0]:
            yield from _read_answer(trail, spoken, digests, at)
        chain.update(b"".join(digests[read : at + 1]))
        read = at + 1
        yield Key(Kind.CHAIN, chain.digest(), at + 1)


def _read_answer(trail: _Trail, spoken: Sequence[Message], digests: Sequence[bytes], at: int) -> Iterator[Key]:
    """What shows the answer at that place, whatever came long before it, the weakest first."""
    weight = _weigh(spoken[at])
    if weight >= ANSWER_CHARS:
        yield Key(Kind.ANSWER, trail.key(Kind.ANSWER, digests[at]), at + 1)
    if at and weight + _weigh(spoken[at - 1]) >= PAIR_CHARS:
        yield Key(Kind.PAIR, trail.key(Kind.PAIR, digests[at - 1], digests[at]), at + 1)
    for name in _ids(spoken[at].tool_calls):
        yield Key(Kind.TOOL, trail.text(Kind.TOOL, name), at + 1)


def _newest(shown: Sequence[Key]) -> list[Key]:
    """Without the tool calls beyond a bound, which many parallel ones may pass."""
    tools = [key for key in shown if key.kind is Kind.TOOL]
    over = set(tools[MOST_TOOL_CALLS:])
    return [key for key in shown if key not in over]


def _read_beginning(trail: _Trail, spoken: Sequence[Message]) -> Iterator[Key]:
    """What a conversation begins with, if no answer is in it yet."""
    results = [message for message in spoken if message.tool_call_id]
    for message in results[:MOST_TOOL_CALLS]:
        if is_unique(message.tool_call_id or ""):
            yield Key(Kind.TOOL, trail.text(Kind.TOOL, message.tool_call_id or ""), len(spoken))
    first = next((message for message in spoken if message.role == "user"), None)
    if first is None:
        return
    texts = _texts(first)
    for text in texts[:MOST_LINES]:
        if len(text) >= PROMPT_CHARS:
            yield Key(Kind.PROMPT, trail.text(Kind.PROMPT, text))
    for line in _long_lines("\n".join(texts)):
        yield Key(Kind.LINE, trail.text(Kind.LINE, line))


def _read_left(
    trail: _Trail, spoken: Sequence[Message], digests: Sequence[bytes], answers: Sequence[tuple[Message, bytes]]
) -> Iterator[bytes]:
    chain = trail.chain()
    chain.update(b"".join(digests))
    for answer, name in answers:
        if not (answer.content or answer.tool_calls or answer.refusal):
            continue
        mine = chain.copy()
        mine.update(name)
        yield mine.digest()
        for key in _read_answer(trail, [*spoken[-1:], answer], [*digests[-1:], name], len(spoken[-1:])):
            yield key.value
        for line in _long_lines(answer.text):
            yield trail.text(Kind.LINE, line)
        for text in _arguments(answer.tool_calls):
            yield trail.text(Kind.PROMPT, text)


def _read_agent(trail: _Trail, call: Call, names: Sequence[bytes]) -> bytes:
    """Instructions and the names of tools. What has neither is no particular agent."""
    instructions = [names[at] for at, message in enumerate(call.input) if message.role in ("system", "developer")]
    tools = sorted([_name_tool(tool) for tool in call.tools])
    if not instructions and not tools:
        return b""
    said = "".join(tools).encode("utf-8", "replace")
    return trail.key(Kind.PROMPT, b"agent", *instructions, said)


def _name_tool(tool: Json) -> str:
    if not isinstance(tool, dict):
        return ""
    inner = tool.get("function")
    name = (inner.get("name") if isinstance(inner, dict) else None) or tool.get("name") or tool.get("type")
    return name if isinstance(name, str) else str(name or "")


def _weigh(message: Message) -> int:
    """How many characters somebody else would have to say by chance."""
    weight = len(message.text)
    for call in message.tool_calls:
        weight += len(call.arguments)
    return weight


def _ids(calls: Sequence[ToolCall]) -> Iterator[str]:
    """One id of each that has one: of the tool call, else of the item that it came as."""
    for call in calls:
        for name in (call.id, call.extra.get("id")):
            if isinstance(name, str) and is_unique(name):
                yield name
                break


def is_unique(identifier: str) -> bool:
    """Whether an id is one that nobody else has: `call_1` and `get_weather:0` are not, `toolu_01A09q90qw90lq9` is."""
    last = _SEPARATOR.split(identifier)[-1]
    return len(last) >= 8 and not _UNSURE.fullmatch(last)


def _texts(message: Message) -> list[str]:
    """The texts of a message, each by itself: clients put reminders before what was asked."""
    content = message.content
    listed = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, dict) else part for part in listed]
    return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


def _long_lines(text: str) -> list[str]:
    """The longest lines, which tell a text that stands in another."""
    lines = {stripped for line in text.splitlines() if len(stripped := line.strip()) >= LINE_CHARS}
    return sorted(lines, key=lambda line: (-len(line), line))[:MOST_LINES]


def _arguments(calls: Sequence[ToolCall]) -> Iterator[str]:
    """The texts that tools are called with, which a sub-agent begins with."""
    for call in calls[:MOST_TOOL_CALLS]:
        try:
            values = parse_json(call.arguments or "{}")
        except ValueError:
            continue
        for value in list(values.values())[:MOST_LINES] if isinstance(values, dict) else ():
            if isinstance(value, str) and len(value.strip()) >= PROMPT_CHARS:
                yield value.strip()
