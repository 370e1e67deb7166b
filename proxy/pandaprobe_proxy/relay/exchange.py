"""One exchange while it is open: what the client asks goes upstream, what the upstream answers goes to the client.

The two connections call in with the bytes they read and with how they end; `asking` and `answering` are the two
directions, and this is how an exchange ends. However that happens, `_end` is the one place that says so, once.
"""

from typing import Protocol

from pandaprobe_proxy.model.exchange import Ended, Outcome, RequestHead
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.model.refusal import Caller, Trouble
from pandaprobe_proxy.relay.ambient import Ambient
from pandaprobe_proxy.relay.answering import Answering
from pandaprobe_proxy.relay.asking import UPSTREAM_FULL, Asking
from pandaprobe_proxy.relay.http1 import Request
from pandaprobe_proxy.relay.refusals import answer
from pandaprobe_proxy.relay.routes import Route

SECOND_NS = 1_000_000_000


class ClientSide(Protocol):
    """What an exchange needs of its client's connection."""

    peer: str
    full: bool
    """Whether the client reads more slowly than it is written to."""

    def write(self, data: bytes, /) -> None: ...
    def hold(self, reason: int) -> None: ...
    def release(self, reason: int) -> None: ...
    def held(self, reason: int) -> bool: ...
    def pending(self) -> int: ...
    def keep(self, data: bytes) -> None: ...
    def kept(self) -> bytes: ...
    def finished(self, keep: bool) -> None: ...
    def break_off(self, hard: bool) -> None: ...


class OpenExchange:
    """One exchange, from its request's head to its end. It is the upstream connection's listener."""

    __slots__ = (
        "_moved",
        "ambient",
        "answered",
        "answering",
        "asked",
        "asking",
        "client",
        "ended",
        "id",
        "now",
        "request",
        "route",
        "stirred_ns",
        "tell",
        "upgraded",
    )

    def __init__(self, ambient: Ambient, client: ClientSide, request: Request, route: Route) -> None:
        self.ambient = ambient
        self.client = client
        self.request = request
        self.route = route
        self.now = ambient.clocks.monotonic_ns
        self.tell = ambient.tell
        self.stirred_ns = self.now()
        """When either side last moved a byte."""
        self.ended = False
        self.upgraded = False
        self._moved = 0
        self.asking = Asking(self)
        self.answering = Answering(self)
        self.asked = self.asking.feed
        self.answered = self.answering.feed
        wall_ns = ambient.clocks.wall_ns()
        self.id = make_id(wall_ns, ambient.clocks.entropy(10))
        ambient.open.add(self)
        ambient.tally.relayed += 1
        self._tell_head(wall_ns)

    def _tell_head(self, wall_ns: int) -> None:
        request, upstream = self.request, self.route.upstream
        origin = upstream.origin
        url = b"%b://%b%b" % (b"https" if origin.tls else b"http", origin.authority, self.route.path)
        self.tell(
            RequestHead(
                exchange=self.id,
                at_ns=self.stirred_ns,
                wall_ns=wall_ns,
                client=self.client.peer,
                upstream=upstream.name,
                url=url.decode("latin-1"),
                method=request.method,
                target=request.target,
                headers=request.headers,
            )
        )

    def may_keep(self) -> bool:
        """Whether the client's connection may stay open once this is answered."""
        return self.request.keep_alive and self.asking.body.done and not self.ambient.draining

    # What the connections report.

    def client_full(self, full: bool) -> None:
        """The client's buffer is full, or empty again."""
        if self.asking.link is not None:
            self.asking.link.pause(full)

    def client_closed(self, error: Exception | None) -> None:
        """The client closed its connection, or it broke. Also a half-close is taken for a close: they look the same,
        and an answer that nobody waits for costs money."""
        if self.upgraded and error is None:
            self.asking.stop(gently=True)
            self._end(Outcome.OK)
            return
        self.asking.stop()
        self._end(Outcome.CLIENT_DISCONNECTED, "The client closed its connection before the answer was whole.")

    def upstream_full(self, full: bool) -> None:
        """The upstream's buffer is full, or empty again."""
        if full:
            self.client.hold(UPSTREAM_FULL)
        else:
            self.client.release(UPSTREAM_FULL)

    def upstream_closed(self, error: Exception | None) -> None:
        """The upstream closed its connection, or it broke."""
        if error is None and self.upgraded:
            self._end(Outcome.OK)
            self.client.finished(keep=False)
        elif error is None and self.answering.closed():
            self.asking.stop()
            self.finish()
        elif self.answering.began or not self.asking.retry():
            self.break_down("The upstream broke its connection before its answer was whole.")

    def check(self, now: int) -> None:
        """Ends the exchange if nothing has moved for too long. An upgraded one may be silent for ever."""
        if self.upgraded or (self.asking.link is None and not self.asking.waiting):
            return
        limits = self.ambient.timeouts
        if not self.asking.body.done and self.answering.response is None and not self.client.held(UPSTREAM_FULL):
            if now - self.asking.heard_ns > limits.body_s * SECOND_NS:
                sentence = f"The client sent nothing more of its body for {limits.body_s:g} s."
                self.ambient.tally.refused["body_timeout"] += 1
                self.fail(Trouble(408, "body_timeout", sentence), Outcome.TIMEOUT)
            return
        link = self.asking.link
        waiting = self.client.pending() + (link.pending() if link is not None else 0)
        if waiting != self._moved:
            self._moved = waiting
            self.stirred_ns = now
        elif now - self.stirred_ns > limits.idle_s * SECOND_NS:
            who = "client read" if self.client.full else "upstream sent"
            sentence = f"The {who} nothing for {limits.idle_s:g} s."
            self.fail(Trouble(504, "idle_timeout", sentence), Outcome.TIMEOUT)

    # Ends.

    def finish(self) -> None:
        """The answer is whole."""
        answering, asking = self.answering, self.asking
        response = answering.response
        if answering.reusable and asking.body.done:
            asking.give_back()
        else:
            asking.stop()
        if response is not None and response.status >= 400:
            self._end(Outcome.UPSTREAM_ERROR, f"The upstream answered {response.status}.")
        else:
            self._end(Outcome.OK)
        self.client.finished(answering.keep)

    def break_down(self, sentence: str) -> None:
        """The upstream's answer ends in the middle."""
        self.fail(Trouble(502, "upstream_reset", sentence), Outcome.UPSTREAM_RESET)

    def refuse(self, trouble: Trouble) -> None:
        """What the client sends cannot be relayed any further."""
        self.ambient.tally.refused[trouble.code] += 1
        self.fail(trouble, Outcome.CLIENT_DISCONNECTED)

    def fail(self, trouble: Trouble, outcome: Outcome = Outcome.UPSTREAM_ERROR) -> None:
        """Ends without a whole answer: told to the client if none began, else by breaking its connection."""
        if self.ended:
            return
        self.asking.stop()
        self._end(outcome, trouble.sentence)
        if self.answering.response is not None:
            self.answering.flush()
            self.client.break_off(hard=not self.answering.delimited)
            return
        keep = self.may_keep()
        self.client.write(
            answer(trouble, Caller(self.request.method, self.request.target, self.request.headers), not keep)
        )
        self.client.finished(keep)

    def interrupt(self) -> None:
        """The relay itself ends."""
        self.asking.stop()
        self._end(Outcome.INTERRUPTED, "The relay was stopped.")
        self.client.break_off(hard=self.answering.response is not None)

    def _end(self, outcome: Outcome, error: str = "") -> None:
        if self.ended:
            return
        self.ended = True
        self.ambient.closed(self)
        asking = self.asking
        trailers = self.answering.trailers
        self.tell(Ended(self.id, self.now(), outcome, error, asking.sent_ns, trailers, asking.asked_usage))
