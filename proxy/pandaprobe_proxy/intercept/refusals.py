"""The answers of our own to an intercepted call: an error in the caller's dialect, where mitmproxy has a page of HTML.

Only where the upstream gives no answer, and nothing of one has been sent. What mitmproxy says of it is never passed on,
since it may quote what the upstream sent.
"""

from typing import Any

from mitmproxy.http import HTTPFlow
from mitmproxy.proxy import commands
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import _events, _http2

from pandaprobe_proxy.model.refusal import Caller, Trouble, body

BROKEN = "The upstream broke its connection before its answer was whole."
NOT_HTTP = "The upstream's answer is refused: it is not HTTP as it must be."
BAD_GATEWAY = 502
GATEWAY_TIMEOUT = 504
UNPARSED = "Cannot parse HTTP response"
BAD_ANSWERS = (UNPARSED, "unexpected server response", "HTTP/1 protocol error", "Received ")
"""How mitmproxy's words begin where an answer came, and was none."""
KEY = "exchange"
"""What a flow's metadata have our exchange under."""
TOLD = "told"
"""The attribute of a mitmproxy event that holds our answer's body, and its code."""


def trouble_of(flow: HTTPFlow, message: str) -> Trouble:
    """Why there is no answer; `message` is mitmproxy's word for it."""
    opened, why = flow.metadata.get(KEY), flow.server_conn.error
    if opened is not None and opened.silent:
        return Trouble(GATEWAY_TIMEOUT, "idle_timeout", opened.silent)
    if why:
        host, port = flow.request.host, flow.request.port
        return Trouble(BAD_GATEWAY, "unreachable", f"{host}:{port} cannot be reached: {why}.")
    if message.startswith(BAD_ANSWERS):
        return Trouble(BAD_GATEWAY, "bad_answer", NOT_HTTP)
    return Trouble(BAD_GATEWAY, "upstream_reset", BROKEN)


def install() -> None:
    """Has mitmproxy use these, where its own layer looks them up."""
    vars(http).update(HttpStream=HttpStream, Http2Server=Http2Server)


def headers_of(told: tuple[Trouble, bytes]) -> list[tuple[bytes, bytes]]:
    """Those of an answer of ours."""
    trouble, content = told
    return [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"x-pandaprobe-error", trouble.code.encode()),
    ]


class HttpStream(http.HttpStream):
    """One request and its answer."""

    flow: HTTPFlow

    def handle_protocol_error(self, event: Any) -> CommandGenerator[None]:
        """There will be no answer, or not all of it."""
        self._tell(event)
        yield from super().handle_protocol_error(event)

    def check_invalid(self, request: bool) -> Any:
        """Whether a head may be understood in two ways; for that of an answer, mitmproxy would tell by itself."""
        steps, done = super().check_invalid(request), None
        while True:
            try:
                command = steps.send(done)
            except StopIteration as stop:
                return stop.value
            if isinstance(command, http.SendHttp):
                self._tell(command.event)
            done = yield command

    def _tell(self, event: Any) -> None:
        if isinstance(event, _events.ResponseProtocolError) and _status(event.code) == BAD_GATEWAY:
            trouble, request = trouble_of(self.flow, event.message), self.flow.request
            caller = Caller(request.method, request.data.path, request.headers.fields)
            setattr(event, TOLD, (trouble, body(trouble, caller)))


class Http2Server(_http2.Http2Server):
    """The side that speaks HTTP/2 to clients."""

    def _handle_event(self, event: Any) -> CommandGenerator[None]:
        told = getattr(event, TOLD, None)
        if told is None or not self._is_unanswered(event.stream_id):
            yield from super()._handle_event(event)
            return
        self.h2_conn.send_headers(event.stream_id, [(b":status", b"%d" % told[0].status), *headers_of(told)])
        self.h2_conn.send_data(event.stream_id, told[1], end_stream=True)
        yield commands.SendData(self.conn, self.h2_conn.data_to_send())

    def _is_unanswered(self, stream_id: int) -> bool:
        stream = self.h2_conn.streams.get(stream_id)
        is_open = not self.is_closed(stream_id) and self.is_open_for_us(stream_id)
        return is_open and stream is not None and not stream.state_machine.headers_sent


def _status(code: Any) -> int | None:
    """mitmproxy's own word for an error: a status, or, since version 12, what has one."""
    return code if isinstance(code, int) else code.http_status_code()
