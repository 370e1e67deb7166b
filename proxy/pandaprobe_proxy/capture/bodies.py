"""Makes a body fit to be kept: un-coded for the search, cut into pieces, each piece redacted once.

A body whose content-coding cannot be undone within bounds cannot be searched for secrets, so it is withheld, not kept.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import accumulate

from pandaprobe_proxy.capture.pieces import cut
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.capture.redact_frames import mask_messages
from pandaprobe_proxy.capture.redact_stream import MaskError, mask
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.record import Body
from pandaprobe_proxy.wire.content_coding import decode
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.websocket import WebSocketMessage, read_messages, write_frame

REMEMBERED_PIECES = 8192
MOST_SECRETS = 32
"""Of one stream: each is looked for in pieces, in all of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A body as it is kept, and the kept bytes that a dialect may read."""

    body: Body
    data: bytes
    """In the coding that `body.coding` names."""
    rebuilt: tuple[tuple[int, int], ...] = ()
    """Of frames that were rebuilt: (end of what was there, length of what is) of each, so that times still fit."""

    secrets: tuple[bytes, ...] = ()
    """What was taken out where it was whole. A stream may have said it before in pieces."""

    def fit(self, chunks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """(time, length) of the pieces that arrived, as they fit the frames that were rebuilt of them."""
        if not self.rebuilt:
            return chunks
        ends = [*accumulate(length for _, length in chunks)]
        last = len(chunks) - 1
        found = ((bisect_left(ends, end), length) for end, length in self.rebuilt)
        return tuple((chunks[min(place, last)][0], length) for place, length in found) if chunks else ()


class BodyKeeper:
    """Keeps bodies. Remembers which pieces were clean, since agents resend them with every call."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._seen: OrderedDict[bytes, tuple[bytes | None, int, tuple[bytes, ...]]] = OrderedDict()

    def keep(self, data: bytes, coding: str, known: Sequence[bytes], size: int) -> Kept:
        """The body to store of `data`, whose content-coding is `coding`; `size` is what crossed the wire."""
        complete = len(data) == size
        if not coding:
            return self._keep_plain(data, known, size, complete)
        try:
            plain = decode(data, coding).data
        except WireError as error:
            return Kept(Body(size=size, complete=False, withheld=f"cannot be searched for secrets: {error}"), b"")
        kept = self._keep_plain(plain, known, size, complete)
        if kept.body.redactions:
            return kept
        return Kept(Body(pieces=(data,), size=size, coding=coding, complete=complete), data)

    def keep_frames(self, data: bytes, fresh_context: bool, known: Sequence[bytes], size: int) -> Kept:
        """The same for one direction of a WebSocket. If it held a secret, what is kept are plain frames rebuilt.

        A frame that was cut off at the end is masked or compressed and so cannot be searched: it is left out.
        """
        try:
            messages = read_messages(data, fresh_context)
        except WireError as error:
            return Kept(Body(size=size, complete=False, withheld=f"cannot be searched for secrets: {error}"), b"")
        data = data[: messages[-1].end if messages else 0]
        complete = len(data) == size
        cleaned = [(message, self._redactor.body(message.payload, known)) for message in messages]
        found = sum(result.count for _, result in cleaned)
        secrets = {
            secret for message, result in cleaned if result.count for secret in self._find(message.payload, known)
        }
        if not found:
            return Kept(Body(pieces=(data,) if data else (), size=size, complete=complete), data)
        frames = tuple(write_frame(message.opcode, result.data) for message, result in cleaned)
        body = Body(pieces=frames, size=size, redactions=found, complete=complete)
        return Kept(body, b"".join(frames), _fit_frames(messages, frames), tuple(secrets))

    def mask(self, kept: Kept, fresh_context: bool | None, secrets: set[bytes]) -> Kept | None:
        """The body without these secrets, which are split over a stream, or over frames if `fresh_context` is known.

        The very same one if it has none of them in pieces; None if there is too much to look for.
        """
        if not secrets or len(secrets) > MOST_SECRETS:
            return None if secrets else kept
        wanted = sorted(secrets, key=len, reverse=True)
        more = max(1, len(secrets.difference(kept.secrets)))
        body = replace(kept.body, redactions=kept.body.redactions + more)
        try:
            return (
                _mask_stream(kept, body, wanted)
                if fresh_context is None
                else _mask_frames(kept, body, wanted, fresh_context)
            )
        except MaskError:
            return None

    def _keep_plain(self, data: bytes, known: Sequence[bytes], size: int, complete: bool) -> Kept:
        salt = blake2b(b"\0".join(known), digest_size=16).digest()
        results = [self._clean(piece, known, salt) for piece in cut(data)]
        pieces = tuple(piece for piece, _, _ in results)
        body = Body(pieces=pieces, size=size, redactions=sum(count for _, count, _ in results), complete=complete)
        secrets = {secret for _, _, found in results for secret in found}
        return Kept(body, b"".join(pieces) if body.redactions else data, secrets=tuple(secrets))

    def _find(self, data: bytes, known: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(self._redactor.find(data, known))

    def _clean(self, piece: bytes, known: Sequence[bytes], salt: bytes) -> tuple[bytes, int, tuple[bytes, ...]]:
        """The piece without secrets; what was found for the same piece and the same credentials is remembered."""
        digest = blake2b(piece, digest_size=16, key=salt).digest()
        found = self._seen.get(digest)
        if found is None:
            result = self._redactor.body(piece, known)
            found = (result.data, result.count, self._find(piece, known)) if result.count else (None, 0, ())
            self._seen[digest] = found
            if len(self._seen) > REMEMBERED_PIECES:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(digest)
        data, count, secrets = found
        return (piece if data is None else data), count, secrets


def _mask_stream(kept: Kept, body: Body, secrets: Sequence[bytes]) -> Kept:
    masked = mask(kept.data, secrets)
    return kept if masked == kept.data else Kept(replace(body, pieces=(masked,)), masked)


def _mask_frames(kept: Kept, body: Body, secrets: Sequence[bytes], fresh_context: bool) -> Kept:
    messages = read_messages(kept.data, fresh_context)
    payloads = mask_messages(messages, secrets)
    if all(message.payload == said for message, said in zip(messages, payloads, strict=True)):
        return kept
    frames = tuple(write_frame(message.opcode, said) for message, said in zip(messages, payloads, strict=True))
    return Kept(replace(body, pieces=frames), b"".join(frames), _fit_frames(messages, frames))


def read_coding(headers: Headers) -> str:
    """The content-coding that headers name; empty if none."""
    codings = [
        value.decode("latin-1").strip().lower() for name, value in headers if name.lower() == b"content-encoding"
    ]
    joined = ", ".join(coding for coding in codings if coding)
    return "" if joined == "identity" else joined


def recode(headers: Headers, coding: str) -> Headers:
    """The headers as they fit bytes in that coding; the very same ones if they do."""
    if read_coding(headers) == coding:
        return headers
    kept = tuple((name, value) for name, value in headers if name.lower() != b"content-encoding")
    return (*kept, (b"content-encoding", coding.encode())) if coding else kept


def _fit_frames(messages: Sequence[WebSocketMessage], frames: Sequence[bytes]) -> tuple[tuple[int, int], ...]:
    """See `Kept.rebuilt`."""
    return tuple((message.end, len(frame)) for message, frame in zip(messages, frames, strict=True))
