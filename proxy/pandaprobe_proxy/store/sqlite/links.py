"""What ties calls together: tries of one call, and answers that were fetched later. Inside a transaction.

A run that the provider answers later is several exchanges: the request, then polls, or streams that go on where the
last one broke off. Each stays a call with its own bytes. Those that fetch have the operation `retrieve`; their
`retrieves` names the call that asked, the newest before it of its credential with that response id: tools' outputs go
on with a run under its id. Its row takes the tokens, the cost and the end from the first of them that is whole, and
theirs are emptied, so that a total counts the run once. If no call asked, the first that fetched stands for it.
Nothing else is stored of it: a reader puts the answer together from the exchanges (`dialects.resume`).
"""

import sqlite3
from dataclasses import asdict

from pandaprobe_proxy.model.call import RETRIEVE, Call
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.attempts import Try, find_attempt, may_be_tried_again
from pandaprobe_proxy.sessions.resolve import CONFIDENCE
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text

INFERRED_CONFIDENCE = 0.6
MOST_TRIES = 16
_TRIES = """
SELECT c.call_id, coalesce(c.attempt_of, c.call_id), s.session_id, coalesce(c.attempt, 0), c.started_ns, c.ended_ns,
    c.outcome, c.status FROM calls AS c JOIN sessions AS s ON s.key = c.session
WHERE c.attempt_key = ? AND c.outcome != 'open' AND c.started_ns <= ? AND NOT EXISTS (SELECT 1 FROM calls AS n
    WHERE n.attempt_of = coalesce(c.attempt_of, c.call_id) AND n.attempt = coalesce(c.attempt, 0) + 1)
ORDER BY c.started_ns DESC, c.call_id DESC LIMIT ?
"""
_SAME_ANSWER = (
    "response_id = ? AND credential IS ? AND (credential IS NOT NULL OR upstream = ?) AND outcome != 'open'"
    " AND key != ?"
)
_FETCHES = "operation IN ('retrieve', 'cancel')"
_ASKED = (
    f"SELECT key, call_id FROM calls WHERE {_SAME_ANSWER} AND retrieves IS NULL AND ({_FETCHES} OR started_ns <= ?)"
    f" ORDER BY {_FETCHES}, iif({_FETCHES}, started_ns, -started_ns), key LIMIT 1"
)
_FETCHED = f"SELECT key FROM calls WHERE {_SAME_ANSWER} AND operation = '{RETRIEVE}' AND started_ns >= ? ORDER BY key"
TOKENS = (
    "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cache_written_tokens", "audio_input_tokens",
    "audio_output_tokens", "usage_source", "usage_sources", "cost",
)  # fmt: skip
_ANSWER = (*TOKENS, "ended_ns", "finish_reason", "call_error", "model")


class Links:
    """Ties calls through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def tie_attempt(self, key: int, record: Record) -> None:
        """A call that has ended is another try of an earlier one, if it is, and may be tried again, if it may."""
        retry = record.retry
        if retry is None:
            return
        attempt = find_attempt(retry, self._tries(retry.key, record), record.opened.started_ns)
        after = attempt.after if attempt else None
        found = retry.key if retry.named or may_be_tried_again(record.outcome, record.status) else None
        if attempt is None and found is None:
            return
        counted = totals.count(self._db, key)
        self._db.execute(
            "UPDATE calls SET attempt_key = ?, attempt = ?, attempt_of = ?, attempt_inferred = ? WHERE key = ?",
            (
                found,
                attempt and attempt.number,
                after and after.first,
                (attempt.inferred or None) if attempt else None,
                key,
            ),
        )
        totals.count_again(self._db, key, counted)
        if attempt and after:
            confidence = INFERRED_CONFIDENCE if attempt.inferred else CONFIDENCE[Source.ATTEMPT]
            self._follow(key, after.first, Source.ATTEMPT, confidence, "attempt")

    def _tries(self, name: str, record: Record) -> list[Try]:
        rows = self._db.execute(_TRIES, (name, record.opened.started_ns, MOST_TRIES)).fetchall()
        return [
            Try(call_id, first, session, number, started, ended, may_be_tried_again(outcome, status))
            for call_id, first, session, number, started, ended, outcome, status in rows
            if call_id != record.opened.id
        ]

    def _follow(self, key: int, first: str, source: Source, confidence: float, name: str) -> None:
        """A call that only `default_new` placed goes where the call is that it belongs to."""
        row = self._db.execute(
            "SELECT c.source, c.clues, c.session, f.session FROM calls AS c, calls AS f"
            " WHERE c.key = ? AND c.trace_id IS NULL AND f.call_id = ?",
            (key, first),
        ).fetchone()
        if row is None or row[0] != Source.DEFAULT_NEW or row[2] == row[3]:
            return
        clues = to_text([*from_text(row[1], []), asdict(Clue(source, name, first))])
        old = totals.move(self._db, key, row[3])
        self._db.execute(
            "UPDATE calls SET source = ?, confidence = ?, clues = ? WHERE key = ?", (source, confidence, clues, key)
        )
        totals.hand_over(self._db, old, row[3])
        totals.drop_if_empty(self._db, old, row[3])

    def tie_answer(self, key: int, call: Call, credential: str | None, upstream: str) -> None:
        """A call that has ended fetched the answer of an earlier one, or its own was fetched while it went on."""
        if call.response_id is None or not (call.operation == RETRIEVE or call.pending or call.partial):
            return
        mine, started_ns = self._db.execute("SELECT call_id, started_ns FROM calls WHERE key = ?", (key,)).fetchone()
        same = (call.response_id, credential, upstream, key, started_ns)
        if call.operation == RETRIEVE:
            row = self._db.execute(_ASKED, same).fetchone()
            if row:
                self._fetched(row[0], row[1], key)
            return
        for (other,) in self._db.execute(_FETCHED, same).fetchall():
            self._fetched(key, mine, other)

    def _fetched(self, asked: int, asked_id: str, fetching: int) -> None:
        counted = {key: totals.count(self._db, key) for key in (asked, fetching)}
        self._db.execute(
            f"UPDATE calls SET ({', '.join(_ANSWER)}) = (SELECT {', '.join(f'f.{name}' for name in _ANSWER)}"
            " FROM calls AS f WHERE f.key = :fetching), pending = NULL, partial = 0,"
            " error = iif(outcome = 'upstream_error', error, NULL),"
            " outcome = iif(outcome = 'upstream_error', outcome, 'ok') WHERE key = :asked AND (pending OR partial)"
            " AND EXISTS (SELECT 1 FROM calls AS f WHERE f.key = :fetching AND f.pending IS NULL AND NOT f.partial)",
            {"asked": asked, "fetching": fetching},
        )
        empty = ", ".join(f"{name} = NULL" for name in TOKENS)
        self._db.execute(f"UPDATE calls SET retrieves = ?, {empty} WHERE key = ?", (asked_id, fetching))
        for key, before in counted.items():
            totals.count_again(self._db, key, before)
        self._widen(asked)
        self._follow(fetching, asked_id, Source.RETRIEVED, CONFIDENCE[Source.RETRIEVED], "response id")

    def _widen(self, key: int) -> None:
        row = self._db.execute("SELECT session, started_ns, ended_ns FROM calls WHERE key = ?", (key,)).fetchone()
        totals.widen(self._db, *row)
