"""A real forward proxy in the test's own loop, with raw clients and scripted upstreams over TLS; every event told."""

import asyncio
import itertools
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from pandaprobe_proxy.intercept.authority import open_authority
from pandaprobe_proxy.intercept.flows import Clocks
from pandaprobe_proxy.intercept.forward import Forward, Plan
from pandaprobe_proxy.intercept.hosts import Hosts, parse_host
from pandaprobe_proxy.model.exchange import Ended, RequestHead, assemble
from relaying import Client, listening, until

ASKED = b'{"model":"m","messages":[]}'
CHAT = b"POST /v1/chat/completions?x=%2F HTTP/1.1\r\nHost: localhost\r\nX-Twice: 1\r\nx-twice: 2\r\n"
CLOSE = b"Connection: close"


def request(*lines, body=ASKED):
    return CHAT + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@dataclass
class Origins:
    """The certificate authority of the scripted upstreams: what the real ones' are in real life."""

    authority: trustme.CA
    path: Path
    """Its certificate."""

    def server(self, *names, alpn=("http/1.1",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        context.set_alpn_protocols(list(alpn))
        return context

    def client(self):
        return ssl.create_default_context(cafile=str(self.path))


def make_origins(directory):
    authority = trustme.CA()
    path = Path(directory) / "origins.pem"
    authority.cert_pem.write_to_path(str(path))
    return Origins(authority, path)


@dataclass
class Intercepting:
    """A running forward proxy."""

    forward: Forward
    port: int
    ca_path: Path
    events: list = field(default_factory=list)

    def exchanges(self):
        ids = [event.exchange for event in self.events if isinstance(event, RequestHead)]
        return [assemble(event for event in self.events if event.exchange == id) for id in ids]

    async def ended(self, count=1, timeout_s=5.0):
        """The exchanges, once so many have ended."""
        await until(lambda: sum(isinstance(event, Ended) for event in self.events) >= count, timeout_s)
        return self.exchanges()

    def trusting(self, alpn=("http/1.1",), strict=True):
        """A client's context that trusts the proxy's authority, as strictly as Python 3.13."""
        context = ssl.create_default_context(cafile=str(self.ca_path))
        if strict:
            context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(list(alpn))
        return context

    async def tunnel(self, port, context=None, host="localhost", limit=2**26):
        """A client's connection through the proxy, with TLS to whoever answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=limit)
        writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert b" 200 " in answer, answer
        await asyncio.wait_for(writer.start_tls(context or self.trusting(), server_hostname=host), 5)
        return Client(reader, writer)

    async def ask(self, port, raw):
        """All that comes back for these bytes until the connection is closed; the request should say so."""
        return await (await self.tunnel(port)).ask(raw)


@asynccontextmanager
async def intercepting(directory, origins, *listed, barred=(), idle_s=600, tap=None):
    """A forward proxy that decrypts `listed`, for the block. Checks at its end that every exchange ended once."""
    sock = listening()
    port = sock.getsockname()[1]
    authority = open_authority(Path(directory) / "ca" / "ca.pem")
    hosts = Hosts(parse_host(pattern, name) for pattern, name in listed)
    plan = Plan(hosts, authority, origins.path, tuple(barred), idle_s)
    events = []
    counter = itertools.count(1)
    clocks = Clocks(time.monotonic_ns, time.time_ns, lambda size: next(counter).to_bytes(size, "big"))
    forward = Forward(plan, tap or events.append, clocks)
    await forward.start(sock)
    running = Intercepting(forward, port, authority.path, events)
    try:
        yield running
    finally:
        await forward.drain(0)
        heads = [event.exchange for event in events if isinstance(event, RequestHead)]
        ends = [event.exchange for event in events if isinstance(event, Ended)]
        assert sorted(heads) == sorted(ends)


def proxy(directory, origins, upstream, **options):
    """A forward proxy that decrypts that upstream."""
    return intercepting(directory, origins, (f"localhost:{upstream.port}", "openai"), **options)


@dataclass
class Http2Upstream:
    """A running upstream that speaks HTTP/2 only and answers `data: BODY`."""

    port: int = 0
    headers: list = field(default_factory=list)
    resets: int = 0


@asynccontextmanager
async def http2_upstream(origins, endless=False):
    """Answers each request for the block; an `endless` one never ends its answers."""
    upstream = Http2Upstream()
    running = set()

    async def accept(reader, writer):
        running.add(asyncio.current_task())
        connection = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        connection.initiate_connection()
        bodies = {}
        while True:
            writer.write(connection.data_to_send())
            data = await reader.read(65536)
            if not data:
                break
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    upstream.headers.append(dict(event.headers))
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                elif isinstance(event, StreamReset):
                    upstream.resets += 1
                elif isinstance(event, StreamEnded):
                    connection.send_headers(
                        event.stream_id, [(":status", "200"), ("content-type", "text/event-stream")]
                    )
                    body = b"data: %s\n\n" % bodies[event.stream_id]
                    connection.send_data(event.stream_id, body, end_stream=not endless)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=origins.server(alpn=("h2",)))
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
