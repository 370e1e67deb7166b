"""A call as rows: begun when its Opened comes, ended when its Record comes. Each function runs inside a transaction."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.record import Body, Opened, Record
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.media import leave_out
from pandaprobe_proxy.store.sqlite.codec import INLINE_BYTES, Codec, Part, from_text, to_text, write_chunks

FIRST_INPUT_CHARS = 200
DEFAULTS = frozenset({Source.DEFAULT_NEW, Source.DEFAULT_CLIENT, Source.DEFAULT_ID})

_OPEN = """
INSERT OR IGNORE INTO calls (call_id, run, session, trace_id, parent_span_id, source, confidence, clues, client_key,
    started_ns, outcome, upstream, method, path, url, client, user_id, tags, metadata)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ENDED = [
    "ended_ns",
    "outcome",
    "error",
    "status",
    "reason",
    "credential",
    "warnings",
    "dialect",
    "decoder",
    "operation",
    "model",
    "streamed",
    "partial",
    "lossy",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "usage_source",
    "finish_reason",
    "call_error",
    "marks",
    "chunks",
    "request_bytes",
    "response_bytes",
    "request_headers",
    "response_headers",
    "request",
    "response",
    "request_kept",
    "response_kept",
    "cache_written_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "usage_sources",
    "cost",
    "response_id",
    "previous_id",
    "conversation_id",
    "pending",
]
_END = f"UPDATE calls SET {', '.join(f'{name} = ?' for name in _ENDED)} WHERE key = ?"


class Calls:
    """Writes calls through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec

    def begin(self, run: str, opened: Opened) -> None:
        """The row of a call that has begun. Nothing if it is there."""
        trace_id = opened.trace_id if opened.trace_id != opened.id else None
        resolution = opened.resolution
        session = self.session(resolution.session_id, resolution.source, resolution.confidence, opened.started_ns)
        if trace_id:
            session = self._follow(trace_id, session, opened)
        clues = [asdict(clue) for clue in resolution.clues]
        added = self._db.execute(
            _OPEN,
            (
                opened.id,
                run,
                session,
                trace_id,
                opened.parent_span_id,
                resolution.source,
                resolution.confidence,
                to_text(clues or None),
                opened.client_key if resolution.source is Source.DEFAULT_CLIENT else None,
                opened.started_ns,
                opened.upstream,
                opened.method,
                opened.path,
                opened.url,
                opened.client,
                opened.user_id,
                to_text(opened.tags or None),
                to_text(opened.metadata),
            ),
        ).rowcount
        if added:
            self._count_begin(session, opened, trace_id)

    def session(self, session_id: str, source: str, confidence: float, at_ns: int) -> int:
        """The key of a session, made if it is new."""
        row = self._db.execute("SELECT key FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
        if row:
            return int(row[0])
        values = (session_id, source, confidence, at_ns, at_ns)
        made = "INSERT INTO sessions (session_id, source, confidence, started_ns, last_ns) VALUES (?, ?, ?, ?, ?)"
        return int(self._db.execute(made, values).lastrowid or 0)

    def _follow(self, trace_id: str, session: int, opened: Opened) -> int:
        """The session of a call of a named trace. One whose session is only a default goes where its trace is."""
        row = self._db.execute("SELECT session FROM traces WHERE trace_id = ?", (trace_id,)).fetchone()
        if row is None:
            values = (trace_id, session, "trace", "RUNNING", opened.started_ns, opened.user_id)
            self._db.execute(
                "INSERT INTO traces (trace_id, session, name, status, started_ns, origin, user_id)"
                " VALUES (?, ?, ?, ?, ?, 'proxy', ?)",
                values,
            )
            self._db.execute("UPDATE sessions SET traces = traces + 1 WHERE key = ?", (session,))
            return session
        if opened.resolution.source in DEFAULTS and row[0] != session:
            self.drop_if_empty(session)
            return int(row[0])
        return session

    def drop_if_empty(self, session: int) -> None:
        """Removes a session that has neither calls nor traces."""
        self._db.execute(
            "DELETE FROM sessions WHERE key = :key AND NOT EXISTS (SELECT 1 FROM calls WHERE session = :key)"
            " AND NOT EXISTS (SELECT 1 FROM traces WHERE session = :key)",
            {"key": session},
        )

    def _count_begin(self, session: int, opened: Opened, trace_id: str | None) -> None:
        self._db.execute(
            "UPDATE sessions SET calls = calls + 1, open_calls = open_calls + 1, traces = traces + ?,"
            " started_ns = min(started_ns, ?), last_ns = max(last_ns, ?), user_id = coalesce(user_id, ?) WHERE key = ?",
            (0 if trace_id else 1, opened.started_ns, opened.started_ns, opened.user_id, session),
        )
        if opened.tags:
            (text,) = self._db.execute("SELECT tags FROM sessions WHERE key = ?", (session,)).fetchone()
            tags = to_text(sorted({*from_text(text), *opened.tags}))
            self._db.execute("UPDATE sessions SET tags = ? WHERE key = ?", (tags, session))

    def end(self, run: str, record: Record) -> None:
        """Makes a call's row terminal, with its bodies and messages. Nothing if it is terminal already."""
        found = self._open_row(record.opened.id)
        if found is None:
            self.begin(run, record.opened)
            found = self._open_row(record.opened.id)
        if found is None:
            return
        key, session = found
        self._db.execute(_END, (*self._ended(record), key))
        call = record.call
        self._count_end(session, record)
        if call is not None:
            self._keep_messages(session, key, call)

    def _open_row(self, call_id: str) -> tuple[int, int] | None:
        row = self._db.execute(
            "SELECT key, session FROM calls WHERE call_id = ? AND outcome = 'open'", (call_id,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def _ended(self, record: Record) -> tuple[Any, ...]:
        codec, call = self._codec, record.call
        usage = call.usage if call else None
        marks = asdict(record.marks)
        return (
            record.ended_ns,
            record.outcome,
            record.error or None,
            record.status,
            record.reason or None,
            record.credential or None,
            to_text(record.warnings or None),
            call and call.dialect,
            call and call.version,
            call and call.operation,
            call and (call.model or call.requested_model),
            call and call.streamed,
            call and call.partial,
            call and call.lossy,
            usage and usage.input,
            usage and usage.output,
            usage and usage.cached,
            usage and usage.reasoning,
            usage and usage.source,
            (call.output[0].finish_reason if call.output else None) if call else None,
            call.error.message if call and call.error else None,
            codec.write_json({name: at for name, at in marks.items() if at is not None}),
            write_chunks(codec, record.chunks, record.request_chunks),
            record.request.size,
            record.response.size,
            codec.write_json(record.request_headers),
            codec.write_json(record.response_headers),
            self._keep_body(record.request),
            self._keep_body(record.response),
            _kept(record.request),
            _kept(record.response),
            usage and usage.cache_written,
            usage and usage.audio_input,
            usage and usage.audio_output,
            to_text(usage.sources or None) if usage else None,
            to_text(asdict(call.cost)) if call and call.cost else None,
            call and call.response_id,
            call and call.previous_id,
            call and call.conversation_id,
            (call.pending or None) if call else None,
        )

    def _keep_body(self, body: Body) -> bytes | None:
        """The recipe of a body, its pieces stored."""
        if not body.pieces:
            return None
        return self._codec.write_recipe([self._keep_piece(piece) for piece in body.pieces])

    def _keep_piece(self, piece: bytes) -> Part:
        if len(piece) < INLINE_BYTES:
            return piece
        name = blake2b(piece, digest_size=16).digest()
        row = self._db.execute("UPDATE pieces SET uses = uses + 1 WHERE digest = ? RETURNING key", (name,)).fetchone()
        if row:
            return int(row[0])
        made = self._db.execute(
            "INSERT INTO pieces (digest, uses, data) VALUES (?, 1, ?)", (name, self._codec.shrink(piece))
        )
        return int(made.lastrowid or 0)

    def _count_end(self, session: int, record: Record) -> None:
        call = record.call
        usage = call.usage if call else None
        failed = record.outcome is not Outcome.OK or bool(call and call.error)
        self._db.execute(
            "UPDATE sessions SET open_calls = open_calls - 1, errors = errors + ?, input_tokens = input_tokens + ?,"
            " output_tokens = output_tokens + ?, last_ns = max(last_ns, ?), cost = cost + ?, unpriced = unpriced + ?"
            " WHERE key = ?",
            (
                failed,
                (usage and usage.input) or 0,
                (usage and usage.output) or 0,
                record.ended_ns,
                call.cost.total if call and call.cost else 0.0,
                call is not None and is_unpriced(call),
                session,
            ),
        )
        if call:
            self._describe(session, call)

    def _describe(self, session: int, call: Call) -> None:
        models, first = self._db.execute(
            "SELECT models, first_input FROM sessions WHERE key = ?", (session,)
        ).fetchone()
        known: list[str] = from_text(models)
        model = call.model or call.requested_model
        if model and model not in known:
            self._db.execute("UPDATE sessions SET models = ? WHERE key = ?", (to_text([*known, model]), session))
        text = "" if first else _first_input(call.input)
        if text:
            self._db.execute("UPDATE sessions SET first_input = ? WHERE key = ?", (text, session))

    def _keep_messages(self, session: int, key: int, call: Call) -> None:
        """Each message once, searchable, with the call that brought it into the session."""
        for message in (*call.input, *call.output):
            found = self._keep_message(message)
            self._db.execute("INSERT OR IGNORE INTO session_messages VALUES (?, ?, ?)", (session, found, key))

    def _keep_message(self, message: Message) -> int:
        name = digest(message)
        row = self._db.execute("SELECT key FROM messages WHERE digest = ?", (name,)).fetchone()
        if row:
            return int(row[0])
        made = self._db.execute("INSERT INTO messages (digest, role) VALUES (?, ?)", (name, message.role))
        key = int(made.lastrowid or 0)
        text = searchable(message)
        if text:
            self._db.execute("INSERT INTO messages_fts (rowid, text) VALUES (?, ?)", (key, text))
        return key


def is_unpriced(call: Call) -> bool:
    """Whether tokens were spent whose price is not known."""
    return call.cost is None and call.kind != "OTHER" and (call.usage.input or call.usage.output or 0) > 0


def searchable(message: Message) -> str:
    """What of a message can be searched: its text, refusal, reasoning, tools and arguments. No base64."""
    calls = [f"{call.name} {call.arguments}" for call in message.tool_calls]
    texts = (message.text, message.refusal, message.reasoning, *calls)
    return "\n".join(leave_out(text) for text in texts if text).replace("\0", " ")


def _first_input(messages: Iterable[Message]) -> str:
    return next((message.text for message in messages if message.role == "user" and message.text), "")[
        :FIRST_INPUT_CHARS
    ]


def _kept(body: Body) -> str | None:
    """What there is to say of how a body was kept; nothing for the common case."""
    said: Mapping[str, Any] = {
        name: value
        for name, value, usual in (
            ("coding", body.coding, ""),
            ("redactions", body.redactions, 0),
            ("complete", body.complete, True),
            ("withheld", body.withheld, ""),
        )
        if value != usual
    }
    return to_text(said) if said else None
