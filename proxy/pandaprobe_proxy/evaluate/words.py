"""Texts as sets that can be compared."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

_WORD = re.compile(r"\w+")
SHINGLE = 3
MOST_WORDS = 600
"""Of a text; what comes after them says little more."""
REMEMBERED = 2048


@lru_cache(REMEMBERED)
def split_words(text: str) -> tuple[str, ...]:
    """Its words in small letters, at most MOST_WORDS."""
    return tuple(_WORD.findall(text[: 16 * MOST_WORDS].lower())[:MOST_WORDS])


@lru_cache(REMEMBERED)
def split_shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Its runs of three words; of a shorter text all that there is as one."""
    words = split_words(text)
    if not words:
        return frozenset()
    return frozenset(zip(*(words[at:] for at in range(SHINGLE)), strict=False)) or frozenset({words})


def compare(one: AbstractSet[object], other: AbstractSet[object]) -> float:
    """Jaccard: what both have, of what either has. Two empty sets are alike."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


def liken(one: str, other: str) -> float:
    """How alike two texts are, by their runs of three words, 0 to 1. Texts without words are like nothing."""
    first, second = split_shingles(one), split_shingles(other)
    return compare(first, second) if first and second else 0.0
