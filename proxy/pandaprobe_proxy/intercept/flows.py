"""mitmproxy's hooks as the five events, passed on as they come. Holds no bodies, and lets a flow go when it ends.

A WebSocket crosses as raw bytes: with mitmproxy's own reading of them off, an upgraded connection is TCP to it, and
what it shows are the bytes of the wire. Of an answer, each piece is told and passed on in the same turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from mitmproxy.http import Headers, Response

from pandaprobe_proxy.intercept.hosts import Hosts
from pandaprobe_proxy.intercept.http1 import is_broken
from pandaprobe_proxy.intercept.refusals import BROKEN, KEY, trouble_of
from pandaprobe_proxy.model.exchange import (
    Ended,
    Event,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    Tap,
)
from pandaprobe_proxy.model.hops import OURS
from pandaprobe_proxy.model.ids import make_id

if TYPE_CHECKING:
    from mitmproxy import connection, http, tcp

log = structlog.get_logger("intercept")

NOT_UPSTREAM = (b"proxy-connection", b"proxy-authorization")

MINUTE_NS = 60_000_000_000
LEFT = "The client closed its connection before the answer was whole."
STOPPED = "The relay was stopped."


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where times and ids come from."""

    monotonic_ns: Callable[[], int]
    wall_ns: Callable[[], int]
    entropy: Callable[[int], bytes]


@dataclass(slots=True)
class Open:
    """One exchange that has not ended."""

    id: str
    client: str
    """mitmproxy's id of the client's connection."""
    sent_ns: int = 0
    status: int = 0
    silent: str = ""
    """Who moved nothing for too long, in one sentence."""

    @property
    def upgraded(self) -> bool:
        return self.status == 101


class Flows:
    """An addon. Each method is a hook of mitmproxy's, but those below `wait`."""

    def __init__(self, hosts: Hosts, tap: Tap, clocks: Clocks) -> None:
        self.hosts = hosts
        self._tap = tap
        self._clocks = clocks
        self._now = clocks.monotonic_ns
        self._open: dict[str, dict[str, Open]] = {}
        """By the client's connection, by exchange."""
        self.failures = 0
        """Events that the tap did not take."""
        self._logged_ns = -MINUTE_NS

    def http_connect(self, flow: "http.HTTPFlow") -> None:
        """A client asks for a connection. To a listed host it has one at once, so that a call that fails is told."""
        if self.hosts.name((flow.request.host,), flow.request.port) is not None:
            flow.response = Response(b"HTTP/1.1", 200, b"Connection established", Headers(), b"", None, 0, 0)

    def requestheaders(self, flow: "http.HTTPFlow") -> None:
        """A request's head has come."""
        request = flow.request
        host = flow.client_conn.sni or self._host(flow)
        name = self.hosts.name((host, request.host), request.port)
        if name is None:
            request.stream = True
            return
        wall_ns = self._clocks.wall_ns()
        opened = Open(make_id(wall_ns, self._clocks.entropy(10)), flow.client_conn.id)
        self._open.setdefault(opened.client, {})[opened.id] = opened
        flow.metadata[KEY] = opened
        standard = request.port == {"https": 443, "http": 80}.get(request.scheme)
        authority = host if standard else f"{host}:{request.port}"
        peer = flow.client_conn.peername
        self._tell(
            RequestHead(
                exchange=opened.id,
                at_ns=self._now(),
                wall_ns=wall_ns,
                client=f"{peer[0]}:{peer[1]}",
                upstream=name,
                url=f"{request.scheme}://{authority}{request.path}",
                method=request.method,
                target=request.data.path,
                headers=request.headers.fields,
            )
        )
        request.headers.fields = tuple(field for field in request.headers.fields if _crosses(field[0].lower()))
        request.stream = partial(self._pass, RequestBody, opened)

    @staticmethod
    def _host(flow: "http.HTTPFlow") -> str:
        """That of a request in clear text. A redirected one was sent to an address, and only says a name."""
        redirected = flow.client_conn.proxy_mode.type_name != "regular"
        return flow.request.pretty_host if redirected else flow.request.host

    def _pass(self, kind: type[RequestBody] | type[ResponseBody], opened: Open, data: bytes) -> bytes:
        """Tells of a piece of a body, and gives it on."""
        if data:
            self._tell(kind(opened.id, self._now(), data))
        return data

    def request(self, flow: "http.HTTPFlow") -> None:
        """A request is whole."""
        opened = flow.metadata.get(KEY)
        if opened is not None:
            opened.sent_ns = self._now()

    def responseheaders(self, flow: "http.HTTPFlow") -> None:
        """An answer's head has come."""
        response, opened = flow.response, flow.metadata.get(KEY)
        if response is None:
            return
        if opened is None:
            response.stream = True
            return
        opened.status = response.status_code
        data = response.data
        self._tell(ResponseHead(opened.id, self._now(), response.status_code, data.reason, data.headers.fields))
        response.stream = partial(self._pass, ResponseBody, opened)

    def response(self, flow: "http.HTTPFlow") -> None:
        """An answer is whole; or a connection is upgraded, and goes on."""
        response, opened = flow.response, flow.metadata.get(KEY)
        if response is None or opened is None or opened.upgraded:
            return
        trailers = response.trailers.fields if response.trailers else ()
        if opened.status >= 400:
            self._end(opened, Outcome.UPSTREAM_ERROR, f"The upstream answered {opened.status}.", trailers)
        else:
            self._end(opened, Outcome.OK, "", trailers)

    def error(self, flow: "http.HTTPFlow") -> None:
        """An answer will never be whole."""
        opened = flow.metadata.get(KEY)
        if opened is not None:
            if flow.server_conn.error:
                opened.sent_ns = 0  # it was taken, and never went anywhere
            self._end(opened, *_judge(flow, opened))

    def tcp_message(self, flow: "tcp.TCPFlow") -> None:
        """A piece of an upgraded connection; or of one to a listed host that does not speak HTTP."""
        message = flow.messages[-1]
        flow.messages.clear()
        opened = self._upgraded(flow)
        if opened is not None:
            self._pass(RequestBody if message.from_client else ResponseBody, opened, message.content)

    def tcp_end(self, flow: "tcp.TCPFlow") -> None:
        """An upgraded connection has ended."""
        opened = self._upgraded(flow)
        if opened is not None and is_broken(flow.server_conn):
            self._end(opened, Outcome.UPSTREAM_RESET, BROKEN)
        elif opened is not None:
            self._end(opened, *_leave(flow.client_conn))

    def client_disconnected(self, client: "connection.Client") -> None:
        """A client is gone, whatever was open."""
        for opened in tuple(self._open.get(client.id, {}).values()):
            if opened.upgraded:
                self._end(opened, *_leave(client))
            elif opened.silent:
                self._end(opened, Outcome.TIMEOUT, opened.silent)
            else:
                self._end(opened, Outcome.CLIENT_DISCONNECTED, LEFT)

    def wait(self, client_id: str, sentence: str) -> bool:
        """Nothing has moved on this client's connection for long; whether that is no reason to close it."""
        waiting = [opened for opened in self._open.get(client_id, {}).values() if not opened.upgraded]
        for opened in waiting:
            opened.silent = sentence
        return not waiting

    def unanswered(self, client_id: str) -> bool:
        """Whether no exchange of this client has the beginning of an answer, which none of ours could follow."""
        return not any(opened.status for opened in self._open.get(client_id, {}).values())

    @property
    def open(self) -> int:
        """Exchanges that have not ended."""
        return sum(len(exchanges) for exchanges in self._open.values())

    def interrupt(self) -> None:
        """This process ends: so does what is open."""
        for exchanges in tuple(self._open.values()):
            for opened in tuple(exchanges.values()):
                self._end(opened, Outcome.INTERRUPTED, STOPPED)

    def _upgraded(self, flow: "tcp.TCPFlow") -> Open | None:
        """On HTTP/1.1, an upgraded exchange is the last one of its connection."""
        exchanges = self._open.get(flow.client_conn.id, {}).values()
        return next((opened for opened in exchanges if opened.upgraded), None)

    def _end(
        self, opened: Open, outcome: Outcome, error: str = "", trailers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        exchanges = self._open.get(opened.client, {})
        if exchanges.pop(opened.id, None) is None:
            return
        if not exchanges:
            del self._open[opened.client]
        self._tell(Ended(opened.id, self._now(), outcome, error, opened.sent_ns, trailers))

    def _tell(self, event: Event) -> None:
        try:
            self._tap(event)
        except Exception:
            self.failures += 1
            if (now := self._now()) - self._logged_ns >= MINUTE_NS:
                self._logged_ns = now
                log.exception("the tap failed; the connection goes on", failures=self.failures)


def _crosses(key: bytes) -> bool:
    return key not in NOT_UPSTREAM and not key.startswith(OURS)


def _judge(flow: "http.HTTPFlow", opened: Open) -> tuple[Outcome, str]:
    """How it ended, and one sentence. Never mitmproxy's own, which may quote what the upstream sent."""
    if opened.silent:
        return Outcome.TIMEOUT, opened.silent
    if not flow.client_conn.connected or (flow.error is not None and "(CANCEL)" in flow.error.msg):
        return Outcome.CLIENT_DISCONNECTED, LEFT
    if opened.status:
        return Outcome.UPSTREAM_RESET, BROKEN
    trouble = trouble_of(flow, flow.error.msg if flow.error else "")
    outcome = Outcome.UPSTREAM_RESET if trouble.code == "upstream_reset" else Outcome.UPSTREAM_ERROR
    return outcome, trouble.sentence


def _leave(client: "connection.Client") -> tuple[Outcome, str]:
    """How an upgraded exchange ended: a client that closes its connection well has said all it had to say."""
    return (Outcome.CLIENT_DISCONNECTED, LEFT) if is_broken(client) else (Outcome.OK, "")
