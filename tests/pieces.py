"""Ways to cut bytes: whole, byte by byte, at every place. Framing must not care."""

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """The same bytes whole, one by one, and in two at every place."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(len(data) + 1):
        yield [data[:at], data[at:]]


def slices(data: bytes, size: int) -> list[bytes]:
    """The bytes in pieces of one size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def feed_all(feed: Callable[[bytes], list[T]], pieces: list[bytes]) -> list[T]:
    """Everything that a decoder gives for these pieces."""
    return [item for piece in pieces for item in feed(piece)]
