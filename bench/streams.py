"""The delay that a relay adds to each chunk of a stream: N streams of 50 chunks a second, direct and through.

    python bench/streams.py --streams 100 --seconds 5
    python bench/streams.py --through http://127.0.0.1:4100/bench --upstream-port 4999

Each chunk carries the moment at which the upstream wrote it (one monotonic clock on one machine); the delay is how much
later the client has it. Upstream, relay and client are processes of their own, all on loopback. Without `--through` a
relay without any recorder is started; with it, the sidecar there must know `http://127.0.0.1:<upstream-port>`, as by
`pandaprobe-proxy serve --upstream bench=http://127.0.0.1:4999`. Exits 1 if the added p99 is 5 ms or more, or if chunks
are missing.
"""

import argparse
import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

CHUNKS_PER_S = 50
LIMIT_MS = 5.0
BODY = json.dumps({"model": "scripted", "stream": True, "messages": [{"role": "user", "content": "count"}]}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted",'
    b'"choices":[{"index":0,"delta":{"content":"at %020d "},"finish_reason":null}]}\n\n'
)
MARK = b'"content":"at '


class StreamingUpstream(asyncio.Protocol):
    """Answers each request with a stream of events that say when they were written."""

    def connection_made(self, transport):
        self.transport = transport
        self.left = 0

    def data_received(self, data):
        if not data.endswith(BODY):
            return  # the body comes by itself
        self.transport.write(HEAD)
        self.left = self.chunks
        self.due = self.loop.time()
        self.tick()

    def connection_lost(self, exc):
        self.left = -1

    def tick(self):
        if self.left < 0:
            return
        if self.left == 0:
            self.transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            return
        self.left -= 1
        event = EVENT % time.monotonic_ns()
        self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.due += 1 / CHUNKS_PER_S
        self.loop.call_at(self.due, self.tick)


async def serve_upstream(port, chunks):
    loop = asyncio.get_running_loop()
    StreamingUpstream.loop, StreamingUpstream.chunks = loop, chunks
    server = await loop.create_server(StreamingUpstream, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_relay(url):
    from pandaprobe_proxy.relay.routes import Routes, parse_upstream
    from pandaprobe_proxy.relay.server import Relay

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(4096)
    sock.setblocking(False)
    relay = Relay(routes=Routes([parse_upstream("bench", url)], "bench"), tap=lambda event: None)
    await relay.start(sock)
    print(sock.getsockname()[1], flush=True)
    await asyncio.Event().wait()


@dataclass
class Run:
    delays_ns: list[int] = field(default_factory=list)
    finished: int = 0

    def quantile_ms(self, part):
        ordered = sorted(self.delays_ns)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] / 1e6 if ordered else float("nan")


class StreamClient(asyncio.Protocol):
    """Asks for one stream and notes the delay of each event."""

    def __init__(self, run, request, done):
        self.run, self.request, self.done = run, request, done
        self.tail = b""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        now = time.monotonic_ns()
        data = self.tail + data
        at = 0
        while (found := data.find(MARK, at)) >= 0 and found + len(MARK) + 20 <= len(data):
            at = found + len(MARK) + 20
            self.run.delays_ns.append(now - int(data[at - 20 : at]))
        if data.endswith(b"\r\n0\r\n\r\n"):
            self.run.finished += 1
            self.transport.close()
        self.tail = data[max(at, len(data) - len(MARK) - 20) :]

    def connection_lost(self, exc):
        self.done.set_result(None)


async def stream(url, count, seconds):
    """One run of `count` streams at `url`."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/v1/chat/completions"
    lines = (f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(BODY)}")
    request = "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode() + BODY
    loop, run, waiting = asyncio.get_running_loop(), Run(), []
    for _ in range(count):
        done = loop.create_future()
        waiting.append(done)
        await loop.create_connection(lambda d=done: StreamClient(run, request, d), parts.hostname, parts.port)
        await asyncio.sleep(1 / CHUNKS_PER_S / count)  # so that the streams do not beat in step
    await asyncio.wait(waiting, timeout=seconds + 30)
    return run


def start(*words):
    process = subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def cpu_s(pid):
    """Processor time of a process so far, where the system tells it."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(arguments):
    chunks = arguments.seconds * CHUNKS_PER_S
    upstream, port = start("--serve-upstream", str(chunks), "--upstream-port", str(arguments.upstream_port))
    processes = [upstream]
    try:
        direct = f"http://127.0.0.1:{port}"
        through, pid = arguments.through, None
        if through is None:
            relay, relay_port = start("--serve-relay", direct)
            processes.append(relay)
            through, pid = f"http://127.0.0.1:{relay_port}", relay.pid
        runs = {}
        for name, url in (("direct", direct), ("through", through)):
            before = cpu_s(pid)
            runs[name] = uvloop.run(stream(url, arguments.streams, arguments.seconds))
            spent_s = cpu_s(pid) - before
        return report(runs, arguments.streams * chunks, spent_s)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def report(runs, expected, spent_s):
    """Prints the table; the exit code."""
    print(f"{'':10}{'chunks':>10}{'missing':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name, run in runs.items():
        row = [run.quantile_ms(part) for part in (0.5, 0.99, 1.0)]
        got = len(run.delays_ns)
        print(f"{name:10}{got:>10}{expected - got:>9}" + "".join(f"{value:>9.3f}" for value in row))
    added = [runs["through"].quantile_ms(part) - runs["direct"].quantile_ms(part) for part in (0.5, 0.99)]
    print(f"{'added':10}{'':>19}{added[0]:>9.3f}{added[1]:>9.3f}")
    if not math.isnan(spent_s):
        print(f"relay CPU: {spent_s / expected * 1e6:.1f} µs per chunk")
    whole = all(len(run.delays_ns) == expected for run in runs.values())
    return 0 if whole and added[1] < LIMIT_MS else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument(
        "--through", metavar="URL", help="a running relay's base URL for the upstream of this benchmark"
    )
    parser.add_argument("--upstream-port", type=int, default=0, help="where the upstream of this benchmark listens")
    parser.add_argument("--serve-upstream", type=int, metavar="CHUNKS", help=argparse.SUPPRESS)
    parser.add_argument("--serve-relay", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_upstream is not None:
        return uvloop.run(serve_upstream(arguments.upstream_port, arguments.serve_upstream))
    if arguments.serve_relay is not None:
        return uvloop.run(serve_relay(arguments.serve_relay))
    return measure(arguments)


if __name__ == "__main__":
    sys.exit(main())
