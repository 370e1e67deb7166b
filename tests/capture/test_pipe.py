"""The pipe: an event arrives or its exchange's loss does, nobody waits, who goes away interrupts what is open."""

import asyncio
import socket
from contextlib import asynccontextmanager

from pandaprobe_proxy.capture.frames import Dropped, encode
from pandaprobe_proxy.capture.pipe import GONE, PipeReader, PipeWriter
from pandaprobe_proxy.capture.ring import PIPE_FULL
from pandaprobe_proxy.model.exchange import Ended, Outcome, RequestHead, ResponseBody
from relaying import until

LIMIT = 64 * 1024


def make_id(number):
    return f"0190a1b2-0000-7000-8000-{number:012d}"


def head(number):
    return RequestHead(make_id(number), 1, 1, "c:1", "openai", "https://u/v1/x", "POST", b"/v1/x", ())


def body(number, size):
    return ResponseBody(make_id(number), 2, b"x" * size)


def ended(number):
    return Ended(make_id(number), 3, Outcome.OK)


class Reading:
    """The relay's side of a pipe whose reading begins when it is told to."""

    def __init__(self, sock):
        self.sock = sock
        self.told = []

    async def start(self):
        loop = asyncio.get_running_loop()
        self.transport, self.reader = await loop.create_connection(
            lambda: PipeReader(self.told.append, lambda: 99), sock=self.sock
        )

    async def finish(self):
        """All that was told, once the stream has ended."""
        await asyncio.wait_for(self.reader.ended, 10)
        return self.told


@asynccontextmanager
async def pipe(limit_bytes=LIMIT, start=True):
    """(the writer, the reading side)."""
    mine, theirs = socket.socketpair()
    reading = Reading(mine)
    mine.setblocking(False)
    if start:
        await reading.start()
    yield PipeWriter(theirs, limit_bytes), reading


async def test_events_arrive_as_they_were_told():
    told = [head(1), body(1, 10), head(2), ended(1), body(2, 30_000), ended(2)]
    async with pipe() as (writer, reading):
        for event in told:
            writer.tap(event)
            await asyncio.sleep(0)
        writer.close()
        assert await reading.finish() == told


async def test_much_more_than_the_socket_takes_at_once_arrives_whole():
    told = [head(1), *(body(1, 60_000) for _ in range(400)), ended(1)]
    async with pipe(limit_bytes=2**26, start=False) as (writer, reading):
        for event in told:
            writer.tap(event)
        await asyncio.sleep(0.01)
        await reading.start()
        await until(lambda: len(reading.told) == len(told))
        writer.close()
        assert await reading.finish() == told


async def test_what_was_not_sent_yet_is_sent_at_the_end():
    async with pipe() as (writer, reading):
        writer.tap(head(1))
        writer.tap(ended(1))
        writer.close()
        assert await reading.finish() == [head(1), ended(1)]


async def test_an_exchange_that_does_not_fit_is_given_up_from_there_on_and_the_others_are_not():
    async with pipe(start=False) as (writer, reading):
        for event in (head(1), head(2), body(1, LIMIT), body(1, 5), body(2, 7), ended(1), ended(2)):
            writer.tap(event)
        await reading.start()
        writer.close()
        lost = Dropped(make_id(1), 2, PIPE_FULL)
        assert await reading.finish() == [head(1), head(2), lost, body(2, 7), ended(1), ended(2)]


async def test_of_an_exchange_that_begins_when_nothing_fits_one_word_is_told_at_its_end():
    size = LIMIT - len(encode(head(1))) - len(encode(body(1, 0)))
    async with pipe(start=False) as (writer, reading):
        for event in (head(1), body(1, size), head(2), body(2, 1), ended(2), ended(1)):
            writer.tap(event)
        await reading.start()
        writer.close()
        lost = Dropped(make_id(2), 3, PIPE_FULL)
        assert await reading.finish() == [head(1), body(1, size), lost, ended(1)]


async def test_telling_goes_on_when_the_relay_is_gone():
    async with pipe(start=False) as (writer, reading):
        reading.sock.close()
        for _ in range(3):
            writer.tap(head(1))
            await asyncio.sleep(0)
        writer.close()


async def test_what_is_open_when_the_process_goes_away_is_interrupted():
    async with pipe() as (writer, reading):
        for event in (head(1), head(2), ended(1)):
            writer.tap(event)
        writer.close()
        told = await reading.finish()
        assert told[-1] == Ended(make_id(2), 99, Outcome.INTERRUPTED, GONE)
        assert [event for event in told if isinstance(event, Ended)][:-1] == [ended(1)]


async def test_bytes_that_are_no_frames_end_the_stream():
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    reading = Reading(mine)
    await reading.start()
    theirs.sendall(encode(head(1)) + b"\x05\x00\x00\x00\x09")
    assert (await reading.finish())[-1].outcome is Outcome.INTERRUPTED
    theirs.close()


async def test_the_writers_process_sees_when_it_is_to_finish():
    async with pipe() as (writer, reading):
        reading.transport.write_eof()
        assert writer._sock.recv(1) == b""
        writer.close()
        assert await reading.finish() == []
