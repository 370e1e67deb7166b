"""The shapes that the relay is tested with cross interception, too: the same body for the client and in the events."""

import pytest
from intercepting import proxy
from shapes import ANSWERS, REQUESTS, body_of
from upstreams import answering, response, scripted_upstream

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize("shape", ANSWERS)
async def test_every_shape_of_answer_arrives_and_is_told(tmp_path, origins, shape):
    raw, body = ANSWERS[shape]

    async def script(connection):
        await connection.request()
        await connection.send(raw)
        connection.close()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, HEAD + REQUESTS["sized"][0])
        exchange = (await running.ended())[0]
    assert body_of(answer) == body
    assert exchange.response_body == body


@pytest.mark.parametrize("shape", REQUESTS)
async def test_every_shape_of_request_arrives_and_is_told(tmp_path, origins, shape):
    raw, body = REQUESTS[shape]
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        await running.ask(upstream.port, HEAD + raw)
        exchange = (await running.ended())[0]
    assert body_of(upstream.requests[0]) == body
    assert exchange.request_body == body


async def test_trailers_of_an_answer_cross_and_are_told(tmp_path, origins):
    raw, _ = ANSWERS["trailers"]
    async with (
        scripted_upstream(answering(raw), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        for number in (1, 2):  # the connection is at a clean start afterwards
            await client.send(HEAD.replace(b"Connection: close\r\n", b"") + REQUESTS["sized"][0])
            assert (await client.until(b"\r\n0\r\nX-T: 1\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            assert (await running.ended(number))[-1].ended.trailers == ((b"X-T", b"1"),)
        await client.close()


async def test_trailers_of_a_request_cross_but_for_ours(tmp_path, origins):
    raw = b"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\nX-PandaProbe-A: b\r\n\r\n"
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        assert (await running.ask(upstream.port, HEAD + raw)).endswith(b"{}")
        assert (await running.ended())[0].request_body == b"hi"
    assert upstream.requests[0].endswith(b"2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n")
