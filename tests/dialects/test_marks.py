import pytest
from exchanges import make_exchange
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.marks import Arrivals, read_marks
from pandaprobe_proxy.model.call import Marks


@pytest.mark.parametrize(
    ("end", "at_ns"), [(1, 10), (3, 10), (4, 30), (5, 30), (6, 40), (7, None), (0, 10), (None, None)]
)
def test_a_byte_was_there_with_the_piece_that_holds_it(end, at_ns):
    assert Arrivals(((10, 3), (20, 0), (30, 2), (40, 1))).find(end) == at_ns


def test_without_pieces_nothing_is_known():
    assert Arrivals(()).find(1) is None


def test_all_moments_are_since_the_start():
    exchange = make_exchange(response=b"abcdef", chunks=((600, 0), (610, 2), (620, 4)))
    answered = Answered(first_content=2, first_tool=3)
    assert read_marks(exchange, Arrivals(exchange.chunks), 1, answered) == Marks(
        sent=200,
        head=500,
        first_byte=610,
        first_event=610,
        first_content=610,
        first_tool=620,
        last_byte=620,
        ended=900,
    )


def test_moments_that_never_came_are_none():
    assert read_marks(make_exchange(response=None, outcome=None), Arrivals(()), None, Answered()) == Marks()
