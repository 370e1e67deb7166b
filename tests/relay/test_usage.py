"""What is added to a request on the user's wish, and kept from the client; alone, and in a running relay."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.relay.http1 import read_request, read_response
from pandaprobe_proxy.relay.server import Timeouts
from pandaprobe_proxy.relay.usage import (
    MAX_BODY,
    MAX_EVENT,
    MAX_HOSTS,
    Injection,
    UsageFilter,
    amend_body,
    amend_head,
    is_amendable,
    is_filterable,
    unsize,
)
from pieces import cuts
from relaying import relaying, until
from upstreams import response, scripted_upstream

PLAIN = b'{"model": "m", "stream": true, "messages": []}'
ASKED = b'{"stream_options":{"include_usage":true},"model": "m", "stream": true, "messages": []}'
FIRST = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}],"usage":null}\n\n'
LAST = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"
FILTERS = b'data: {"choices":[],"prompt_filter_results":[]}\n\n'


def ask(body=PLAIN, path=b"/v1/chat/completions", more=b"Content-Type: application/json\r\n", version=b"1.1"):
    head = b"POST %b HTTP/%b\r\nHost: x\r\nAccept-Encoding: gzip\r\n%bContent-Length: %d\r\n\r\n"
    return head % (path, version, more, len(body)) + body


def request(**changes):
    raw = ask(**changes)
    return read_request(raw[: raw.index(b"\r\n\r\n") + 4])


# --- which requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/groq/openai/v1/completions/", b"/v1/completions?a=b"])
@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON; charset=utf-8", b"application/x+json"])
def test_a_request_that_may_ask_for_a_stream_of_completions_can_be_amended(path, kind):
    assert is_amendable(request(path=path, more=b"Content-Type: %b\r\n" % kind))


@pytest.mark.parametrize(
    "changes",
    [
        {"path": b"/v1/responses"},
        {"path": b"/v1/chat/completions/c1"},
        {"more": b"Content-Type: text/plain\r\n"},
        {"more": b""},
        {"more": b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"},
        {"body": b""},
        {"body": b" " * (MAX_BODY + 1)},
        {"version": b"1.0"},
    ],
)
def test_any_other_request_crosses_as_it_is(changes):
    assert not is_amendable(request(**changes))


def test_nothing_is_amended_unless_it_is_wanted_nor_for_a_host_that_refused():
    assert not Injection().applies(request(), b"h")
    injection = Injection(True)
    assert injection.applies(request(), b"h")
    injection.remember(b"h")
    assert not injection.applies(request(), b"h") and injection.applies(request(), b"other")


def test_the_hosts_that_are_remembered_are_bounded():
    injection = Injection(True)
    for at in range(MAX_HOSTS + 1):
        injection.remember(b"%d" % at)
    assert injection.applies(request(), b"0") and not injection.applies(request(), b"1")


# --- what is added ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "amended"),
    [
        (PLAIN, ASKED),
        (b' {"stream":true}', b' {"stream_options":{"include_usage":true},"stream":true}'),
        (b'{"stream":true,"stream_options":null}', b'{"stream":true,"stream_options":{"include_usage":true}}'),
        (b'{"stream":true,"stream_options": {}}', b'{"stream":true,"stream_options": {"include_usage":true}}'),
        (
            b'{"stream_options":{"include_obfuscation":false},"stream":true}',
            b'{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}',
        ),
    ],
)
def test_the_option_is_added_and_no_other_byte_is_changed(body, amended):
    assert amend_body(body) == amended
    assert json.loads(amended)["stream_options"]["include_usage"] is True


@pytest.mark.parametrize(
    "body",
    [
        b'{"stream":false}',
        b'{"model":"m"}',
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":{"include_usage":true}}',
        b'{"stream":true,"stream_options":7}',
        b'{"stream":true,"stream_options":{},"extra_body":{"stream_options":{}}}',
        b"[true]",
        b"{",
        b"\xff",
    ],
)
def test_what_the_app_decided_and_what_cannot_be_read_stays(body):
    assert amend_body(body) is None


def test_the_amended_head_has_the_new_length_and_asks_for_no_coding():
    amended = amend_head(request(), 99)
    assert (amended.length, dict(amended.headers)[b"Content-Length"]) == (99, b"99")
    assert dict(amended.headers)[b"Accept-Encoding"] == b"identity"


# --- what is kept from the client ------------------------------------------------------------------------------------


def show(pieces):
    filtering = UsageFilter()
    return b"".join(filtering.feed(piece) for piece in pieces) + filtering.close()


def test_the_extra_chunk_is_left_out_however_the_stream_is_cut():
    stream = b": wait\r\n\r\n" + FILTERS + FIRST + LAST + USAGE + DONE + b"data: tail"
    expected = stream.replace(USAGE, b"")
    for pieces in cuts(stream):
        assert show(pieces) == expected


@given(st.lists(st.sampled_from([b"\n", b"\r", b"data: ", b'{"choices":[],"usage":', b"{}", b"}", b"x"])))
def test_any_bytes_but_such_a_chunk_cross_unchanged(parts):
    stream = b"".join(parts)
    shown = show(parts)
    assert shown == stream or (b'data: {"choices":[],"usage":{}}' in stream and len(shown) < len(stream))


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"usage":null}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\"choices\\":[]"}}],"usage":{}}\n\n',
        b'data: {"choices":[{"a": {"choices":[]}}],"usage":{}}\n\n',
        b'data: {"choices":[],"usage":{}\n\n',
    ],
)
def test_what_only_looks_like_it_crosses(event):
    assert show([event]) == event


def test_each_event_is_passed_on_as_soon_as_it_is_whole():
    filtering = UsageFilter()
    assert filtering.feed(FIRST[:5]) == b""
    assert filtering.feed(FIRST[5:] + LAST) == FIRST + LAST
    assert filtering.feed(USAGE + b"d") == b""
    assert filtering.close() == b"d"


def test_an_event_that_is_too_large_to_hold_ends_the_filtering():
    filtering = UsageFilter()
    large = b"data: " + b"x" * MAX_EVENT
    assert filtering.feed(large) == large
    assert filtering.feed(b"\n\n" + USAGE) == b"\n\n" + USAGE


def answer_head(status=b"200 OK", kind=b"text/event-stream", more=b""):
    return read_response(
        b"HTTP/1.1 %b\r\nContent-Type: %b\r\n%bContent-Length: 9\r\n\r\n" % (status, kind, more), "POST"
    )


def test_only_a_stream_that_can_be_read_is_filtered():
    assert is_filterable(answer_head()) and is_filterable(answer_head(more=b"Content-Encoding: identity\r\n"))
    assert not is_filterable(answer_head(more=b"Content-Encoding: gzip\r\n"))
    assert not is_filterable(answer_head(status=b"400 Bad"))
    assert not is_filterable(answer_head(kind=b"application/json"))
    assert dict(unsize(answer_head()).headers) == {b"Content-Type": b"text/event-stream"}


# --- in a running relay ----------------------------------------------------------------------------------------------

SSE = b"Content-Type: text/event-stream"


def content_of(raw):
    """The content of a chunked answer."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head and b"Content-Length" not in head
    content = b""
    while (size := int(rest[: rest.index(b"\r\n")], 16)) > 0:
        start = rest.index(b"\r\n") + 2
        content, rest = content + rest[start : start + size], rest[start + size + 2 :]
    return content


def close(raw):
    return raw.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n")


def bodies(upstream):
    return [raw.partition(b"\r\n\r\n")[2] for raw in upstream.requests]


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_provider_is_asked_the_client_sees_no_difference_and_the_record_knows(chunked):
    stream = FIRST + LAST + USAGE + DONE

    async def script(connection):
        await connection.request()
        if not chunked:
            await connection.send(response(stream, headers=(SSE,)))
            return
        await connection.send(b"HTTP/1.1 200 OK\r\n%b\r\nTransfer-Encoding: chunked\r\n\r\n" % SSE)
        for at in range(0, len(stream), 50):
            piece = stream[at : at + 50]
            await connection.send(b"%x\r\n%b\r\n" % (len(piece), piece), pause_s=0.001)
        await connection.send(b"0\r\n\r\n")

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        raw = await relay.ask(close(ask()))
        (exchange,) = await relay.ended()
    assert content_of(raw) == FIRST + LAST + DONE
    assert bodies(upstream) == [ASKED]
    assert b"Content-Length: %d\r\n" % len(ASKED) in upstream.requests[0]
    assert exchange.request_body == PLAIN and exchange.response_body == stream
    assert exchange.ended.asked_usage and exchange.outcome is Outcome.OK


async def test_a_stream_that_ends_with_its_connection_is_filtered_to_its_end():
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % SSE + FIRST + USAGE + b"data: tail")

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        assert content_of(await relay.ask(close(ask()))) == FIRST + b"data: tail"


async def test_a_stream_that_breaks_gives_all_that_came():
    async def script(connection):
        await connection.request()
        await connection.send(
            b"HTTP/1.1 200 OK\r\n%b\r\nTransfer-Encoding: chunked\r\n\r\n" % SSE, b"%x\r\n%b\r\n" % (9, FIRST[:9])
        )

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        assert (await relay.ask(ask())).endswith(b"\r\n\r\n9\r\n%b\r\n" % FIRST[:9])
        (exchange,) = await relay.ended()
    assert exchange.outcome is Outcome.UPSTREAM_RESET


async def test_a_request_that_leaves_nothing_open_crosses_byte_for_byte():
    body = b'{"stream":true,"stream_options":{"include_usage":false}}'

    async def script(connection):
        await connection.request()
        await connection.send(response(FIRST + USAGE, headers=(SSE,)))

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        raw = await relay.ask(close(ask(body=body)))
        (exchange,) = await relay.ended()
    assert raw.endswith(b"\r\n\r\n" + FIRST + USAGE)
    assert bodies(upstream) == [body] and b"Accept-Encoding: gzip" in upstream.requests[0]
    assert not exchange.ended.asked_usage


async def test_a_host_that_refuses_is_asked_again_at_once_and_never_so_any_more():
    async def script(connection):
        raw = await connection.request()
        if b"stream_options" in raw:
            await connection.send(response(b'{"error":"unknown field stream_options"}', status=b"400 Bad Request"))
        else:
            await connection.send(response(FIRST + DONE, headers=(SSE,)))

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        for _ in range(2):
            assert (await relay.ask(close(ask()))).endswith(FIRST + DONE)
        exchanges = await relay.ended(2)
    assert bodies(upstream) == [ASKED, PLAIN, PLAIN]
    assert [(exchange.status, exchange.ended.asked_usage) for exchange in exchanges] == [(200, False)] * 2


async def test_a_host_that_refuses_the_request_itself_is_not_remembered():
    async def script(connection):
        await connection.request()
        await connection.send(response(b'{"error":"no such model"}', status=b"404 Not Found"))

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        for _ in range(2):
            assert b"no such model" in await relay.ask(close(ask()))
    assert bodies(upstream) == [ASKED, PLAIN] * 2


async def test_a_body_that_never_becomes_whole_is_not_waited_for():
    async with (
        scripted_upstream(lambda connection: connection.request()) as upstream,
        relaying(upstream.url, inject_usage=True, timeouts=Timeouts(body_s=0.2)) as relay,
    ):
        client = await relay.connect()
        await client.send(ask()[:-5])
        assert (await client.head()).startswith(b"HTTP/1.1 408 ")
        await client.close()
    assert upstream.requests == []


async def test_what_a_client_sends_ahead_is_answered_in_its_turn():
    async def script(connection):
        while await connection.request():
            await connection.send(response(b"{}", headers=(b"Content-Type: application/json",)))

    async with scripted_upstream(script) as upstream, relaying(upstream.url, inject_usage=True) as relay:
        client = await relay.connect()
        await client.send(ask()[:-5], ask()[-5:] + ask(), pause_s=0.05)
        for _ in range(2):
            await client.until(b"{}")
        await client.close()
        await until(lambda: len(relay.ids) == 2)
    assert b"".join(upstream.requests).count(ASKED) == 2
    await asyncio.sleep(0)
