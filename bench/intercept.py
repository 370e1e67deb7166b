"""What interception costs: the delay that it adds to each chunk of a stream, CPU time, and memory over many flows.

    python bench/intercept.py --streams 50 --seconds 5 --flows 20000

A whole sidecar with its forward proxy, recording, in front of a scripted TLS upstream; upstream, sidecar and client are
processes of their own, all on loopback. Each chunk carries the moment at which the upstream wrote it; the delay is how
much later the client has it, direct over TLS and through the proxy. Exits 1 if the added p99 is 20 ms or more, if the
proxy has grown by 20 MB or more between 1,000 flows and all of them, if a chunk or a flow is missing, or if the loss
numbers do not add up.
"""

import argparse
import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import trustme
import uvloop
from streams import BODY, CHUNKS_PER_S, MARK, Run, StreamingUpstream, cpu_s

LIMIT_MS, LIMIT_MB = 20.0, 20.0
FEW = 1000
CONNECTIONS = 20
PER_CONNECTION = 50
SMALL = b'{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"Paris."}}]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(SMALL), SMALL)


class Upstream(StreamingUpstream):
    """Streams, or, where the path says so, answers at once."""

    asked = b""

    def data_received(self, data):
        self.asked += data
        if not self.asked.endswith(BODY):
            return  # the body comes by itself
        small, self.asked = b"POST /v1/small" in self.asked, b""
        if small:
            self.transport.write(ANSWER)
        else:
            super().data_received(BODY)


async def serve_upstream(certificate, chunks):
    loop = asyncio.get_running_loop()
    Upstream.loop, Upstream.chunks = loop, chunks
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await loop.create_server(Upstream, "127.0.0.1", 0, backlog=4096, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def connect(port, context, forward):
    """A TLS connection to the upstream, through the proxy at port `forward` if there is one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", forward or port, limit=2**20)
    if forward:
        writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
    await writer.start_tls(context, server_hostname="localhost")
    return reader, writer


def request(path):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-PandaProbe-Session: bench\r\nContent-Length: {len(BODY)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + BODY


async def stream(run, port, context, forward):
    reader, writer = await connect(port, context, forward)
    writer.write(request("/v1/chat/completions"))
    rest = b""
    while not rest.endswith(b"\r\n0\r\n\r\n"):
        data = await reader.read(65536)
        now = time.monotonic_ns()
        if not data:
            break
        rest += data
        while (at := rest.find(MARK)) >= 0 and at + len(MARK) + 20 <= len(rest):
            run.delays_ns.append(now - int(rest[at + len(MARK) : at + len(MARK) + 20]))
            rest = rest[at + len(MARK) + 20 :]
    run.finished += rest.endswith(b"\r\n0\r\n\r\n")
    writer.close()


async def measure_streams(count, port, context, forward):
    run, tasks = Run(), []
    for _ in range(count):
        tasks.append(asyncio.create_task(stream(run, port, context, forward)))
        await asyncio.sleep((1 + 1 / count) / CHUNKS_PER_S)  # so that the streams do not beat in step
    await asyncio.gather(*tasks)
    return run


async def many(flows, port, context, forward):
    """So many small calls, some at once, a new connection after every few."""
    left = [flows]

    async def call_on():
        while left[0] > 0:
            reader, writer = await connect(port, context, forward)
            for _ in range(PER_CONNECTION):
                if left[0] <= 0:
                    break
                left[0] -= 1
                writer.write(request("/v1/small"))
                await reader.readuntil(SMALL)
            writer.close()

    await asyncio.gather(*(call_on() for _ in range(CONNECTIONS)))


def rss_mb(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def ending(process):
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ask(place, *words):
    command = [sys.executable, "-m", "pandaprobe_proxy", *words, "--json", "--data-dir", str(place)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def control(place):
    from pandaprobe_proxy.app import ask as ask_sidecar
    from pandaprobe_proxy.settings import Settings

    return ask_sidecar(Settings(data_dir=place), {"ask": "status"})


def settled(place):
    while (status := ask(place, "status"))["in_flight"]:
        time.sleep(0.2)
    return status


@contextmanager
def running(place, chunks):
    """(upstream's port, the upstreams' certificate, the sidecar's data directory)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "origins.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(place / "shown.pem")
    words = [sys.executable, __file__, "--serve", str(place / "shown.pem"), "--chunks", str(chunks)]
    with ending(subprocess.Popen(words, stdout=subprocess.PIPE, text=True)) as upstream:
        port = int(upstream.stdout.readline())
        data = place / "data"
        serve = [sys.executable, "-m", "pandaprobe_proxy", "serve", "--port", "0", "--web-port", "0", "--forward", "0"]
        serve += ["--data-dir", str(data), "--upstream", f"bench=https://localhost:{port}", "--log-level", "warning"]
        env = {**os.environ, "SSL_CERT_FILE": str(place / "origins.pem")}
        with ending(subprocess.Popen(serve, env=env, stderr=subprocess.DEVNULL)):
            while not (data / "ca" / "pandaprobe-ca.pem").exists() or control(data) is None:
                time.sleep(0.1)
            yield port, place / "origins.pem", data


async def measure(options, port, origins, data):
    forward = control(data)["forward"]
    forward_port, pid = int(forward["address"].rpartition(":")[2]), forward["pid"]
    trusting = ssl.create_default_context(cafile=forward["certificate"])
    direct = await measure_streams(options.streams, port, ssl.create_default_context(cafile=str(origins)), None)
    before = cpu_s(pid)
    through = await measure_streams(options.streams, port, trusting, forward_port)
    stream_us = (cpu_s(pid) - before) * 1e6 / max(1, len(through.delays_ns))
    for name, run in (("direct", direct), ("intercepted", through)):
        shown = ", ".join(f"p{part * 100:g} {run.quantile_ms(part):.2f} ms" for part in (0.5, 0.99, 0.999))
        print(f"{name:<12} {run.finished} of {options.streams} streams, {len(run.delays_ns)} chunks: {shown}")
    added = through.quantile_ms(0.99) - direct.quantile_ms(0.99)
    print(f"added p99 {added:.2f} ms; {stream_us:.0f} µs of CPU per chunk in the intercepting process")
    await many(FEW, port, trusting, forward_port)
    few, before = rss_mb(pid), cpu_s(pid)
    await many(options.flows - FEW, port, trusting, forward_port)
    grown = rss_mb(pid) - few
    flow_us = (cpu_s(pid) - before) * 1e6 / max(1, options.flows - FEW)
    print(f"memory {few:.1f} MB after {FEW} flows, {few + grown:.1f} MB after {options.flows}: {grown:+.1f} MB")
    print(f"{flow_us:.0f} µs of CPU per flow in the intercepting process")
    missing = 2 * options.streams * options.chunks - len(direct.delays_ns) - len(through.delays_ns)
    status = settled(data)
    print(f"relayed {status['relayed']} = recorded {status['recorded']} + dropped {status['dropped']} + in flight 0")
    whole = status["adds_up"] and status["relayed"] == options.streams + options.flows and not missing
    return added < LIMIT_MS and grown < LIMIT_MB and whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--flows", type=int, default=20_000)
    parser.add_argument("--chunks", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.chunks = options.chunks or int(options.seconds * 50)
    if options.serve:
        uvloop.run(serve_upstream(options.serve, options.chunks))
    with tempfile.TemporaryDirectory() as place, running(Path(place), options.chunks) as (port, origins, data):
        sys.exit(0 if uvloop.run(measure(options, port, origins, data)) else 1)


if __name__ == "__main__":
    main()
