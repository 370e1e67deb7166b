"""The scripted provider of a comparison: chat answers of one size, streams of events that say when they were written.

    python bench/provider.py [PORT]

What it answers follows from the body alone, so that a gateway may write the request anew: `"stream": true` asks for
`max_tokens` events, 50 a second; otherwise `max_tokens` is the size of the answer in bytes.
"""

import asyncio
import json
import re
import sys
import time

import uvloop

EVENTS_PER_S = 50
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_TOKENS = re.compile(rb'"max_tokens": *(\d+)')
_STREAM = re.compile(rb'"stream": *true')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted",'
    b'"choices":[{"index":0,"delta":{"content":"at %020d "},"finish_reason":null}]}\n\n'
)
_LAST = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted","choices":[{"index":0,'
    b'"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def make_request(tokens, size, stream=False):
    """The body of a request of about `size` bytes."""
    asked = {"model": "scripted", "stream": stream, "max_tokens": tokens}
    room = size - len(json.dumps({**asked, "messages": [{"role": "user", "content": ""}]}))
    return json.dumps({**asked, "messages": [{"role": "user", "content": "word " * (max(room, 5) // 5)}]}).encode()


def make_answer(size):
    choice = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [choice],
        "usage": usage,
    }
    choice["message"]["content"] = "text " * (max(size - len(json.dumps(answer)), 5) // 5)
    return json.dumps(answer).encode()


class Provider(asyncio.Protocol):
    answers: dict[int, bytes] = {}  # noqa: RUF012  # of all connections, by size

    def connection_made(self, transport):
        self.transport, self.held, self.open = transport, bytearray(), True

    def connection_lost(self, exc):
        self.open = False

    def data_received(self, data):
        self.held += data
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.held[:end]
        found = _LENGTH.search(head)
        whole = (
            len(self.held) >= end + 4 + int(found[1]) if found else self.held.endswith((b"\r\n0\r\n\r\n", b"\r\n\r\n"))
        )
        if whole:
            body = bytes(self.held[end:])
            self.held.clear()
            self.answer(body)

    def answer(self, body):
        tokens = int(found[1]) if (found := _TOKENS.search(body)) else 1000
        if _STREAM.search(body):
            self.transport.write(_HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked"))
            self.due = asyncio.get_running_loop().time()
            self.tick(tokens)
            return
        answer = self.answers.get(tokens) or self.answers.setdefault(tokens, make_answer(tokens))
        self.transport.write(_HEAD % (b"application/json", b"Content-Length: %d" % len(answer)) + answer)

    def tick(self, left):
        if not self.open:
            return
        event = _EVENT % time.monotonic_ns() if left else _LAST
        self.transport.write(b"%x\r\n%b\r\n%b" % (len(event), event, b"" if left else b"0\r\n\r\n"))
        if left:
            self.due += 1 / EVENTS_PER_S
            asyncio.get_running_loop().call_at(self.due, self.tick, left - 1)


async def serve(port):
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
