"""Requests that two readers might understand differently, by the thousand, from a seed; and an origin that reads them.

The probes are the classics of request smuggling; each is changed at a few places by one of a dozen mutations. The
origin reads what the relay sends with h11, which shares no code with the relay, and answers each request with its
target. Every client has a token in its targets, so that an answer to somebody else's request is known for one.
"""

import asyncio
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

PLACE = b"tttttttt"
"""Where a client's token stands, which is as long."""
SMUGGLED = b"GET /v1/tttttttt-smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CL = b"Content-Length: %d\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
HEAD = b"POST /v1/tttttttt-probe HTTP/1.1\r\nHost: x\r\n"
CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
PROBES = (
    HEAD + CL % len(SMUGGLED) + b"\r\n" + SMUGGLED,
    HEAD + TE + b"\r\n" + CHUNK,
    HEAD + CL % 4 + TE + b"\r\n" + CHUNK,
    HEAD + TE + CL % 4 + b"\r\n" + CHUNK,
    HEAD + CL % 5 + CL % len(SMUGGLED) + b"\r\n" + SMUGGLED,
    HEAD + b"Transfer-Encoding: xchunked\r\n" + CL % 3 + b"\r\n" + b"abc" + SMUGGLED,
    HEAD + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNK,
    HEAD + b"Transfer-Encoding:\tchunked\r\n\r\n" + CHUNK,
    HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNK,
    HEAD + b"X: y\r\n Transfer-Encoding: chunked\r\n" + CL % 3 + b"\r\nabc" + SMUGGLED,
    HEAD + b"Content-Length: +3\r\n\r\nabc" + SMUGGLED,
    HEAD + b"Content-Length: 3, 3\r\n\r\nabc" + SMUGGLED,
    HEAD + b"Content-Length: 0x3\r\n\r\nabc" + SMUGGLED,
    HEAD + b"Connection: Content-Length\r\n" + CL % len(SMUGGLED) + b"\r\n" + SMUGGLED,
    HEAD + TE + b"\r\n5;a=\nb\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
    HEAD + TE + b"\r\n0x5\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
    HEAD + TE + b"\r\n5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n" + SMUGGLED,
    HEAD + TE + b"\r\n5\r\nhello\r\n00000000000000000000\r\n\r\n" + SMUGGLED,
    HEAD + TE + b"\r\nffffffffffffffff5\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
    b"GET /v1/tttttttt-probe HTTP/1.1\r\nHost: x\r\n" + CL % len(SMUGGLED) + b"\r\n" + SMUGGLED,
    b"GET http://evil.test/v1/tttttttt-probe HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED,
    b"POST /v1/tttttttt-probe HTTP/1.0\r\nHost: x\r\n" + TE + b"\r\n" + CHUNK,
    b"POST /v1/tttttttt-probe HTTP/1.1\nHost: x\n" + b"Content-Length: 3\n\nabc" + SMUGGLED,
    HEAD + b"Expect: 100-continue\r\n" + CL % len(SMUGGLED) + b"\r\n" + SMUGGLED,
    HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + CL % 3 + b"\r\nabc" + SMUGGLED,
    HEAD + b"\r\n" + SMUGGLED,
)
ODD = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"\x0b",
    b"\x0c",
    b":",
    b";",
    b",",
    b"\x80",
    b"\xff",
    b"0",
    b"_",
    b"\x85",
)


def make_token(dice):
    """Eight letters; no two clients of a run have the same, nor does a mutation make one out of another."""
    return bytes(dice.choices(b"abcdefghijklmnopqrsu", k=len(PLACE)))


def mutate(dice, token):
    """One request, and perhaps more, as bytes."""
    data = dice.choice(PROBES)
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        data = dice.choice(MUTATIONS)(dice, data)
    return data.replace(PLACE, token)


def find_tokens(data):
    """The tokens of those whose requests these answers are to."""
    return set(re.findall(rb"/v1/([a-z]{8})-", data))


def insert(dice, data):
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(ODD) + data[at:]


def remove(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randint(1, 3) :]


def replace(dice, data):
    at = dice.randrange(len(data))
    return data[:at] + dice.choice(ODD) + data[at + 1 :]


def repeat(dice, data):
    at, size = dice.randrange(len(data)), dice.randint(1, 40)
    return data[: at + size] + data[at:]


def swap_case(dice, data):
    at, size = dice.randrange(len(data)), dice.randint(1, 20)
    return data[:at] + data[at : at + size].swapcase() + data[at + size :]


def bare_end(dice, data):
    """One line ends otherwise."""
    places = [at for at in range(len(data)) if data.startswith(b"\r\n", at)]
    at = dice.choice(places or [0])
    return data[:at] + dice.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n")) + data[at + 2 :]


def another_header(dice, data):
    """One more header, at the beginning or the end of the others."""
    lines = (TE, CL % dice.randint(0, 60), b"Transfer-Encoding: identity\r\n", b"Host: y\r\n", b"Content-Length:\r\n")
    lines += (b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer_Encoding: chunked\r\n", b"Connection: close\r\n")
    first = data.find(b"\r\n") + 2
    last = max(first, data.find(b"\r\n\r\n") + 2)
    at = dice.choice((first, last))
    return data[:at] + dice.choice(lines) + data[at:]


def fold(dice, data):
    at = data.find(b": ") + 2
    return data[:at] + dice.choice((b"\r\n ", b"\r\n\t", b"\n ")) + data[at:]


def number(dice, data):
    """A digit becomes another, or more."""
    places = [at for at, byte in enumerate(data) if chr(byte).isdigit()]
    at = dice.choice(places or [0])
    return data[:at] + dice.choice((b"1", b"9", b"00", b"-1", b"+1", b"1 1", b"1e1")) + data[at + 1 :]


def cut(dice, data):
    return data[: dice.randrange(1, len(data) + 1)]


def pipeline(dice, data):
    return data + SMUGGLED


def pad(dice, data):
    at = data.find(b":")
    return data[:at] + dice.choice((b" ", b"\t", b"\0", b"\x0b")) + data[at:]


MUTATIONS = (
    insert,
    remove,
    replace,
    repeat,
    swap_case,
    bare_end,
    another_header,
    fold,
    number,
    cut,
    pipeline,
    pad,
)


@dataclass
class Reading:
    """What the origin understood."""

    port: int = 0
    whole: Counter = field(default_factory=Counter)
    """Requests by (method, target, body)."""
    errors: list[str] = field(default_factory=list)
    """What h11 could not read."""

    async def serve(self, reader, writer):
        machine = h11.Connection(h11.SERVER)
        try:
            while await self.read_one(machine, reader, writer):
                machine.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if "without sending complete" not in str(error) and "incomplete" not in str(error):
                self.errors.append(str(error))
        except ConnectionError:
            pass  # the relay has cut a request that its client cut
        finally:
            writer.close()

    async def read_one(self, machine, reader, writer):
        """Reads and answers a request; whether another may follow."""
        asked, body = None, b""
        while True:
            event = machine.next_event()
            if event is h11.NEED_DATA:
                machine.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                asked = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.whole[asked.method, asked.target, body] += 1
                writer.write(self.answer(machine, asked))
                await writer.drain()
                return machine.our_state is h11.DONE and machine.their_state is h11.DONE
            else:
                return False

    @staticmethod
    def answer(machine, asked):
        length = str(len(asked.target))
        head = machine.send(h11.Response(status_code=200, headers=[("Content-Length", length)]))
        body = b"" if asked.method == b"HEAD" else machine.send(h11.Data(data=bytes(asked.target)))
        return head + body + (machine.send(h11.EndOfMessage()) if asked.method != b"HEAD" else b"")


@asynccontextmanager
async def reading_origin():
    """An origin that reads with h11, for the block."""
    origin = Reading()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, backlog=512)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()
