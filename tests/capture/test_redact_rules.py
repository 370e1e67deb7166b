"""The hint that is looked for first must be in whatever the rules find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture.redact_rules import ESCAPED_FIELD, FIELD, HINT, SHAPES

PROSE = b"The task-force was asked for a token of its trust, and the keys; see https://example.com/a?b=c for more."


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.anchor.decode())
@given(data=st.data())
def test_whatever_has_the_shape_of_a_key_is_suspect(shape, data):
    assert HINT.search(b"x\xff " + data.draw(st.from_regex(shape.pattern)) + b" y")


@pytest.mark.parametrize("pattern", [FIELD, ESCAPED_FIELD], ids=["plain", "escaped"])
@given(data=st.data())
def test_whatever_is_the_field_of_a_secret_is_suspect_however_it_is_written(pattern, data):
    field = data.draw(st.from_regex(pattern, fullmatch=True))
    assert HINT.search(field) and HINT.search(field.upper())


def test_what_people_and_programs_write_is_not():
    assert HINT.search(PROSE) is None
    assert HINT.search(b'{"max_tokens": 5, "prompt_cache_key": "a", "url": "http://h:80/x", "id": "eyJ"}') is None
