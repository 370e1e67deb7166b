"""The answer of one exchange on its way down: interim heads passed on, the final head and its body re-framed."""

from typing import TYPE_CHECKING

from pandaprobe_proxy.model.exchange import Headers, ResponseBody, ResponseHead
from pandaprobe_proxy.model.refusal import Trouble
from pandaprobe_proxy.relay import http1
from pandaprobe_proxy.relay.bodies import Body, FramingError, Unbounded, chunk, last_chunk, rechunk
from pandaprobe_proxy.relay.http1 import BadAnswer, Framing, Response
from pandaprobe_proxy.relay.usage import UsageFilter, is_filterable, unsize

if TYPE_CHECKING:
    from pandaprobe_proxy.relay.exchange import OpenExchange

TOO_LARGE = Trouble(502, "bad_answer", "The head of the upstream's answer is too large.")


class Answering:
    """The downward half of an exchange. `response` is None until the final head has come."""

    __slots__ = ("_body", "_chunked", "_exchange", "_filter", "_held", "_write", "keep", "response")

    def __init__(self, exchange: "OpenExchange") -> None:
        self._exchange = exchange
        self._write = exchange.client.write
        self._body: Body | None = None
        self._chunked = False
        self._held = b""
        self._filter: UsageFilter | None = None
        self.response: Response | None = None
        self.keep = False
        """Whether the client's connection may stay open afterwards."""

    def feed(self, data: bytes) -> None:
        """The upstream sent these bytes."""
        body = self._body
        if body is not None:
            self._pass_on(body, data, b"")
        else:
            self._read_heads(data)

    def _read_heads(self, data: bytes) -> None:
        self._exchange.stirred_ns = self._exchange.now()
        data = self._held + data if self._held else data
        while self._body is None and not self._exchange.ended:
            end = data.find(b"\r\n\r\n") + 4
            if (end if end >= 4 else len(data)) > http1.MAX_HEAD_BYTES:
                self._exchange.fail(TOO_LARGE)
                return
            if end < 4:
                self._held = data
                return
            head, data = data[:end], data[end:]
            try:
                response = http1.read_response(head, self._exchange.request.method)
                if self._exchange.asking.take_back(response.status):
                    break
                self._meet(response, data)
            except BadAnswer as error:
                self._exchange.fail(Trouble(502, "bad_answer", f"The upstream's answer is refused: {error}."))
        self._held = b""

    def _meet(self, response: Response, rest: bytes) -> None:
        """Takes one head. Raises BadAnswer if it cannot be an answer to what was asked."""
        asked = self._exchange.request
        if response.status == 101:
            if not asked.websocket:
                raise BadAnswer("it switches to a protocol that nobody asked for")
            self._upgrade(response, rest)
        elif response.status >= 200:
            self._start(response, rest)
        elif response.status != 100 and asked.minor == 1:
            self._write(http1.write_response(response, chunked=False, close=False))

    def _start(self, response: Response, rest: bytes) -> None:
        exchange, shown = self._exchange, response
        self._chunked = exchange.request.minor == 1 and response.framing in (Framing.CHUNKED, Framing.CLOSE)
        self.keep = exchange.may_keep()
        self._body = body = http1.body_of(response)
        self._tell(response)
        if exchange.asking.asked_usage and is_filterable(response):
            self._filter, self._chunked, shown = UsageFilter(), True, unsize(response)
        elif exchange.asking.taken_back and response.status < 400:
            exchange.ambient.injection.remember(exchange.route.upstream.origin.authority)
        self._pass_on(body, rest, http1.write_response(shown, self._chunked, close=not self.keep))

    def _upgrade(self, response: Response, rest: bytes) -> None:
        exchange = self._exchange
        self._body = body = Unbounded()
        self._tell(response)
        exchange.upgraded = True
        self._pass_on(body, rest, http1.write_response(response, chunked=False, close=False))
        exchange.asking.upgrade()

    def _tell(self, response: Response) -> None:
        exchange = self._exchange
        self.response = response
        exchange.tell(ResponseHead(exchange.id, exchange.now(), response.status, response.reason, response.headers))

    def _pass_on(self, body: Body, data: bytes, head: bytes) -> None:
        exchange = self._exchange
        try:
            content = body.feed(data)
        except FramingError as error:
            self._write(head)
            exchange.break_down(f"The upstream's answer broke its framing: {error}.")
            return
        exchange.stirred_ns = now = exchange.now()
        shown = content if self._filter is None else self._show(self._filter, content, body.done)
        framed = head + (rechunk(shown, body) if self._chunked else shown)
        if framed:
            self._write(framed)
        if content:
            exchange.tell(ResponseBody(exchange.id, now, content))
        if body.done:
            exchange.finish()

    def _show(self, filtering: UsageFilter, content: bytes, done: bool) -> bytes:
        shown = filtering.feed(content)
        return shown + filtering.close() if done else shown

    def flush(self) -> None:
        """Nothing more comes: what was held back goes to the client."""
        held = self._filter.close() if self._filter is not None else b""
        if held:
            self._write(chunk(held))

    @property
    def began(self) -> bool:
        """Whether anything at all has come from the upstream."""
        return self.response is not None or self._held != b""

    @property
    def reusable(self) -> bool:
        """Whether the upstream's connection is at a clean start again."""
        response, body = self.response, self._body
        return response is not None and response.keep_alive and body is not None and body.done and not body.rest

    @property
    def trailers(self) -> Headers:
        return self._body.trailers if self._body is not None else ()

    def closed(self) -> bool:
        """The upstream closed its connection; whether that ends the answer well."""
        response, body = self.response, self._body
        if response is None or body is None or response.framing is not Framing.CLOSE:
            return False
        body.done = True
        self.flush()
        if self._chunked:
            self._write(last_chunk())
        return True

    @property
    def delimited(self) -> bool:
        """Whether the client can tell a broken body from a whole one without a reset."""
        return self._chunked or self.response is None or self.response.framing is Framing.SIZED
