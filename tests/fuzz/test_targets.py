"""What is fuzzed holds for what fuzzing begins with, for random bytes, and for what it once found."""

from pathlib import Path

import pytest
from fuzz.seeds import seeds
from fuzz.targets import TARGETS, in_cuts
from hypothesis import given, settings
from hypothesis import strategies as st

FOUND = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_it_holds_for_each_example(name):
    examples = seeds(name)
    assert examples
    for example in examples:
        TARGETS[name](example)
        TARGETS[name](example[: len(example) // 2])


@pytest.mark.parametrize("name", TARGETS)
def test_it_holds_for_any_bytes(name):
    @settings(max_examples=50, deadline=None)
    @given(st.binary(max_size=200))
    def holds(data):
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_holds(path):
    TARGETS[path.parent.name](path.read_bytes())


def test_cuts_are_all_of_it():
    assert list(in_cuts(b"abcde", 2)) == [b"ab", b"cd", b"e"]
