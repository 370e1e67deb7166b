"""A session's conversation as one view: each message once, with the call that brought it. Pure.

Agents send their whole history with every call. What is new in a call is told by its place in the tree of messages that
the calls before it have made, not by its text: a user who says yes twice has said it twice. A call that shows less than
that, or something else (a history that was trimmed or summed up), is joined to the answer that it goes on from.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.sessions.steps import Step
from pandaprobe_proxy.sessions.transcript import digest

_INSTRUCTIONS = frozenset({"system", "developer"})
_UNSAID = frozenset({"count_tokens", "prewarm"})
"""What these are given is said by the call that they prepare."""
_ROOT = 0


@dataclass(frozen=True, slots=True)
class Addition:
    """What one call adds."""

    call_id: str
    held: tuple[Message, ...]
    """New here, though the provider held it: the calls that brought it are not of this session."""
    said: tuple[Message, ...]
    """Of its input what no call before it has said there, instructions among it."""
    answers: tuple[Message, ...]
    after: str | None
    """The call that brought the message which this one goes on from; None for a beginning."""
    branch: int
    """1 for the first line of the conversation. Another one begins where two calls go on from the same message, or
    from none. 0 for what is no part of a conversation, such as an embedding."""


def merge(steps: Iterable[Step]) -> list[Addition]:
    """What each of the calls adds, which come by their start."""
    tree = _Tree()
    return [_add(tree, step) for step in steps]


@dataclass(frozen=True, slots=True)
class _Node:
    """A message at its place."""

    parent: int
    name: bytes
    call_id: str
    branch: int


class _Tree:
    """All messages so far, each under the one that it came after."""

    def __init__(self) -> None:
        self._nodes = [_Node(_ROOT, b"", "", 0)]
        self._under: dict[tuple[int, bytes], int] = {}
        self._taken: set[int] = set()
        self._answers: dict[str, list[int]] = {}
        self._branches = 0
        self._stated: set[bytes] = set()

    def walk(self, start: int, names: Sequence[bytes]) -> Iterator[int]:
        """The places of messages that are known to follow each other from there."""
        for name in names:
            found = self._under.get((start, name))
            if found is None:
                return
            yield (start := found)

    def state(self, name: bytes) -> bool:
        """Whether these instructions are new."""
        new = name not in self._stated
        self._stated.add(name)
        return new

    def answers_of(self, call_id: str | None) -> Sequence[int]:
        return self._answers.get(call_id or "", ())

    def name(self, place: int) -> bytes:
        return self._nodes[place].name

    def names_before(self, place: int) -> Iterator[bytes]:
        """Of all messages before that one, the newest first."""
        while (place := self._nodes[place].parent) != _ROOT:
            yield self._nodes[place].name

    def branch_at(self, place: int) -> tuple[int, str | None]:
        """The line that goes on after that message, and the call that brought it."""
        node = self._nodes[place]
        if place != _ROOT and place not in self._taken:
            return node.branch, node.call_id
        self._branches += 1
        return self._branches, node.call_id or None

    def put(self, place: int, name: bytes, call_id: str, branch: int) -> int:
        """The place of a message after that one."""
        found = self._under.get((place, name))
        if found is not None:
            return found
        self._taken.add(place)
        self._nodes.append(_Node(place, name, call_id, branch))
        self._under[place, name] = len(self._nodes) - 1
        return len(self._nodes) - 1

    def put_answers(self, place: int, names: Sequence[bytes], call_id: str, branch: int) -> None:
        self._answers[call_id] = [self.put(place, name, call_id, branch) for name in names]


def _add(tree: _Tree, step: Step) -> Addition:
    call = step.call
    if call is None:
        return Addition(step.call_id, (), (), (), None, 0)
    if call.kind != "LLM":
        said = () if call.operation in _UNSAID else call.input
        return Addition(step.call_id, (), said, call.output, None, 0)
    held, spoken = _without_instructions(step.history), _without_instructions(call.input)
    names = [digest(message) for message in (*held, *spoken)]
    start, new = _find_new(tree, step, names)
    branch, after = tree.branch_at(start)
    place = start
    for at in new:
        place = tree.put(place, names[at], step.call_id, branch)
    tree.put_answers(place, [digest(answer) for answer in call.output], step.call_id, branch)
    fresh = frozenset(new)
    said = tuple(_say(tree, call.input, fresh, len(held)))  # first: what a call states again is its own
    return Addition(
        step.call_id,
        tuple(_say(tree, step.history, fresh, 0)),
        said,
        call.output,
        after,
        branch,
    )


def _without_instructions(messages: Iterable[Message]) -> list[Message]:
    return [message for message in messages if message.role not in _INSTRUCTIONS]


def _say(tree: _Tree, messages: Iterable[Message], fresh: frozenset[int], at: int) -> Iterator[Message]:
    """Of messages what is new, and instructions that nobody has stated before. `at` is the first one's place."""
    for message in messages:
        if message.role in _INSTRUCTIONS:
            if tree.state(digest(message)):
                yield message
            continue
        if at in fresh:
            yield message
        at += 1


def _find_new(tree: _Tree, step: Step, names: Sequence[bytes]) -> tuple[int, list[int]]:
    """The message that the call goes on from, and where in what it shows the new ones are."""
    path = list(tree.walk(_ROOT, names))
    answers = tree.answers_of(step.follows)
    if not answers or not set(answers).isdisjoint(path):
        return (path[-1] if path else _ROOT), list(range(len(path), len(names)))
    return _join(tree, answers, names)


def _join(tree: _Tree, answers: Sequence[int], names: Sequence[bytes]) -> tuple[int, list[int]]:
    """The same for a call whose history is not the one that its answer was given to."""
    by_name = {tree.name(answer): answer for answer in answers}
    last = next((at for at in reversed(range(len(names))) if names[at] in by_name), None)
    if last is None:
        known = Counter((tree.name(answers[0]), *tree.names_before(answers[0])))
        return answers[0], _pick_new(known, names)
    answer = by_name[names[last]]
    path = [answer, *tree.walk(answer, names[last + 1 :])]
    rewritten = _pick_new(Counter(tree.names_before(answer)), names[:last])
    return path[-1], [*rewritten, *range(last + len(path), len(names))]


def _pick_new(known: Counter[bytes], names: Sequence[bytes]) -> list[int]:
    """Where messages are that are not among the known ones, each of which counts once."""
    new = []
    for at, name in enumerate(names):
        known[name] -= 1
        if known[name] < 0:
            new.append(at)
    return new
