import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.json_values import MAX_DEPTH, PIECE_BYTES, may_need_mending, mend, parse_json
from pandaprobe_proxy.model.call import Call, Message

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_json_is_read_as_it_was_written(value):
    assert parse_json(json.dumps(value)) == parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xef\xbb\xbf{}", {}),
        ("\ufeff1", 1),
        (b'"\xff"', "\ufffd"),
        (b'"a\x00\nb"', "a\x00\nb"),
        (b"[NaN, Infinity, -Infinity]", [None, None, None]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (rb'"\ud83d"', "\ud83d"),
    ],
)
def test_what_providers_get_wrong_is_tolerated(text, value):
    assert parse_json(text) == value


@pytest.mark.parametrize("text", [b"", b"{", b"{} x", b"'a'", b"\xff", b"9" * 5000, "tru"])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"Expecting|Extra data|Exceeds"):
        parse_json(text)


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_bounded(opening, closing):
    assert parse_json(nested(MAX_DEPTH, opening, closing))
    for depth in (MAX_DEPTH + 1, 900, 5_000, 100_000):
        for text in (nested(depth, opening, closing), nested(depth, opening, closing).encode()):
            with pytest.raises(ValueError, match="too deeply"):
                parse_json(text)


def test_depth_is_bounded_in_loose_json_too():
    with pytest.raises(ValueError, match="too deeply"):
        parse_json("[NaN," * 100_000 + "1" + "]" * 100_000)


def test_invalid_bytes_are_replaced_wherever_a_large_text_is_cut():
    text = '["' + "é" * PIECE_BYTES + '"]'
    assert parse_json(text.encode()[:-2] + b'\xff"]') == ["é" * PIECE_BYTES + "\ufffd"]


def test_many_brackets_are_not_depth():
    assert len(parse_json(json.dumps([[{}]] * 1000))) == 1000
    assert parse_json(json.dumps(["[" * 1000])) == ["[" * 1000]


def test_halves_of_a_character_are_joined_and_lone_ones_replaced():
    message = Message("assistant", ["\ud83d\ude00", {"\ud83d": ("a\ude00", 1)}])
    call = mend(Call("d", 1, "chat", output=(message,)))
    assert call.output[0].content == ["😀", {"\ufffd": ("a\ufffd", 1)}]
    assert call == mend(call)


def test_a_type_is_no_value_to_mend():
    assert mend(Call) is Call


@pytest.mark.parametrize(("text", "needed"), [(b'"a"', False), (rb'"\ud83d"', True), (rb'"\uDE00"', True)])
def test_only_escapes_need_mending(text, needed):
    assert may_need_mending(text) is needed


@given(st.text(st.characters()))
def test_mended_text_can_be_written(text):
    mended = mend(text)
    assert mended.encode().decode() == mended


@pytest.mark.parametrize("text", ["9" * 600, '"' + "a" * 600 + '"', " " * 600 + "null"])
def test_what_is_long_and_no_list_is_not_deep(text):
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)
