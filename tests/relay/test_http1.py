import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.relay.bodies import Chunked, Sized, Unbounded
from pandaprobe_proxy.relay.http1 import (
    MAX_HEADERS,
    BadAnswer,
    Framing,
    Refused,
    body_of,
    read_request,
    read_response,
    write_request,
    write_response,
)


def lines(*parts):
    return b"\r\n".join(parts) + b"\r\n\r\n"


def request(*headers, line=b"POST /v1/x HTTP/1.1"):
    return read_request(lines(line, b"Host: a", *headers))


def test_a_request_is_read_as_it_was_written():
    got = request(b"X-a:  b ", b"x-A: \xff", b"Empty:", line=b"POST /v1/x?q=%2F&r=;'~ HTTP/1.1")
    assert (got.method, got.target, got.minor) == ("POST", b"/v1/x?q=%2F&r=;'~", 1)
    assert [name for name, _ in got.headers] == [b"Host", b"X-a", b"x-A", b"Empty"]
    assert [value.strip() for _, value in got.headers] == [b"a", b"b", b"\xff", b""]


@pytest.mark.parametrize(
    ("headers", "framing", "length", "kind"),
    [
        ([], Framing.NONE, 0, Sized),
        ([b"Content-Length: 0"], Framing.SIZED, 0, Sized),
        ([b"content-length:  17 "], Framing.SIZED, 17, Sized),
        ([b"Transfer-Encoding: chunked"], Framing.CHUNKED, 0, Chunked),
        ([b"transfer-encoding: Chunked"], Framing.CHUNKED, 0, Chunked),
    ],
)
def test_a_requests_body_is_framed_in_exactly_one_way(headers, framing, length, kind):
    got = request(*headers)
    assert (got.framing, got.length) == (framing, length)
    assert isinstance(body_of(got), kind)


HOST = b"Host: a"
SMUGGLING = {
    "length and coding": (b"POST / HTTP/1.1", HOST, b"Content-Length: 1", b"Transfer-Encoding: chunked"),
    "coding and length": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: chunked", b"Content-Length: 0"),
    "differing lengths": (b"POST / HTTP/1.1", HOST, b"Content-Length: 1", b"Content-Length: 2"),
    "a list of lengths": (b"POST / HTTP/1.1", HOST, b"Content-Length: 1, 2"),
    "plus": (b"POST / HTTP/1.1", HOST, b"Content-Length: +1"),
    "minus": (b"POST / HTTP/1.1", HOST, b"Content-Length: -1"),
    "hexadecimal": (b"POST / HTTP/1.1", HOST, b"Content-Length: 0x1"),
    "no length": (b"POST / HTTP/1.1", HOST, b"Content-Length:"),
    "underscore": (b"POST / HTTP/1.1", HOST, b"Content-Length: 1_0"),
    "superscript": (b"POST / HTTP/1.1", HOST, b"Content-Length: \xb2"),
    "two numbers": (b"POST / HTTP/1.1", HOST, b"Content-Length: 1 1"),
    "an overflow": (b"POST / HTTP/1.1", HOST, b"Content-Length: 18446744073709551617"),
    "folded": (b"POST / HTTP/1.1", HOST, b"A: b", b" c"),
    "folded by a tab": (b"POST / HTTP/1.1", HOST, b"A: b", b"\tTransfer-Encoding: chunked"),
    "folded first": (b"POST / HTTP/1.1", b" A: b", HOST),
    "bare LF in a value": (b"POST / HTTP/1.1", HOST, b"A: b\nTransfer-Encoding: chunked"),
    "bare CR in a value": (b"POST / HTTP/1.1", HOST, b"A: b\rc"),
    "bare CR before the end": (b"POST / HTTP/1.1", HOST, b"A: b\r"),
    "bare LF after the line": (b"POST / HTTP/1.1\nA: b", HOST),
    "NUL in a value": (b"POST / HTTP/1.1", HOST, b"A: b\x00c"),
    "NUL in a name": (b"POST / HTTP/1.1", HOST, b"A\x00: b"),
    "a control character": (b"POST / HTTP/1.1", HOST, b"A: \x0b"),
    "space before the colon": (b"POST / HTTP/1.1", HOST, b"Content-Length : 1"),
    "tab before the colon": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding\t: chunked"),
    "no name": (b"POST / HTTP/1.1", HOST, b": b"),
    "no colon": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding"),
    "two hosts": (b"POST / HTTP/1.1", HOST, b"Host: b"),
    "the same host twice": (b"POST / HTTP/1.1", HOST, b"host: a"),
    "no host": (b"POST / HTTP/1.1", b"A: b"),
    "two hosts in 1.0": (b"POST / HTTP/1.0", HOST, b"Host: b"),
    "another coding": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: gzip"),
    "one more coding": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: gzip, chunked"),
    "chunked twice": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: chunked, chunked"),
    "chunked in two lines": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "identity": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: identity"),
    "almost chunked": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: xchunked"),
    "chunked with a parameter": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: chunked;a=b"),
    "quoted": (b"POST / HTTP/1.1", HOST, b'Transfer-Encoding: "chunked"'),
    "vertical tab": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding: \x0bchunked"),
    "empty coding": (b"POST / HTTP/1.1", HOST, b"Transfer-Encoding:"),
    "chunked in 1.0": (b"POST / HTTP/1.0", HOST, b"Transfer-Encoding: chunked"),
    "absolute": (b"GET http://evil.example/v1/x HTTP/1.1", HOST),
    "absolute https": (b"GET https://api.openai.com/v1/x HTTP/1.1", HOST),
    "authority": (b"CONNECT evil.example:443 HTTP/1.1", HOST),
    "asterisk": (b"GET * HTTP/1.1", HOST),
    "no slash": (b"GET v1/x HTTP/1.1", HOST),
    "a fragment": (b"GET /v1/x#y HTTP/1.1", HOST),
    "two spaces": (b"GET  /v1/x HTTP/1.1", HOST),
    "two spaces later": (b"GET /v1/x  HTTP/1.1", HOST),
    "a space in the path": (b"GET /v1/x y HTTP/1.1", HOST),
    "a tab for a space": (b"GET\t/v1/x HTTP/1.1", HOST),
    "a space in front": (b" GET /v1/x HTTP/1.1", HOST),
    "a space behind": (b"GET /v1/x HTTP/1.1 ", HOST),
    "a raw byte in the path": (b"GET /\xff HTTP/1.1", HOST),
    "HTTP/0.9": (b"GET /v1/x", HOST),
    "HTTP/1.2": (b"GET /v1/x HTTP/1.2", HOST),
    "HTTP/2.0": (b"GET /v1/x HTTP/2.0", HOST),
    "HTTP/1.10": (b"GET /v1/x HTTP/1.10", HOST),
    "lower-case version": (b"GET /v1/x http/1.1", HOST),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0",),
    "another protocol": (b"GET /v1/x RTSP/1.0", HOST),
    "an unknown method": (b"G@T /v1/x HTTP/1.1", HOST),
    "a lower-case method": (b"get /v1/x HTTP/1.1", HOST),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",),
}


@pytest.mark.parametrize("head", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_a_head_that_two_readers_could_understand_differently_is_refused(head):
    with pytest.raises(Refused) as raised:
        read_request(lines(*head))
    assert raised.value.status == 400
    assert raised.value.code
    assert str(raised.value).startswith("The request is refused: ")


@given(st.binary(max_size=40), st.integers(0, 60))
def test_whatever_is_put_into_a_head_it_is_understood_once_or_refused(junk, at):
    head = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nA: b\r\n"
    raw = head[: at % len(head)] + junk + head[at % len(head) :] + b"\r\n\r\n"
    raw = raw[: raw.index(b"\r\n\r\n") + 4]
    try:
        got = read_request(raw)
    except Refused:
        return
    again = read_request(write_request(got, got.target, b"a"))
    assert (again.framing, again.length, again.method, again.target) == (
        got.framing,
        got.length,
        got.method,
        got.target,
    )
    assert write_request(got, got.target, b"a").count(b"\r\n\r\n") == 1


def test_too_many_headers_are_refused_and_just_enough_are_not():
    assert request(*[b"A: b"] * (MAX_HEADERS - 1))
    with pytest.raises(Refused) as raised:
        request(*[b"A: b"] * MAX_HEADERS)
    assert (raised.value.status, raised.value.code) == (431, "too_many_headers")


@pytest.mark.parametrize(
    ("line", "headers", "kept"),
    [
        (b"GET / HTTP/1.1", (), True),
        (b"GET / HTTP/1.1", (b"Connection: close",), False),
        (b"GET / HTTP/1.1", (b"Connection: x, Close",), False),
        (b"GET / HTTP/1.0", (), False),
        (b"GET / HTTP/1.0", (b"Connection: keep-alive",), False),
    ],
)
def test_a_clients_connection_is_kept_only_in_1_1_and_if_it_does_not_say_close(line, headers, kept):
    assert request(*headers, line=line).keep_alive is kept


def test_a_websocket_is_asked_for_by_get_with_both_headers_and_no_body():
    asked = (b"Connection: keep-alive, Upgrade", b"Upgrade: WebSocket")
    assert request(*asked, line=b"GET / HTTP/1.1").websocket
    assert not request(*asked, line=b"POST / HTTP/1.1").websocket
    assert not request(*asked, b"Content-Length: 3", line=b"GET / HTTP/1.1").websocket
    assert not request(asked[1], line=b"GET / HTTP/1.1").websocket
    assert not request(asked[0], b"Upgrade: h2c", line=b"GET / HTTP/1.1").websocket
    assert not request(*asked, line=b"GET / HTTP/1.0").websocket


def test_an_upgrade_that_is_not_relayed_is_an_ordinary_request_without_it():
    got = request(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: x", b"Content-Length: 3")
    assert write_request(got, b"/y", b"up") == b"POST /y HTTP/1.1\r\nHost: up\r\nContent-Length: 3\r\n\r\n"


def test_only_a_client_of_1_1_can_expect_to_be_told_to_continue():
    assert request(b"Expect: 100-Continue").expects
    assert not request(b"Expect: 100-continue", line=b"POST / HTTP/1.0").expects
    assert not request(b"Expect: something").expects


def test_a_request_is_written_with_its_headers_and_one_framing():
    got = request(b"B: 1", b"b: 2", b"Transfer-Encoding: chunked", b"Connection: close", b"X-PandaProbe-Session: s")
    wanted = lines(b"POST /p HTTP/1.1", b"Host: up:1", b"B: 1", b"b: 2", b"Transfer-Encoding: chunked")
    assert write_request(got, b"/p", b"up:1") == wanted


def test_a_request_of_1_0_goes_up_in_1_1_with_a_host():
    got = read_request(lines(b"GET / HTTP/1.0", b"A: b"))
    assert write_request(got, b"/", b"up") == lines(b"GET / HTTP/1.1", b"Host: up", b"A: b")
    with_host = read_request(lines(b"GET / HTTP/1.0", b"A: b", b"host: x"))
    assert write_request(with_host, b"/", b"up") == lines(b"GET / HTTP/1.1", b"A: b", b"host: up")


def answer(*headers, line=b"HTTP/1.1 200 OK", method="GET"):
    return read_response(lines(line, *headers), method)


@pytest.mark.parametrize(
    ("line", "headers", "method", "framing", "kind"),
    [
        (b"HTTP/1.1 200 OK", [b"Content-Length: 3"], "GET", Framing.SIZED, Sized),
        (b"HTTP/1.1 200 OK", [b"Content-Length: 3"], "HEAD", Framing.NONE, Sized),
        (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked"], "HEAD", Framing.NONE, Sized),
        (b"HTTP/1.1 204 No Content", [], "GET", Framing.NONE, Sized),
        (b"HTTP/1.1 304 Not Modified", [b"Content-Length: 3"], "GET", Framing.NONE, Sized),
        (b"HTTP/1.1 103 Early Hints", [b"Link: x"], "GET", Framing.NONE, Sized),
        (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: CHUNKED"], "GET", Framing.CHUNKED, Chunked),
        (b"HTTP/1.1 200 OK", [], "GET", Framing.CLOSE, Unbounded),
        (b"HTTP/1.0 200 OK", [], "GET", Framing.CLOSE, Unbounded),
    ],
)
def test_an_answers_body_is_framed_as_its_head_says(line, headers, method, framing, kind):
    got = answer(*headers, line=line, method=method)
    assert got.framing is framing
    assert isinstance(body_of(got), kind)


@pytest.mark.parametrize(
    "head",
    [
        (b"HTTP/1.1 200 OK", b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        (b"HTTP/1.1 200 OK", b"Content-Length: 1", b"Content-Length: 2"),
        (b"HTTP/1.1 200 OK", b"Content-Length: x"),
        (b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, chunked"),
        (b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip"),
        (b"HTTP/1.1 200 OK", b"A: b", b" c"),
        (b"HTTP/2.0 200 OK",),
        (b"HTTP/1.1 20 OK",),
        (b"HTTP/1.1 abc OK",),
        (b"ICY 200 OK",),
        (b"SSH-2.0-OpenSSH_9.6",),
        (b"HTTP/1.1 200 OK", *[b"A: b"] * (MAX_HEADERS + 1)),
    ],
)
def test_an_answer_that_is_not_http_as_it_must_be_is_refused(head):
    with pytest.raises(BadAnswer):
        read_response(lines(*head), "GET")


@pytest.mark.parametrize(
    ("line", "headers", "kept"),
    [
        (b"HTTP/1.1 200 OK", (), True),
        (b"HTTP/1.1 200 OK", (b"Connection: Close",), False),
        (b"HTTP/1.0 200 OK", (), False),
        (b"HTTP/1.0 200 OK", (b"Connection: keep-alive",), True),
    ],
)
def test_an_upstreams_connection_is_kept_if_it_says_so(line, headers, kept):
    assert answer(*headers, line=line).keep_alive is kept


def test_an_answer_is_written_with_its_own_status_reason_and_headers():
    got = answer(b"Set-Cookie: a", b"set-cookie: b", b"Keep-Alive: timeout=5", line=b"HTTP/1.1 299 Rather \xe4Fine")
    assert write_response(got, chunked=True, close=False) == lines(
        b"HTTP/1.1 299 Rather \xe4Fine", b"Set-Cookie: a", b"set-cookie: b", b"Transfer-Encoding: chunked"
    )
    assert write_response(got, chunked=False, close=True).endswith(b"set-cookie: b\r\nConnection: close\r\n\r\n")


def test_an_answer_without_a_reason_has_none():
    assert write_response(answer(line=b"HTTP/1.1 200"), chunked=False, close=False) == b"HTTP/1.1 200 \r\n\r\n"
