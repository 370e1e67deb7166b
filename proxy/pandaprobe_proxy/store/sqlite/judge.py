"""Judgements as rows: what is kept of them, what is due, and the newest of each evaluator.

A judgement is never overwritten. One of the same evaluator, version, setting and content as one that is there is that
one; any other is newer, and the older one stays as history.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from pandaprobe_proxy.evaluate.pandaprobe import WEIGHTS
from pandaprobe_proxy.model.score import Judgement, Quote, Score
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Wanted
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text
from pandaprobe_proxy.store.sqlite.filtering import Value, choose_sessions
from pandaprobe_proxy.store.sqlite.rows import Row, select

_POSTED = (
    "SELECT count(*) || '-' || coalesce(max(at_ns), 0) FROM scores WHERE trace_id IN (SELECT trace_id FROM traces"
    " WHERE session = s.key UNION ALL SELECT call_id FROM calls WHERE session = s.key)"
    f" AND name IN ({', '.join(repr(name) for name in WEIGHTS)})"
)
"""Of scores only those that evaluators read: whoever labels a trace asks for no new judgement of its session."""
_CONTENT = (
    "(SELECT count(*) || '-' || coalesce(max(key), 0) || '-' || coalesce(sum(key), 0) || '-' ||"
    " coalesce(sum(decoder), 0) || '-' || coalesce(sum(request IS NULL), 0) FROM calls WHERE session = s.key)"
    f" || '-' || ({_POSTED})"
)
_WITHIN = "IN (SELECT value FROM json_each(?))"


def choose(choice: Choice) -> tuple[str, list[Value]]:
    """A condition over `sessions AS s`, and its values, which are bound by number from 1."""
    among = None if choice.session_ids is None else to_text(list(choice.session_ids))
    asked = {
        "s.session_id = ?": choice.session_id,
        "s.last_ns >= ?": choice.since_ns,
        f"coalesce(s.state, 'open') {_WITHIN}": to_text(list(choice.states)) if choice.states else None,
        f"s.session_id {_WITHIN}": among,
    }
    given = [(text, value) for text, value in asked.items() if value is not None]
    parts = [text.replace("?", f"?{number}") for number, (text, _) in enumerate(given, 1)]
    condition, values = choose_sessions(choice.terms, [value for _, value in given])
    return " AND ".join(["s.calls > 0", "s.open_calls = 0", *parts, condition]), values


def put_judged(db: sqlite3.Connection, judged: Iterable[Judged]) -> int:
    """How many were new. Those of sessions that are not there any more are left out."""
    count = 0
    for one in judged:
        told = one.judgement
        count += db.execute(
            "INSERT OR IGNORE INTO judgements (session_id, name, version, setting, content, at_ns, value, label,"
            " counts, evidence) SELECT session_id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM sessions WHERE session_id = ?",
            (
                told.name,
                told.version,
                one.setting,
                one.content,
                one.at_ns,
                told.value,
                told.label,
                to_text(told.counts),
                to_text(msgspec.to_builtins(told.evidence)),
                one.session_id,
            ),
        ).rowcount
    return count


def read_contents(db: sqlite3.Connection, choice: Choice) -> list[tuple[str, str]]:
    """(session id, content) of the chosen sessions, oldest first."""
    condition, values = choose(choice)
    found = db.execute(
        f"SELECT s.session_id, {_CONTENT} FROM sessions AS s WHERE {condition} ORDER BY s.started_ns, s.key", values
    )
    return [(session_id, content) for session_id, content in found]


def find_due(db: sqlite3.Connection, choice: Choice, wanted: Sequence[Wanted]) -> list[Due]:
    """The chosen sessions that some of what is wanted has not judged as they are now, oldest first."""
    listed = to_text([[one.name, one.version, None if one.any_setting else one.setting] for one in wanted])
    condition, values = choose(choice)
    rows = db.execute(
        f"WITH chosen AS (SELECT s.key, s.session_id, s.started_ns, {_CONTENT} AS content FROM sessions AS s WHERE"
        f" {condition}), wanted AS (SELECT key AS place, value ->> 0 AS name, value ->> 1 AS version, value ->> 2 AS"
        f" setting FROM json_each(?{len(values) + 1})) SELECT c.session_id, c.content, w.name FROM chosen AS c,"
        " wanted AS w WHERE NOT EXISTS (SELECT 1 FROM judgements AS j WHERE j.session_id = c.session_id AND j.name ="
        " w.name AND j.version = w.version AND j.setting = coalesce(w.setting, j.setting) AND j.content = c.content)"
        " ORDER BY c.started_ns, c.key, w.place",
        (*values, listed),
    ).fetchall()
    by_session = groupby(rows, key=lambda row: (row[0], row[1]))
    return [Due(session_id, content, tuple(row[2] for row in some)) for (session_id, content), some in by_session]


def read_judged(db: sqlite3.Connection, choice: Choice) -> list[Judged]:
    """The newest judgement of each evaluator of the chosen sessions, the last active session first."""
    condition, values = choose(choice)
    newest = (
        "SELECT max(j.key) FROM judgements AS j JOIN sessions AS s ON s.session_id = j.session_id"
        f" WHERE {condition} GROUP BY j.session_id, j.name"
    )
    rows = select(
        db,
        f"SELECT n.*, n.content != {_CONTENT} AS stale FROM judgements AS n JOIN sessions AS s"
        f" ON s.session_id = n.session_id WHERE n.key IN ({newest}) ORDER BY s.last_ns DESC, s.key DESC, n.name",
        values,
    )
    return [_to_judged(row) for row in rows]


def read_as_scores(db: sqlite3.Connection, session_id: str) -> Iterator[Score]:
    """The newest judgements that have a value, as scores like those that others have posted."""
    for one in read_judged(db, Choice(session_id)):
        told = one.judgement
        if told.value is not None:
            yield Score(
                score_id=f"{session_id}/{told.name}",
                name=told.name,
                value=f"{told.value:.6g}",
                data_type="NUMERIC",
                at_ns=one.at_ns,
                session_id=session_id,
                source="AUTOMATED",
                reason=told.label,
                metadata={"version": told.version, "counts": told.counts, "stale": one.stale},
            )


def _to_judged(row: Row) -> Judged:
    evidence = tuple(msgspec.convert(from_text(row["evidence"]), list[Quote]))
    told = Judgement(row["name"], row["version"], row["value"], row["label"], from_text(row["counts"]), evidence)
    return Judged(row["session_id"], row["content"], row["setting"], told, row["at_ns"], bool(row["stale"]))
