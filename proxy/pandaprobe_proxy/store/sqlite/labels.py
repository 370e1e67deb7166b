"""Scores that people and programs give, and calibrations, as rows. Each function runs inside a transaction."""

import sqlite3

import msgspec

from pandaprobe_proxy.evaluate.calibration import Calibration
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.judged import Choice
from pandaprobe_proxy.store.labels import Calibrated, Sought
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text
from pandaprobe_proxy.store.sqlite.judge import choose
from pandaprobe_proxy.store.sqlite.rows import select, to_score

_OF_SESSION = (
    "(?1 IS NULL OR session_id IN (SELECT session_id FROM sessions WHERE ?1 IN (session_id, merged_into)) OR session_id"
    " = ?1 OR trace_id IN (SELECT t.trace_id FROM traces AS t JOIN sessions AS s ON s.key = t.session WHERE"
    " s.session_id = ?1 UNION ALL SELECT c.call_id FROM calls AS c JOIN sessions AS s ON s.key = c.session WHERE"
    " s.session_id = ?1))"
)
_SOUGHT = (
    f"SELECT * FROM scores WHERE {_OF_SESSION} AND (?2 IS NULL OR trace_id = ?2) AND (?3 IS NULL OR span_id = ?3)"
    " AND (?4 IS NULL OR name = ?4) AND (?5 IS NULL OR author = ?5) ORDER BY at_ns DESC, rowid DESC LIMIT ?6"
)


def find_labels(db: sqlite3.Connection, sought: Sought, limit: int) -> list[Score]:
    """The newest, oldest first."""
    values = (sought.session_id, sought.trace_id, sought.span_id, sought.name, sought.author, limit)
    return [to_score(row) for row in reversed(select(db, _SOUGHT, values))]


def find_session_labels(db: sqlite3.Connection, choice: Choice) -> list[Score]:
    """Those of the chosen sessions themselves, by the session that each is of now; oldest first."""
    condition, values = choose(choice)
    rows = select(
        db,
        "SELECT c.score_id, c.name, c.value, c.data_type, c.at_ns, c.trace_id, s.session_id, c.source, c.reason,"
        " c.metadata, c.span_id, c.author FROM sessions AS s JOIN scores AS c ON c.trace_id IS NULL AND c.session_id IN"
        " (SELECT o.session_id FROM sessions AS o WHERE s.session_id IN (o.session_id, o.merged_into))"
        f" WHERE {condition} ORDER BY c.at_ns, c.rowid",
        values,
    )
    return [to_score(row) for row in rows]


def find_place(db: sqlite3.Connection, span_id: str) -> str | None:
    """The trace of a span, or of a call as one."""
    row = db.execute(
        "SELECT trace_id FROM spans WHERE span_id = ?1 UNION ALL SELECT coalesce(trace_id, call_id) FROM calls"
        " WHERE call_id = ?1 LIMIT 1",
        (span_id,),
    ).fetchone()
    return row[0] if row else None


def find_tasks(db: sqlite3.Connection, choice: Choice, key: str) -> dict[str, str]:
    """By session; of several values the last."""
    condition, values = choose(choice)
    rows = db.execute(
        "SELECT s.session_id, e.value FROM sessions AS s JOIN calls AS k ON k.session = s.key, json_each(k.metadata)"
        f" AS e WHERE {condition} AND e.key = ?{len(values) + 1} AND e.value IS NOT NULL AND e.value != ''"
        " ORDER BY s.key, k.started_ns, k.key",
        (*values, key),
    )
    return {session_id: str(value) for session_id, value in rows}


def put_calibrated(db: sqlite3.Connection, one: Calibrated) -> None:
    """Beside the older ones."""
    told = {"labels": one.labels, "calibration": msgspec.to_builtins(one.calibration)}
    db.execute(
        "INSERT INTO calibrations (name, version, setting, at_ns, told) VALUES (?, ?, ?, ?, ?)",
        (one.name, one.version, one.setting, one.at_ns, to_text(told)),
    )


def find_calibrated(db: sqlite3.Connection) -> list[Calibrated]:
    """The newest of each evaluator, version and setting."""
    rows = select(
        db,
        "SELECT * FROM calibrations WHERE key IN (SELECT max(key) FROM calibrations GROUP BY name, version, setting)"
        " ORDER BY name, version, key",
    )
    found = []
    for row in rows:
        told = from_text(row["told"])
        calibration = msgspec.convert(told["calibration"], Calibration)
        found.append(Calibrated(row["name"], row["version"], row["setting"], told["labels"], row["at_ns"], calibration))
    return found
