import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.relay.headers import for_client, for_upstream, write

AUTHORITY = b"api.example"


def up(*headers, named=frozenset()):
    return for_upstream(tuple(headers), named, AUTHORITY)


def test_host_is_rewritten_where_it_stood_with_its_name_as_written():
    assert up((b"A", b"1"), (b"hOST", b"127.0.0.1:4100"), (b"B", b"2")) == [
        (b"A", b"1"),
        (b"hOST", AUTHORITY),
        (b"B", b"2"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *(b"Connection", b"Proxy-Connection", b"Keep-Alive", b"TE", b"Transfer-Encoding", b"Upgrade"),
        *(b"Proxy-Authenticate", b"Proxy-Authorization"),
    ],
)
def test_a_hop_by_hop_header_stays_on_its_hop_in_both_directions(name):
    headers = ((name, b"x"), (name.lower(), b"y"), (name.upper(), b"z"))
    assert up(*headers) == []
    assert for_client(headers, frozenset()) == []


def test_expect_is_answered_here_and_does_not_go_upstream():
    assert up((b"Expect", b"100-continue")) == []


@pytest.mark.parametrize(
    "name", [b"X-PandaProbe-Session", b"x-pandaprobe-user", b"X-PANDAPROBE-", b"x-PandaProbe-Anything"]
)
def test_what_the_app_tells_the_sidecar_never_reaches_an_upstream(name):
    assert up((name, b"x")) == []


def test_what_connection_names_is_dropped_but_never_what_frames_the_message():
    headers = ((b"X-Hop", b"1"), (b"Content-Length", b"2"), (b"Host", b"h"))
    named = frozenset({b"x-hop", b"content-length", b"host"})
    assert up(*headers, named=named) == [(b"Content-Length", b"2"), (b"Host", AUTHORITY)]
    assert for_client(headers, named) == list(headers[1:])


NAMES = st.sampled_from(
    [b"Accept", b"accept", b"X-A", b"Set-Cookie", b"Authorization", b"baggage", b"Trailer", b"Date"]
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8))))
def test_everything_else_crosses_untouched_in_order_and_case_with_duplicates(headers):
    assert up(*headers) == headers
    assert for_client(tuple(headers), frozenset()) == headers


def test_written_headers_are_lines_as_they_are():
    assert write([(b"A", b""), (b"b", b"\xff c")]) == b"A: \r\nb: \xff c\r\n"
