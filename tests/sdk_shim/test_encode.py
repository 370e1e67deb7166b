"""Anything as JSON."""

import dataclasses
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pandaprobe.encode import to_iso, to_json, to_mapping, to_plain
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
    assert json.loads(to_json(loop)) == {"self": "{'self': {...}}"}


def test_values_that_hold_each_other_many_times_over_end_too():
    parent = {"children": []}
    parent["children"] += [{"parent": parent, "twin": parent} for _ in range(20)]
    assert len(json.loads(to_json(parent))["children"]) == 20


def test_a_value_that_breaks_when_it_is_looked_at_is_told_as_its_type():
    class Lazy:
        def __getattr__(self, name):
            raise RuntimeError("outside of its context")

        def __repr__(self):
            raise RuntimeError("outside of its context")

    assert json.loads(to_json({"a": Lazy(), "b": {Lazy()}, "c": 10**5000})) == {
        "a": "<Lazy>",
        "b": ["<Lazy>"],
        "c": "<int>",
    }


def test_half_a_character_does_not_cost_the_document():
    assert to_plain({"name": "a\udcffé"}) == {"name": "a?é"}


def test_a_copy_is_of_now():
    value = {"list": [1]}
    copy = to_plain(value)
    value["list"].append(2)
    assert (copy, to_mapping(value), to_mapping(3)) == ({"list": [1]}, {"list": [1, 2]}, {})


def test_times_have_an_offset():
    assert to_iso(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000+00:00"
    assert dataclasses.is_dataclass(to_iso) is False
