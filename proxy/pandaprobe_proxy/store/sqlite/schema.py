"""Tables, indexes and views, step by step. Each step is a function with its reason; a step that has landed stays.

Times in tables are nanoseconds since 1970; the views show them as ISO 8601 text, for people who open the file with
Datasette or the sqlite3 shell. What can be derived is not stored: messages are read again from the bodies, a call that
belongs to no posted trace has no trace row, and its LLM span is the call's own row.
"""

from typing import TYPE_CHECKING, Any

from sqlite_utils.migrations import Migrations

from pandaprobe_proxy.store.sqlite.answers import TABLES as ANSWERS
from pandaprobe_proxy.store.sqlite.dictionary import DICTIONARY

if TYPE_CHECKING:
    from sqlite_utils import Database

migrations = Migrations("pandaprobe")

_TABLES = """
CREATE TABLE runs (
    run TEXT PRIMARY KEY, started_ns INTEGER NOT NULL, offset INTEGER NOT NULL DEFAULT 0,
    recorded INTEGER NOT NULL DEFAULT 0, dropped TEXT NOT NULL DEFAULT '{}', counters TEXT NOT NULL DEFAULT '{}',
    committed_ns INTEGER NOT NULL
);
CREATE TABLE sessions (
    key INTEGER PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, confidence REAL NOT NULL,
    user_id TEXT, tags TEXT NOT NULL DEFAULT '[]', started_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
    calls INTEGER NOT NULL DEFAULT 0, open_calls INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
    traces INTEGER NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, models TEXT NOT NULL DEFAULT '[]', first_input TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_by_last ON sessions (last_ns);
CREATE TABLE calls (
    key INTEGER PRIMARY KEY, call_id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, session INTEGER NOT NULL,
    trace_id TEXT, parent_span_id TEXT, source TEXT NOT NULL, confidence REAL NOT NULL, clues TEXT,
    client_key TEXT, started_ns INTEGER NOT NULL, ended_ns INTEGER, outcome TEXT NOT NULL, error TEXT,
    status INTEGER, reason TEXT, upstream TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, url TEXT,
    client TEXT, credential TEXT, user_id TEXT, tags TEXT, metadata TEXT, warnings TEXT,
    dialect TEXT, decoder INTEGER, operation TEXT, model TEXT, streamed INTEGER, partial INTEGER, lossy INTEGER,
    input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER, reasoning_tokens INTEGER, usage_source TEXT,
    finish_reason TEXT, call_error TEXT, marks BLOB, chunks BLOB, request_bytes INTEGER, response_bytes INTEGER,
    request_headers BLOB, response_headers BLOB, request BLOB, response BLOB, request_kept TEXT, response_kept TEXT
);
CREATE INDEX calls_by_session ON calls (session, started_ns);
CREATE INDEX calls_by_trace ON calls (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX calls_by_client ON calls (client_key, started_ns) WHERE client_key IS NOT NULL;
CREATE INDEX calls_open ON calls (run) WHERE outcome = 'open';
CREATE TABLE pieces (
    key INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, uses INTEGER NOT NULL DEFAULT 0, data BLOB NOT NULL
);
CREATE TABLE messages (key INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, role TEXT NOT NULL);
CREATE TABLE session_messages (
    session INTEGER NOT NULL, message INTEGER NOT NULL, call INTEGER NOT NULL, PRIMARY KEY (session, message)
) WITHOUT ROWID;
CREATE INDEX session_messages_by_message ON session_messages (message);
CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='', detail='none', columnsize=0);
CREATE TABLE traces (
    trace_id TEXT PRIMARY KEY, session INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    started_ns INTEGER NOT NULL, ended_ns INTEGER, origin TEXT NOT NULL, named INTEGER NOT NULL DEFAULT 0,
    user_id TEXT, tags TEXT NOT NULL DEFAULT '[]', metadata TEXT NOT NULL DEFAULT '{}', input TEXT, output TEXT,
    environment TEXT, release TEXT
);
CREATE INDEX traces_by_session ON traces (session, started_ns);
CREATE TABLE spans (
    span_id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, parent_span_id TEXT, name TEXT NOT NULL, kind TEXT NOT NULL,
    status TEXT NOT NULL, started_ns INTEGER NOT NULL, ended_ns INTEGER, first_token_ns INTEGER, model TEXT,
    input TEXT, output TEXT, error TEXT, token_usage TEXT, cost TEXT, parameters TEXT,
    metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX spans_by_trace ON spans (trace_id);
CREATE TABLE scores (
    score_id TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, data_type TEXT NOT NULL, at_ns INTEGER NOT NULL,
    trace_id TEXT, session_id TEXT, source TEXT NOT NULL, reason TEXT, metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX scores_by_trace ON scores (trace_id);
CREATE INDEX scores_by_session ON scores (session_id);
CREATE TABLE staged (
    key INTEGER PRIMARY KEY, run TEXT NOT NULL, call_id TEXT NOT NULL, frames BLOB NOT NULL
);
CREATE INDEX staged_by_call ON staged (call_id);
CREATE TABLE dictionaries (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""

_ISO = "strftime('%Y-%m-%dT%H:%M:', {0} / 1000000000, 'unixepoch') || printf('%09.6fZ', {0} % 60000000000 / 1e9)"
_VIEWS = f"""
CREATE VIEW v_sessions AS SELECT
    session_id, source, confidence, user_id, tags, {_ISO.format("started_ns")} AS started_at,
    {_ISO.format("last_ns")} AS last_at, calls, open_calls, errors, traces, input_tokens, output_tokens, models,
    first_input FROM sessions;
CREATE VIEW v_calls AS SELECT
    c.call_id, s.session_id, coalesce(c.trace_id, c.call_id) AS trace_id, c.parent_span_id, c.source, c.confidence,
    {_ISO.format("c.started_ns")} AS started_at, (c.ended_ns - c.started_ns) / 1e6 AS duration_ms, c.outcome, c.error,
    c.status, c.upstream, c.method, c.path, c.dialect, c.operation, c.model, c.streamed, c.partial, c.lossy,
    c.input_tokens, c.output_tokens, c.cached_tokens, c.reasoning_tokens, c.usage_source, c.finish_reason,
    c.call_error, c.user_id, c.tags, c.metadata, c.warnings, c.request_bytes, c.response_bytes
    FROM calls AS c JOIN sessions AS s ON s.key = c.session;
CREATE VIEW v_traces AS SELECT
    t.trace_id, s.session_id, t.name, t.status, {_ISO.format("t.started_ns")} AS started_at,
    (t.ended_ns - t.started_ns) / 1e6 AS duration_ms, t.origin, t.user_id, t.tags, t.metadata, t.input, t.output
    FROM traces AS t JOIN sessions AS s ON s.key = t.session;
"""

_MORE = f"""
ALTER TABLE calls ADD COLUMN cache_written_tokens INTEGER;
ALTER TABLE calls ADD COLUMN audio_input_tokens INTEGER;
ALTER TABLE calls ADD COLUMN audio_output_tokens INTEGER;
ALTER TABLE calls ADD COLUMN usage_sources TEXT;
ALTER TABLE calls ADD COLUMN cost TEXT;
ALTER TABLE calls ADD COLUMN response_id TEXT;
ALTER TABLE calls ADD COLUMN previous_id TEXT;
ALTER TABLE calls ADD COLUMN conversation_id TEXT;
ALTER TABLE calls ADD COLUMN pending INTEGER;
ALTER TABLE calls ADD COLUMN attempt INTEGER;
ALTER TABLE calls ADD COLUMN attempt_of TEXT;
ALTER TABLE calls ADD COLUMN attempt_inferred INTEGER;
ALTER TABLE calls ADD COLUMN attempt_key TEXT;
ALTER TABLE calls ADD COLUMN retrieves TEXT;
ALTER TABLE sessions ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN cost REAL NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET unpriced = (
    SELECT count(*) FROM calls WHERE session = sessions.key AND coalesce(input_tokens, output_tokens, 0) > 0
);
DROP VIEW v_sessions;
CREATE VIEW v_sessions AS SELECT
    session_id, source, confidence, user_id, tags, {_ISO.format("started_ns")} AS started_at,
    {_ISO.format("last_ns")} AS last_at, calls, open_calls, errors, traces, input_tokens, output_tokens, cost, unpriced,
    retries, recovered, models, first_input FROM sessions;
DROP VIEW v_calls;
CREATE VIEW v_calls AS SELECT
    c.call_id, s.session_id, coalesce(c.trace_id, c.call_id) AS trace_id, c.parent_span_id, c.source, c.confidence,
    {_ISO.format("c.started_ns")} AS started_at, (c.ended_ns - c.started_ns) / 1e6 AS duration_ms, c.outcome, c.error,
    c.status, c.upstream, c.method, c.path, c.dialect, c.operation, c.model, c.streamed, c.partial, c.lossy,
    c.input_tokens, c.output_tokens, c.cached_tokens, c.cache_written_tokens, c.reasoning_tokens, c.usage_source,
    c.cost ->> '$.total' AS cost, c.finish_reason, c.call_error, c.response_id, c.previous_id, c.conversation_id,
    c.pending, c.retrieves, c.attempt, c.attempt_of, c.attempt_inferred, c.user_id, c.tags, c.metadata, c.warnings,
    c.request_bytes, c.response_bytes
    FROM calls AS c JOIN sessions AS s ON s.key = c.session;
CREATE INDEX calls_by_response ON calls (response_id) WHERE response_id IS NOT NULL;
CREATE INDEX calls_by_conversation ON calls (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX calls_by_retrieved ON calls (retrieves) WHERE retrieves IS NOT NULL;
CREATE INDEX calls_by_attempt ON calls (attempt_key, started_ns) WHERE attempt_key IS NOT NULL;
CREATE INDEX calls_by_first ON calls (attempt_of) WHERE attempt_of IS NOT NULL;
CREATE TABLE new_messages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, role TEXT NOT NULL, indexed BLOB
);
INSERT INTO new_messages (key, digest, role) SELECT key, digest, role FROM messages;
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;
"""

_TURNS = f"""
ALTER TABLE calls ADD COLUMN connection TEXT;
ALTER TABLE calls ADD COLUMN turn INTEGER;
ALTER TABLE calls ADD COLUMN turns INTEGER;
CREATE INDEX calls_by_connection ON calls (connection) WHERE connection IS NOT NULL;
DROP VIEW v_calls;
CREATE VIEW v_calls AS SELECT
    c.call_id, s.session_id, coalesce(c.trace_id, c.call_id) AS trace_id, c.parent_span_id, c.source, c.confidence,
    {_ISO.format("c.started_ns")} AS started_at, (c.ended_ns - c.started_ns) / 1e6 AS duration_ms, c.outcome, c.error,
    c.status, c.upstream, c.method, c.path, c.dialect, c.operation, c.model, c.streamed, c.partial, c.lossy,
    c.input_tokens, c.output_tokens, c.cached_tokens, c.cache_written_tokens, c.reasoning_tokens, c.usage_source,
    c.cost ->> '$.total' AS cost, c.finish_reason, c.call_error, c.response_id, c.previous_id, c.conversation_id,
    c.connection, c.turn, c.turns, c.pending, c.retrieves, c.attempt, c.attempt_of, c.attempt_inferred, c.user_id,
    c.tags, c.metadata, c.warnings, c.request_bytes, c.response_bytes
    FROM calls AS c JOIN sessions AS s ON s.key = c.session;
"""

_PLACED = """
ALTER TABLE calls ADD COLUMN owner BLOB;
ALTER TABLE calls ADD COLUMN agent BLOB;
ALTER TABLE calls ADD COLUMN evidence BLOB;
ALTER TABLE calls ADD COLUMN awaits BLOB;
ALTER TABLE calls ADD COLUMN follows TEXT;
ALTER TABLE calls ADD COLUMN session_path TEXT;
ALTER TABLE calls ADD COLUMN agent_id TEXT;
ALTER TABLE calls ADD COLUMN parent_agent_id TEXT;
ALTER TABLE sessions ADD COLUMN parent TEXT;
ALTER TABLE sessions ADD COLUMN parent_call TEXT;
ALTER TABLE sessions ADD COLUMN parent_source TEXT;
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;
CREATE TABLE evidence (key BLOB NOT NULL, call INTEGER NOT NULL, PRIMARY KEY (key, call)) WITHOUT ROWID;
CREATE TABLE awaited (key BLOB NOT NULL, call INTEGER NOT NULL, PRIMARY KEY (key, call)) WITHOUT ROWID;
"""

_CORRECTED = """
ALTER TABLE calls ADD COLUMN recorded TEXT;
ALTER TABLE sessions ADD COLUMN merged_into TEXT;
CREATE TABLE corrections (
    key INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, kind TEXT NOT NULL, "to" TEXT NOT NULL, told TEXT NOT NULL,
    calls TEXT NOT NULL, traces TEXT NOT NULL, undone_ns INTEGER
);
"""

_LIVES = f"""
ALTER TABLE sessions ADD COLUMN state TEXT;
ALTER TABLE sessions ADD COLUMN closed_ns INTEGER;
ALTER TABLE sessions ADD COLUMN touched_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN active_ns INTEGER;
UPDATE sessions SET state = 'idle', touched_ns = last_ns;
CREATE INDEX sessions_watched ON sessions (active_ns) WHERE active_ns IS NOT NULL;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, change TEXT NOT NULL, state TEXT NOT NULL,
    at_ns INTEGER NOT NULL, cause TEXT NOT NULL, merged_into TEXT
);
CREATE INDEX changes_by_session ON changes (session_id);
CREATE INDEX changes_by_target ON changes (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE hooks (
    name TEXT PRIMARY KEY, after INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
    given_up INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT ''
);
DROP VIEW v_sessions;
CREATE VIEW v_sessions AS SELECT
    session_id, iif(merged_into IS NULL, coalesce(state, 'open'), 'merged') AS state, source, confidence, user_id, tags,
    {_ISO.format("started_ns")} AS started_at, {_ISO.format("last_ns")} AS last_at, calls, open_calls, errors, traces,
    input_tokens, output_tokens, cost, unpriced, retries, recovered, models, first_input, parent, merged_into
    FROM sessions;
CREATE VIEW v_changes AS SELECT
    number, session_id, change, state, {_ISO.format("at_ns")} AS at, cause, merged_into FROM changes;
"""

_EVALUATED = f"""
CREATE TABLE judgements (
    key INTEGER PRIMARY KEY, session_id TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
    setting TEXT NOT NULL, content TEXT NOT NULL, at_ns INTEGER NOT NULL, value REAL, label TEXT NOT NULL,
    counts TEXT NOT NULL, evidence TEXT NOT NULL
);
CREATE UNIQUE INDEX judgements_once ON judgements (session_id, name, version, setting, content);
CREATE TRIGGER judgements_go AFTER DELETE ON sessions
    BEGIN DELETE FROM judgements WHERE session_id = OLD.session_id; END;
CREATE TRIGGER judgements_move AFTER UPDATE OF session ON calls WHEN OLD.session != NEW.session
    BEGIN DELETE FROM judgements WHERE session_id = (SELECT session_id FROM sessions WHERE key = OLD.session); END;
CREATE VIEW v_judgements AS SELECT
    session_id, name, value, label, version, {_ISO.format("at_ns")} AS at, counts, evidence FROM judgements
    WHERE key IN (SELECT max(key) FROM judgements GROUP BY session_id, name);
"""

_LABELS = f"""
ALTER TABLE scores ADD COLUMN span_id TEXT;
ALTER TABLE scores ADD COLUMN author TEXT;
CREATE INDEX scores_by_time ON scores (at_ns);
CREATE VIEW v_scores AS SELECT
    score_id, session_id, trace_id, span_id, name, value, data_type, source, author, reason,
    {_ISO.format("at_ns")} AS at, metadata FROM scores;
CREATE TABLE calibrations (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, setting TEXT NOT NULL,
    at_ns INTEGER NOT NULL, told TEXT NOT NULL
);
CREATE INDEX calibrations_by_name ON calibrations (name, version, setting);
"""


@migrations()
def m001_ground(db: "Database") -> None:
    """Calls by session, their bodies as pieces, posted traces beside them, and what a running recorder needs."""
    _run(db, _TABLES)
    _run(db, _VIEWS)
    db.execute("INSERT INTO dictionaries (data) VALUES (?)", [DICTIONARY])


@migrations()
def m002_every_dialect(db: "Database") -> None:
    """What the other dialects know of a call: finer usage, its price, what it goes on from, and tries of one call.

    `messages` gets keys that are never used twice, and a hash of what the index of words was given, so that words which
    cannot be taken out of it any more can only ever lead to a message that is not there.
    """
    _run(db, _MORE)


@migrations()
def m003_turns(db: "Database") -> None:
    """A connection's turns are calls of their own: `connection` is whose turn it is, `turn` which one.

    `turns` is how many a connection has, and NULL where a row is no connection, or its turns have no rows.
    """
    _run(db, _TURNS)


@migrations()
def m004_placed(db: "Database") -> None:
    """What calls leave for others to show, which call one goes on from, and sessions that another one began."""
    _run(db, _PLACED)


@migrations()
def m005_corrected(db: "Database") -> None:
    """What people know better about sessions: an overlay over what was resolved, with its history."""
    _run(db, _CORRECTED)


@migrations()
def m006_lifecycle(db: "Database") -> None:
    """The life of sessions: their state, the changes that are told of it, and how far hooks were told.

    What was there before is idle, and nothing is told of that.
    """
    _run(db, _LIVES)


@migrations()
def m007_evaluated(db: "Database") -> None:
    """What evaluators say of sessions, with what they judged, so that what is still to be judged is a query.

    Judgements quote messages: they go with their session, and when a call of it goes to another.
    """
    _run(db, _EVALUATED)


@migrations()
def m008_labels(db: "Database") -> None:
    """Who has scored, and spans that are scored; how good evaluators were found to be, by labels."""
    _run(db, _LABELS)


@migrations()
def m009_judges(db: "Database") -> None:
    """What judges have answered, by what they were asked, so that nothing is paid for twice."""
    _run(db, ANSWERS)


def _run(db: "Database", script: str) -> None:
    """Each statement by itself: `executescript` would commit the migration's transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m010_viewed(db: "Database") -> None:
    """What was last answered in a session, which a list shows beside what was asked first.

    The index holds what every look at the status adds up: without it, that reads the whole table of calls.
    """
    db.execute("ALTER TABLE sessions ADD COLUMN last_output TEXT")
    db.execute("CREATE INDEX calls_by_bytes ON calls (request_bytes, response_bytes)")


def migrate(connection: Any) -> None:
    """Brings a store to this version's schema."""
    from sqlite_utils import Database

    migrations.apply(Database(connection))


def names() -> frozenset[str]:
    """The steps that this version knows."""
    return frozenset(migration.name for migration in migrations._migrations)
