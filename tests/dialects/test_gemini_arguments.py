from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.gemini_arguments import PartialArguments


def text(path, value, more=False):
    return {"jsonPath": path, "stringValue": value} | ({"willContinue": True} if more else {})


def gather(*values):
    arguments = PartialArguments()
    for value in values:
        arguments.add([value])
    return arguments.finish(), arguments.placed


def test_texts_of_a_path_grow_and_other_values_are_set():
    assert gather(
        text("$.recipe.steps[0]", "Pre", True),
        text("$.recipe.steps[0]", "heat.", True),
        text("$.recipe.steps[0]", ""),
        text("$.recipe.steps[1]", "Bake."),
        {"jsonPath": "$.recipe.minutes", "numberValue": 40},
        {"jsonPath": "$.recipe.vegan", "boolValue": False},
        {"jsonPath": "$.recipe.note", "nullValue": "NULL_VALUE"},
        {"jsonPath": "$.recipe.empty"},
    ) == (
        {"recipe": {"steps": ["Preheat.", "Bake."], "minutes": 40, "vegan": False, "note": None, "empty": None}},
        True,
    )


def test_names_may_be_quoted():
    assert gather(text("$['a b']", "x"), text('$["c\\"d"].e', "y"), text("$['']", "z")) == (
        {"a b": "x", 'c"d': {"e": "y"}, "": "z"},
        True,
    )


def test_a_later_value_of_another_type_replaces_a_text():
    assert gather(text("$.a", "x"), {"jsonPath": "$.a", "numberValue": 1}, text("$.a", "y"))[0] == {"a": "y"}


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([text("$", "x")], {}),
        ([text("a.b", "x")], {}),
        ([text("$.a[b]", "x")], {}),
        ([text("$.a", "x"), text("$.a.b", "y")], {"a": "x"}),
        ([text("$.a.b", "x"), text("$.a", "y")], {"a": {"b": "x"}}),
        ([text("$.a[7]", "x")], {"a": ["x"]}),
        ([text("$.a[0]", "x"), text("$.a.b", "y")], {"a": {"0": "x", "b": "y"}}),
        ([text("$" + ".a" * 101, "x")], {}),
        (["odd"], {}),
        ([{"stringValue": "x"}], {}),
    ],
)
def test_what_no_path_can_place_is_told(values, read):
    arguments, placed = gather(*values)
    assert arguments == read
    assert not placed or read == {"a": {"0": "x", "b": "y"}}


def test_one_value_need_not_be_in_a_list():
    arguments = PartialArguments()
    arguments.add(text("$.a", "x"))
    assert arguments.finish() == {"a": "x"}


LEAVES = st.text(max_size=8) | st.integers(-99, 99) | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1) | st.lists(inner, min_size=1, max_size=3),
    max_leaves=8,
)


def pieces(path, value, size):
    """The values that make up `value`, texts in pieces."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from pieces(f"{path}.{key}", item, size)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from pieces(f"{path}[{index}]", item, size)
    elif isinstance(value, str):
        for at in range(0, len(value), size):
            yield text(path, value[at : at + size], True)
        yield text(path, "")
    else:
        yield {"jsonPath": path, "boolValue" if isinstance(value, bool) else "numberValue": value}


@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.integers(1, 4))
def test_arguments_are_what_was_sent_in_pieces(value, size):
    assert gather(*pieces("$", value, size)) == (value, True)


def test_a_hundred_thousand_pieces_are_read_in_one_pass():
    began = process_time()
    arguments, placed = gather(*[text("$.a.b[0]", "word ", True)] * 100_000)
    assert placed and len(arguments["a"]["b"][0]) == 500_000
    assert process_time() - began < 2
