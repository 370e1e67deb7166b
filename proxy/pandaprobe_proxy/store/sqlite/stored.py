"""A call's row and pieces as the exchange that it was, so that a dialect may decode it again."""

from pandaprobe_proxy.model.call import UsageSource
from pandaprobe_proxy.model.exchange import (
    Ended,
    Exchange,
    Headers,
    Outcome,
    RequestHead,
    ResponseHead,
)
from pandaprobe_proxy.model.session import Clue, Resolution, Source
from pandaprobe_proxy.store.base import StoredBody, StoredCall
from pandaprobe_proxy.store.sqlite.bodies import Bodies
from pandaprobe_proxy.store.sqlite.codec import from_text, read_chunks
from pandaprobe_proxy.store.sqlite.rows import Row, to_call


def read_stored(bodies: Bodies, row: Row) -> tuple[StoredCall, Exchange]:
    """A stored call, not decoded, and its exchange."""
    codec = bodies.codec
    chunks, request_chunks = read_chunks(codec, row["chunks"])
    clues = tuple(Clue(**{**clue, "source": Source(clue["source"])}) for clue in from_text(row["clues"], []))
    stored = StoredCall(
        row=to_call(row, codec),
        url=row["url"] or "",
        reason=row["reason"] or "",
        client=row["client"] or "",
        credential=row["credential"] or "",
        request_headers=tuple((name, value) for name, value in codec.read_json(row["request_headers"]) or ()),
        response_headers=tuple((name, value) for name, value in codec.read_json(row["response_headers"]) or ()),
        request=bodies.read(row["request"], row["request_kept"], row["request_bytes"]),
        response=bodies.read(row["response"], row["response_kept"], row["response_bytes"]),
        chunks=chunks,
        metadata=from_text(row["metadata"], {}),
        warnings=tuple(from_text(row["warnings"], [])),
        resolution=Resolution(row["session_id"], Source(row["source"]), row["confidence"], clues),
        call=None,
    )
    return stored, _to_exchange(stored, request_chunks)


def _to_exchange(stored: StoredCall, request_chunks: tuple[tuple[int, int], ...]) -> Exchange:
    """The exchange that a dialect may decode: as it crossed the wire, but for what was redacted."""
    row = stored.row
    marks = row.marks
    head = RequestHead(
        exchange=row.call_id,
        at_ns=0,
        wall_ns=row.started_ns,
        client=stored.client,
        upstream=row.upstream,
        url=stored.url,
        method=row.method,
        target=row.path.encode(),
        headers=_headers(stored.request_headers, stored.request),
    )
    response = None
    if row.status is not None:
        headers = _headers(stored.response_headers, stored.response)
        response = ResponseHead(
            row.call_id, marks.head or 0, row.status, stored.reason.encode("latin-1", "replace"), headers
        )
    ended = None
    if row.outcome != Outcome.OPEN:
        asked_usage = row.usage.source is UsageSource.INJECTED
        ended = Ended(
            row.call_id, marks.ended or 0, Outcome(row.outcome), row.error, marks.sent or 0, asked_usage=asked_usage
        )
    return Exchange(head, stored.request.data, request_chunks, response, stored.response.data, stored.chunks, ended)


def _headers(lines: tuple[tuple[str, str], ...], body: StoredBody) -> Headers:
    """Header lines in bytes, with the content-coding that the kept body is in."""
    kept = [(name.encode("latin-1", "replace"), value.encode("utf-8")) for name, value in lines]
    kept = [(name, value) for name, value in kept if name.lower() != b"content-encoding"]
    return (*kept, (b"content-encoding", body.coding.encode())) if body.coding else tuple(kept)
