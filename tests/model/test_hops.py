"""Which fields stay on their hop, whoever passes a message on."""

from pandaprobe_proxy.model.hops import for_trailers, tokens


def test_keep_alive_is_one_token_however_it_is_written():
    assert tokens([b"keep-alive"]) == tokens([b" Keep-Alive,"]) == {b"keep-alive"}


def test_a_trailer_cannot_frame_or_route_the_message_nor_tell_the_upstream_of_us():
    kept = (b"X-Checksum", b"1")
    barred = [b"Content-Length", b"Transfer-Encoding", b"Host", b"Trailer", b"X-PandaProbe-Session", b"Connection"]
    assert for_trailers((*((name, b"1") for name in barred), kept)) == [kept]


def test_nor_if_it_comes_among_others_that_are_barred():
    barred = ((b"Host", b"x"), (b"Content-Length", b"1"), (b"Trailer", b"y"), (b"X-PandaProbe-Session", b"s"))
    assert for_trailers((*barred, (b"X-Sum", b"1"))) == [(b"X-Sum", b"1")]


def test_tokens_are_the_lower_case_members_of_all_lists():
    assert tokens([]) == frozenset()
    assert tokens([b"Close, X-A ,", b"\tkeep-alive"]) == {b"close", b"x-a", b"keep-alive"}
