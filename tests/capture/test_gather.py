from pandaprobe_proxy.capture.gather import Gathering, Turn
from pandaprobe_proxy.model.exchange import RequestBody, ResponseBody, ResponseHead

ID = "0190a1b2-0000-7000-8000-000000000001"


def test_bodies_are_held_up_to_the_limit_and_counted_beyond_it():
    gathering = Gathering(None)
    for _ in range(3):
        gathering.add(RequestBody(ID, 1, b"12345678"), 10)
        gathering.add(ResponseBody(ID, 1, b"123456"), 10)
    assert [len(event.data) for event in gathering.events] == [8, 6, 2, 4, 0, 0]
    assert (gathering.sizes.request, gathering.sizes.response) == (24, 18)


def test_heads_count_for_nothing():
    gathering = Gathering(None)
    gathering.add(ResponseHead(ID, 1, 200, b"OK", ()), 0)
    assert len(gathering.events) == 1
    assert (gathering.sizes.request, gathering.sizes.response) == (0, 0)


def test_a_discarded_exchange_leaves_nothing_in_the_turn_but_its_id():
    turn = Turn(opened={ID: object()}, staged={ID: [b"x"]})
    turn.discard(ID)
    turn.count("why")
    turn.count("why")
    assert (turn.opened, turn.staged, turn.discarded, turn.dropped) == ({}, {}, [ID], {"why": 2})
