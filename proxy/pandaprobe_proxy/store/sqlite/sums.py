"""What is added up over many sessions: samples of calls for the overview, judgements by evaluator, sources."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from pandaprobe_proxy.model.call import KINDS
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.store.filters import Term
from pandaprobe_proxy.store.sqlite.codec import Codec, to_text
from pandaprobe_proxy.store.sqlite.filtering import FAILED, choose_calls
from pandaprobe_proxy.store.sqlite.rows import Row, select
from pandaprobe_proxy.store.views import Judging, Sample, Sampled

MOST_SAMPLED = 20_000
"""Of a span with more calls, every nth is read."""
MOST_WORST = 10
_FIRST_ID, _LAST_ID = b"\0" * 10, b"\xff" * 10
_SAMPLED = (
    "SELECT c.started_ns, c.ended_ns, c.marks, c.model, c.operation, c.input_tokens, c.output_tokens, c.cached_tokens,"
    f" c.cost ->> '$.total' AS cost, {FAILED} AS failed FROM calls AS c JOIN sessions AS s ON s.key = c.session"
    " WHERE c.turns IS NULL AND c.outcome != 'open' AND"
)
_EDGES = (
    "WITH spanned AS (SELECT key, call_id FROM calls WHERE call_id >= ?1 AND call_id < ?2) SELECT min(key), max(key)"
    " FROM (SELECT * FROM (SELECT key FROM spanned ORDER BY call_id LIMIT 1000)"
    " UNION ALL SELECT * FROM (SELECT key FROM spanned ORDER BY call_id DESC LIMIT 1000))"
)
"""The keys a span begins and ends with. Calls at once are stored in any order, the first id need not have the first."""
_JUDGED = (
    "SELECT name, version, value, label, session_id, at_ns, setting FROM judgements WHERE key IN"
    " (SELECT max(key) FROM judgements GROUP BY session_id, name) ORDER BY name"
)


def sample(db: sqlite3.Connection, codec: Codec, since_ns: int, until_ns: int, terms: Sequence[Term]) -> Sampled:
    """See store.views.ViewReader. Calls are found by their ids, which sort by time; their keys do so nearly."""
    first, last = make_id(max(since_ns, 0), _FIRST_ID), make_id(max(until_ns, 0), _LAST_ID)
    low, high = db.execute(_EDGES, (first, last)).fetchone()
    if low is None:
        return Sampled(())
    every = -(-(high - low + 1) // MOST_SAMPLED)
    condition, values = choose_calls(terms)
    place = f"c.call_id >= ?{len(values) + 1} AND c.call_id < ?{len(values) + 2}"
    chosen: list[str | int | float] = [*values, first, last]
    if every > 1:
        place = f"c.key IN (SELECT value FROM json_each(?{len(values) + 1}))"
        chosen = [*values, to_text(list(range(low, high + 1, every))) or "[]"]
    rows = select(db, f"{_SAMPLED} {place} AND {condition}", chosen)
    return Sampled([_to_sample(codec, row) for row in rows if since_ns <= row["started_ns"] < until_ns], every)


def _to_sample(codec: Codec, row: Row) -> Sample:
    marks = codec.read_json(row["marks"]) or {}
    first_ns = marks.get("first_content") or marks.get("first_tool")
    tokens = (row["input_tokens"] or 0, row["output_tokens"] or 0)
    return Sample(
        started_ns=row["started_ns"],
        duration_ms=(row["ended_ns"] - row["started_ns"]) / 1e6 if row["ended_ns"] else None,
        first_ms=first_ns / 1e6 if first_ns is not None else None,
        failed=bool(row["failed"]),
        model=row["model"] or "",
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cached_tokens=row["cached_tokens"] or 0,
        cost=row["cost"],
        priceable=any(tokens) and KINDS.get(row["operation"] or "") != "OTHER",
    )


def sum_judgings(db: sqlite3.Connection) -> list[Judging]:
    """See store.views.Judging."""
    rows = select(db, _JUDGED)
    return [_to_judging(name, list(of)) for name, of in groupby(rows, key=lambda row: row["name"])]


def _to_judging(name: str, rows: Sequence[Row]) -> Judging:
    told = sorted((row for row in rows if row["value"] is not None), key=lambda row: (row["value"], row["session_id"]))
    return Judging(
        name=name,
        version=max(row["version"] for row in rows),
        values=[row["value"] for row in told],
        nulls=len(rows) - len(told),
        worst=[(row["session_id"], row["value"], row["label"]) for row in told[:MOST_WORST]],
        last_ns=max(row["at_ns"] for row in rows),
        settings=len({row["setting"] for row in rows}),
    )


def count_sources(db: sqlite3.Connection) -> Mapping[str, int]:
    """How many sessions are known by each source."""
    found: Iterable[tuple[str, int]] = db.execute(
        "SELECT source, count(*) FROM sessions WHERE calls OR traces GROUP BY source ORDER BY source"
    )
    return dict(found)
