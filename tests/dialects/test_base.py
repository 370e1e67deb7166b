import pytest
from pandaprobe_proxy.dialects.base import Answered, Asked, refuse_stream


def test_a_dialect_without_streams_refuses_one():
    with pytest.raises(ValueError, match="not known to be streamed"):
        refuse_stream([])


def test_nothing_said_is_nothing_known():
    assert Asked() == Asked(None, (), (), {}, False)
    assert Answered().finished and not Answered().lossy
