"""What a call shows of earlier answers, and what it leaves for later calls to show: hashes, which say nothing else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a key is of, strongest first where several are of the same answer."""

    RESPONSE = "response id"
    CHAIN = "transcript"  # all messages up to an answer
    TOOL = "tool call id"
    PAIR = "answer and what it answered"
    ANSWER = "answer"
    LINE = "line of an answer"  # in what a conversation begins with: it was summed up before
    PROMPT = "tool argument"  # that a conversation begins with: it is a sub-agent's


class Key(NamedTuple):
    """Something that a call shows. A tuple, since a call shows some twenty."""

    kind: Kind
    value: bytes
    position: int = 0
    """How many messages of the input come up to it, itself included."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a call shows, what it leaves, and which agent made it."""

    shown: tuple[Key, ...] = ()
    """Newest first; of the same answer, the strongest first."""
    left: tuple[bytes, ...] = ()
    agent: bytes = b""
    """A hash of instructions and tools."""


NO_EVIDENCE = Evidence()
