import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.ids import make_id

MOMENTS = st.integers(0, (1 << 48) * 1_000_000 - 1)


@given(MOMENTS, st.binary(min_size=10, max_size=16))
def test_an_id_is_a_canonical_uuid_of_version_7_that_tells_its_time(wall_ns, entropy):
    made = make_id(wall_ns, entropy)
    read = uuid.UUID(made)
    assert str(read) == made
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert read.int >> 80 == wall_ns // 1_000_000


@given(MOMENTS, MOMENTS, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_sort_by_time(one, other, entropy, more):
    if one // 1_000_000 < other // 1_000_000:
        assert make_id(one, entropy) < make_id(other, more)


def test_all_entropy_that_fits_is_used():
    assert make_id(0, b"\xff" * 10) == "00000000-0000-7fff-bfff-ffffffffffff"
    assert make_id(0, b"\0" * 10) == "00000000-0000-7000-8000-000000000000"


def test_too_little_entropy_is_refused():
    with pytest.raises(ValueError, match="10 bytes"):
        make_id(0, b"123456789")
