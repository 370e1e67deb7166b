"""The one place that states the order in which an exchange becomes a row.

At its head: read what it says of itself, resolve its session   -> Begun, whose Opened is stored at once
At its end:  assemble, redact, cut, decode, look again, price   -> Record

Decoding sees only what is left after redaction, so nothing derived can hold a secret. If the redactor fails, bodies
are withheld and the rest is kept: redaction fails closed, inside a capture that fails open.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import Any

from msgspec import structs

from pandaprobe_proxy.capture.bodies import BodyKeeper, Kept, read_coding, recode
from pandaprobe_proxy.capture.credential_paths import WITHHELD, find_path, is_credential_path
from pandaprobe_proxy.capture.principals import find_principal
from pandaprobe_proxy.capture.redact import Redactor, find_credentials
from pandaprobe_proxy.capture.withhold import read_texts, withhold, without_content
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Call, Marks
from pandaprobe_proxy.model.evidence import NO_EVIDENCE
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, find_header
from pandaprobe_proxy.model.record import Body, Opened, Record, Retry
from pandaprobe_proxy.model.session import Clue, Resolution, Source
from pandaprobe_proxy.pricing.price import Pricing, add_cost, no_price
from pandaprobe_proxy.sessions.attempts import read_marker
from pandaprobe_proxy.sessions.body_clues import read_body_clues
from pandaprobe_proxy.sessions.clues import read_clues
from pandaprobe_proxy.sessions.evidence import read_evidence
from pandaprobe_proxy.sessions.labels import Labels, read_labels
from pandaprobe_proxy.sessions.resolve import resolve
from pandaprobe_proxy.sessions.transcript import name_messages
from pandaprobe_proxy.store.searched import explain, list_said

BAD_SESSION = (
    "a session header is not a session id and was not used: it must be 1 to 255 visible characters, no word like `null`"
)
REMEMBERED_CLIENTS = 4096
RETRY_KEY_BYTES = 12
OWNER_BYTES = 12
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept of a call, and where one goes that does not say its session."""

    capture: str = "full"
    """`full`, `metadata` or `off`, for calls that do not say."""
    default_session: str = "new"
    session_gap_s: int = 1800
    body_limit_bytes: int = 64 * 1024 * 1024
    """Of each body, that much is gathered."""
    held_limit_bytes: int = 256 * 1024 * 1024
    """Of all bodies together that are not stored yet, about that much."""
    session_headers: tuple[str, ...] = ()
    """The user's own names of the session header, strongest first."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A call at its head: its row, and how much of it is to be kept."""

    opened: Opened
    capture: str
    known: tuple[bytes, ...]
    """Its credentials, to be found in its bodies too. Never stored."""
    warnings: tuple[str, ...]
    credentials: bool = False
    """Whether its bodies can carry credentials, so that nothing of them is kept, not even for a moment."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What crossed the wire, which may be more than what was gathered of it."""

    request: int
    response: int


class Keeper:
    """Turns exchanges into rows. `last_seen` tells (session id, wall ns) of the newest call of a client key."""

    def __init__(
        self,
        policy: Policy,
        redactor: Redactor,
        last_seen: Callable[[str], tuple[str, int] | None],
        pricing: Pricing = no_price,
    ) -> None:
        self._policy = policy
        self.body_limit_bytes = policy.body_limit_bytes
        self.held_limit_bytes = policy.held_limit_bytes
        self._redactor = redactor
        self._bodies = BodyKeeper(redactor)
        self._last_seen = last_seen
        self._pricing = pricing
        self._recent: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def beside(self) -> "Keeper":
        """One that may `finish` in another thread, since it remembers for itself."""
        return Keeper(self._policy, self._redactor, self._last_seen, self._pricing)

    def begin(self, head: RequestHead) -> Begun:
        """What a request's head says."""
        redact = self._redactor
        known = find_credentials(head.headers, head.target)
        labels = read_labels(head.headers)
        key = self._client_key(head, known)
        resolution = self._redact_resolution(self._resolve(head, key), known)
        if resolution.source is Source.DEFAULT_CLIENT:
            self._remember(key, resolution.session_id, head.wall_ns)
        opened = Opened(
            id=head.exchange,
            started_ns=head.wall_ns,
            client=head.client,
            upstream=head.upstream,
            url=redact.url(head.url.encode("utf-8", "surrogateescape"), known),
            method=head.method,
            path=redact.url(head.target.split(b"?", 1)[0], known),
            resolution=resolution,
            trace_id=labels.trace_id or head.exchange,
            parent_span_id=labels.parent_span_id,
            client_key=key,
            user_id=self._text(labels.user_id, known),
            tags=tuple(redact.text(tag, known) for tag in labels.tags),
            metadata=self._metadata(labels),
            parent_session=self._text(labels.parent_session, known),
            session_path=self._text(labels.session_path, known),
            agent=self._text(labels.agent, known),
            parent_agent=self._text(labels.parent_agent, known),
        )
        warnings = (*labels.warnings, *((BAD_SESSION,) if any(map(_is_mistaken, resolution.clues)) else ()))
        secret = is_credential_path(find_path(head))
        return Begun(opened, labels.capture or self._policy.capture, known, warnings, secret)

    def _client_key(self, head: RequestHead, known: Sequence[bytes]) -> str:
        """Tells clients apart: by credential, address without port, and user agent."""
        agent = find_header(head.headers, b"user-agent") or b""
        address = head.client.rpartition(":")[0].encode()
        return self._redactor.fingerprint(b"\0".join((*known, address, agent)))

    def _resolve(self, head: RequestHead, key: str) -> Resolution:
        policy = self._policy
        recent = (self._recent.get(key) or self._last_seen(key)) if policy.default_session == "client" else None
        gap_ns = policy.session_gap_s * 1_000_000_000
        clues = read_clues(head.headers, policy.session_headers)
        return resolve(clues, policy.default_session, head.exchange, recent, head.wall_ns, gap_ns)

    def _remember(self, key: str, session_id: str, at_ns: int) -> None:
        """The store knows of a call when its batch is committed; the next call may be in the same batch."""
        self._recent[key] = (session_id, at_ns)
        self._recent.move_to_end(key)
        if len(self._recent) > REMEMBERED_CLIENTS:
            self._recent.popitem(last=False)

    def _redact_resolution(self, resolution: Resolution, known: Sequence[bytes]) -> Resolution:
        session_id = self._redactor.text(resolution.session_id, known)
        if session_id == resolution.session_id and not resolution.clues:
            return resolution
        return replace(resolution, session_id=session_id, clues=self._redact_clues(resolution.clues, known))

    def _redact_clues(self, clues: Iterable[Clue], known: Sequence[bytes]) -> tuple[Clue, ...]:
        return tuple(replace(clue, value=self._redactor.text(clue.value, known)) for clue in clues)

    def _text(self, text: str | None, known: Sequence[bytes]) -> str | None:
        return self._redactor.text(text, known) if text else None

    def _metadata(self, labels: Labels) -> dict[str, Any] | None:
        metadata = dict(labels.metadata or {})
        if labels.traceparent:
            metadata.setdefault("traceparent", labels.traceparent)
        return self._redactor.json(metadata) if metadata else None

    def finish(self, begun: Begun, exchange: Exchange, sizes: Sizes) -> Record:
        """The row of an ended exchange. `exchange` may hold less of the bodies than `sizes` says; never raises."""
        if begun.credentials:
            kept = (withhold(sizes.request, WITHHELD).body, withhold(sizes.response, WITHHELD).body)
            return self._record(begun, exchange, sizes, kept, None)
        fitted = exchange
        clues: tuple[Clue, ...] = ()
        try:
            request, response = self._keep_bodies(begun, exchange, sizes)
            redacted = self._redacted(exchange, request, response, begun.known)
            call = decode(redacted)
            clues = self._redact_clues(read_body_clues(call), begun.known) if call else ()
            if redacted is not exchange:
                fitted = replace(exchange, request_chunks=redacted.request_chunks, chunks=redacted.chunks)
            again, call = self._look_again(begun, redacted, response, call)
            if again.rebuilt is not response.rebuilt:
                fitted = replace(fitted, chunks=again.fit(fitted.chunks))
            response = again
        except Exception as error:  # whatever it is, the secret that caused it must not be stored
            why = f"redaction_failed: {type(error).__name__}"
            request, response = withhold(sizes.request, why), withhold(sizes.response, why)
            call = None
        if call is not None:
            call = self._price(call, exchange.head)
        owner = self._read_owner(exchange)
        names = name_messages(call) if call else ()
        evidence = read_evidence(call, owner, names) if call else NO_EVIDENCE
        if begun.capture == "metadata":
            request, response = withhold(sizes.request, "metadata"), withhold(sizes.response, "metadata")
            call, names = without_content(call) if call else None, ()
        said = list_said(call, names)
        record = self._record(begun, fitted, sizes, (request.body, response.body), call)
        warnings = (*record.warnings, *explain(call, said))
        return replace(record, owner=owner, evidence=evidence, clues=clues, said=said, warnings=warnings)

    def _price(self, call: Call, head: RequestHead) -> Call:
        return add_cost(call, self._pricing, head.upstream, head.url, head.wall_ns)

    def _read_owner(self, exchange: Exchange) -> bytes:
        principal = find_principal(exchange.head.headers, exchange.head.target)
        return bytes.fromhex(self._redactor.fingerprint(principal, OWNER_BYTES))

    def _keep_bodies(self, begun: Begun, exchange: Exchange, sizes: Sizes) -> tuple[Kept, Kept]:
        keep = self._bodies.keep
        answer_headers = exchange.response.headers if exchange.response else ()
        if exchange.upgraded:
            frames = self._bodies.keep_frames
            return (
                frames(exchange.request_body, _is_fresh(exchange, b"client"), begun.known, sizes.request),
                frames(exchange.response_body, _is_fresh(exchange, b"server"), begun.known, sizes.response),
            )
        return (
            keep(exchange.request_body, read_coding(exchange.head.headers), begun.known, sizes.request),
            keep(exchange.response_body, read_coding(answer_headers), begun.known, sizes.response),
        )

    def _redacted(self, exchange: Exchange, request: Kept, response: Kept, known: Sequence[bytes]) -> Exchange:
        """The exchange as a reader of the store will find it; the very same one if that is how it came."""
        head, answer = exchange.head, exchange.response
        asked = recode(head.headers, request.body.coding)
        answered = recode(answer.headers, response.body.coding) if answer else ()
        whole = request.data is exchange.request_body and response.data is exchange.response_body
        if whole and asked is head.headers and (answer is None or answered is answer.headers):
            return exchange
        head = structs.replace(head, headers=asked)
        answer = structs.replace(answer, headers=answered) if answer else None
        return replace(
            exchange,
            head=head,
            request_body=request.data,
            request_chunks=request.fit(exchange.request_chunks),
            response=answer,
            response_body=response.data,
            chunks=response.fit(exchange.chunks),
        )

    def _look_again(
        self, begun: Begun, exchange: Exchange, response: Kept, call: Call | None
    ) -> tuple[Kept, Call | None]:
        """A secret split over a stream shows in the decoded answer only, or whole at its end: mask its pieces, too."""
        if call is None or not call.streamed:
            return response, call
        split = self._find_split(call, begun.known)
        fresh = _is_fresh(exchange, b"server") if exchange.upgraded else None
        masked = self._bodies.mask(response, fresh, {*split, *response.secrets})
        if masked is None:
            return withhold(response.body.size, "too many secrets were said in a stream"), without_content(call)
        if masked is response and not split:
            return response, call
        again = decode(replace(exchange, response_body=masked.data, chunks=masked.fit(exchange.chunks)))
        if again is None or self._find_split(again, begun.known):
            return withhold(response.body.size, "a secret was split over the stream"), without_content(call)
        return masked, again

    def _find_split(self, call: Call, known: Sequence[bytes]) -> list[bytes]:
        """What a stream said in pieces: answers, and, of a connection, also what a user was heard to say."""
        said = chain(call.output, *((*turn.call.input, *turn.call.output) for turn in call.turns))
        once = {id(message): message for message in said}.values()  # a turn may state again all that came before it
        texts = (text.encode("utf-8", "surrogatepass") for message in once for text in read_texts(message))
        return [secret for text in texts for secret in self._redactor.find(text, known)]

    def _record(
        self, begun: Begun, exchange: Exchange, sizes: Sizes, bodies: tuple[Body, Body], call: Call | None
    ) -> Record:
        redact, known = self._redactor, begun.known
        ended, answer = exchange.ended, exchange.response
        outcome = _judge(ended, call)
        return Record(
            opened=begun.opened,
            ended_ns=begun.opened.started_ns + (exchange.since_start(ended.at_ns) if ended else 0),
            outcome=outcome,
            error=redact.text(ended.error, known) if ended and outcome is not Outcome.OK else "",
            status=exchange.status,
            reason=redact.text(answer.reason.decode("latin-1"), known) if answer else "",
            request_headers=redact.headers(exchange.head.headers, known),
            response_headers=redact.headers(answer.headers, known) if answer else (),
            credential=redact.fingerprint(known[-1]) if known else "",
            request=bodies[0],
            response=bodies[1],
            chunks=exchange.chunks,
            marks=call.marks if call else read_marks(exchange),
            call=call,
            warnings=begun.warnings,
            request_chunks=exchange.request_chunks,
            retry=self._read_retry(begun.opened, exchange, sizes.request),
        )

    def _read_retry(self, opened: Opened, exchange: Exchange, size: int) -> Retry | None:
        """What tells other tries of the same call. Asking for the same thing again is none, unless the client says."""
        head = exchange.head
        marker = read_marker(head.headers)
        if exchange.upgraded or (head.method in _SAFE and not marker.number and not marker.name):
            return None
        what = marker.name or b"%d:%b" % (size, blake2b(exchange.request_body, digest_size=16).digest())
        parts = (opened.client_key.encode(), head.upstream.encode(), head.method.encode(), head.target, what)
        key = self._redactor.fingerprint(b"\0".join(parts), RETRY_KEY_BYTES)
        return Retry(key, marker.number, named=bool(marker.name))


def _is_fresh(exchange: Exchange, side: bytes) -> bool:
    """Whether each of that side's messages is compressed by itself (RFC 7692 §7.1.1)."""
    answered = exchange.response.headers if exchange.response else ()
    return side + b"_no_context" in (find_header(answered, b"sec-websocket-extensions") or b"")


def _is_mistaken(clue: Clue) -> bool:
    """Whether somebody who meant us said no session id. What agents send to others is theirs."""
    return clue.source is Source.HEADER and not clue.valid


def _judge(ended: Ended | None, call: Call | None) -> Outcome:
    """How the exchange ended. A client that hangs up once it has read a stream's last event has lost nothing."""
    if ended is None:
        return Outcome.INTERRUPTED
    return (
        Outcome.OK
        if call is not None and call.whole and ended.outcome is Outcome.CLIENT_DISCONNECTED
        else ended.outcome
    )


def read_marks(exchange: Exchange) -> Marks:
    """The moments that need no decoding."""
    ended, answer = exchange.ended, exchange.response
    return Marks(
        sent=exchange.since_start(ended.sent_ns) if ended and ended.sent_ns else None,
        head=exchange.since_start(answer.at_ns) if answer else None,
        first_byte=exchange.chunks[0][0] if exchange.chunks else None,
        last_byte=exchange.chunks[-1][0] if exchange.chunks else None,
        ended=exchange.since_start(ended.at_ns) if ended else None,
    )
