"""What of a head stays on its hop, and how it says what the next one is."""

import pytest
from pandaprobe_proxy.intercept.hops import CLOSE, asks_websocket, strip, tokens, upgrade

KEPT = ((b"X-B", b"1"), (b"x-b", b"2"), (b"Content-Length", b"3"))


@pytest.mark.parametrize(
    "name", [b"Connection", b"Keep-Alive", b"TE", b"Upgrade", b"Proxy-Connection", b"proxy-authorization"]
)
def test_a_field_of_one_hop_stays_on_it_and_all_others_keep_their_order(name):
    assert strip((KEPT[0], (name, b"x"), *KEPT[1:])) == KEPT


def test_what_connection_names_stays_but_never_what_frames_the_message():
    named = ((b"Connection", b"X-Hop, Content-Length"), (b"connection", b"host"))
    assert strip((*named, (b"X-Hop", b"1"), (b"Host", b"h"), *KEPT)) == ((b"Host", b"h"), *KEPT)


def test_the_framing_comes_last_and_what_is_added_after_it():
    coding = (b"Transfer-Encoding", b"chunked")
    assert strip((coding, KEPT[0]), [CLOSE]) == (KEPT[0], coding, CLOSE)


def test_tokens_are_the_lower_case_members_of_all_lists():
    assert tokens(((b"Connection", b"A,\tb "), (b"CONNECTION", b"c"), (b"Other", b"d"))) == {b"a", b"b", b"c"}


def test_an_upgrade_crosses_as_one():
    asked = ((b"Upgrade", b"websocket"), (b"Connection", b"keep-alive, Upgrade"), KEPT[0])
    assert upgrade(asked) == (KEPT[0], (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"))


@pytest.mark.parametrize(
    ("method", "upgrade", "connection", "asked"),
    [
        (b"GET", b"WebSocket", b"keep-alive, Upgrade", True),
        (b"POST", b"websocket", b"Upgrade", False),
        (b"GET", b"h2c", b"Upgrade", False),
        (b"GET", b"websocket", b"keep-alive", False),
    ],
)
def test_a_websocket_is_asked_for_by_get_with_both_fields(method, upgrade, connection, asked):
    assert asks_websocket(method, ((b"Upgrade", upgrade), (b"Connection", connection))) is asked
