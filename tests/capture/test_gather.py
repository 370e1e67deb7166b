import pytest
from pandaprobe_proxy.capture.gather import FULL, PIECE_BYTES, SMALL_BYTES, Gathering, Turn
from pandaprobe_proxy.capture.keep import Keeper, Policy
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.model.exchange import RequestBody, RequestHead, ResponseBody, ResponseHead

ID = "0190a1b2-0000-7000-8000-000000000001"
HEAD = RequestHead(ID, 1, 1, "c:1", "openai", "http://u/v1/x", "POST", b"/v1/x", ())


def gather(begun=None):
    """One whose head has come."""
    gathering = Gathering(begun)
    gathering.add(HEAD, 0)
    return gathering


def test_bodies_are_held_up_to_the_limit_and_counted_beyond_it():
    gathering = gather()
    for _ in range(3):
        gathering.add(RequestBody(ID, 1, b"12345678"), 10)
        gathering.add(ResponseBody(ID, 1, b"123456"), 10)
    came = gathering.came.tell()
    assert (came.request_body, came.response_body) == (b"1234567812", b"1234561234")
    assert [length for _, length in came.chunks] == [6, 4, 0]
    assert (gathering.sizes.request, gathering.sizes.response) == (24, 18)


def test_heads_count_for_nothing():
    gathering = gather()
    gathering.add(ResponseHead(ID, 1, 200, b"OK", ()), 0)
    assert (gathering.came.pieces, gathering.bytes_held) == (0, 0)
    assert (gathering.sizes.request, gathering.sizes.response) == (0, 0)


CODED = ((b"Content-Encoding", b"gzip"),)


@pytest.mark.parametrize(("asked", "answered"), [((), ()), (CODED, ()), ((), CODED)])
def test_the_heads_say_what_is_coded(asked, answered):
    gathering = Gathering(None)
    gathering.add(RequestHead(ID, 1, 1, "c:1", "openai", "http://u/v1/x", "POST", b"/v1/x", asked), 10)
    gathering.add(ResponseHead(ID, 1, 200, b"OK", answered), 10)
    assert (gathering.request_coded, gathering.response_coded) == (bool(asked), bool(answered))


def begun():
    return Keeper(Policy(), Redactor(b"k" * 32), lambda key: None).begin(HEAD)


def test_one_that_is_full_is_counted_and_held_no_more():
    gathering = gather(begun())
    gathering.add(RequestBody(ID, 1, b"x" * SMALL_BYTES), 10 * SMALL_BYTES)
    for _ in range(2):
        gathering.fill()
        gathering.add(ResponseBody(ID, 1, b"y"), 10)
    assert gathering.came.pieces == 1
    assert gathering.bytes_held == SMALL_BYTES + PIECE_BYTES
    assert (gathering.sizes.request, gathering.sizes.response) == (SMALL_BYTES, 2)
    assert gathering.begun.warnings == (FULL,)


def test_a_small_one_is_never_full():
    gathering = gather(begun())
    gathering.add(RequestBody(ID, 1, b"x" * 1000), 10_000)
    gathering.fill()
    gathering.add(RequestBody(ID, 1, b"x" * 1000), 10_000)
    assert (gathering.came.pieces, gathering.begun.warnings) == (2, ())


def test_a_discarded_exchange_leaves_nothing_in_the_turn_but_its_id():
    turn = Turn(opened={ID: object()}, staged={ID: [b"x"]})
    turn.discard(ID)
    turn.count("why")
    turn.count("why")
    assert (turn.opened, turn.staged, turn.discarded, turn.dropped) == ({}, {}, [ID], {"why": 2})


@pytest.mark.parametrize(
    ("path", "status", "readable"),
    [(b"/v1/responses?x=1", 101, True), (b"/v1/responses", 200, False), (b"/v1/other", 101, False)],
)
def test_a_connection_can_be_read_while_it_is_open_if_its_dialect_is_known(path, status, readable):
    gathering = Gathering(None)
    gathering.add(RequestHead("e", 1, 1, "c:1", "openai", "http://u/v1/x", "GET", path, ()), 99)
    assert not gathering.readable
    gathering.add(ResponseHead("e", 2, status, b"", ()), 99)
    assert gathering.readable is readable


def test_what_was_copied_does_not_go_on():
    gathering = Gathering(None)
    gathering.add(RequestHead("e", 1, 1, "c:1", "openai", "http://u/v1/x", "GET", b"/v1/x", ()), 99)
    copied = gathering.copy()
    gathering.add(RequestBody("e", 2, b"more"), 99)
    assert (copied.request_bytes, copied.came.tell().request_body) == (0, b"")
    assert gathering.came.tell().request_body == b"more"
