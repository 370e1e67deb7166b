"""Anything as JSON."""

import dataclasses
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pandaprobe.encode import to_iso, to_json
from pydantic import BaseModel

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.sets(st.integers()),
    max_leaves=20,
)


@given(ANYTHING)
def test_every_value_has_a_strict_document(value):
    json.loads(to_json(value), parse_constant=lambda constant: 1 / 0)


def test_what_has_no_json_form_becomes_its_repr():
    class Model(BaseModel):
        a: int = 1

    class Broken:
        def __repr__(self):
            raise RuntimeError

        def model_dump(self, mode):
            raise RuntimeError

    value = {"m": Model(), "s": {2, 1}, "o": object, "b": Broken(), "n": float("inf"), 1: (1, 2)}
    found = json.loads(to_json(value))
    assert (found["m"], found["s"], found["n"], found["1"]) == ({"a": 1}, [1, 2], None, [1, 2])
    assert found["b"] == "<Broken>"


def test_a_value_that_holds_itself_ends():
    loop = {}
    loop["self"] = loop
    assert json.loads(to_json(loop))["self"]["self"]


def test_times_have_an_offset():
    assert to_iso(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000+00:00"
    assert dataclasses.is_dataclass(to_iso) is False
