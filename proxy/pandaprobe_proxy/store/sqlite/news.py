"""What has come since somebody looked last, for those who look on while it is recorded."""

import sqlite3
from collections.abc import Sequence

from pandaprobe_proxy.store.sqlite.changes import to_change
from pandaprobe_proxy.store.sqlite.codec import Codec, to_text
from pandaprobe_proxy.store.sqlite.rows import CALL, SESSION, select, to_call, to_session
from pandaprobe_proxy.store.views import News

WINDOW_NS = 10_000_000_000
"""A session that was active so shortly before the newest one may have changed without being the newest."""
_ENDED = f"{CALL} WHERE c.outcome != 'open' AND c.call_id IN (SELECT value FROM json_each(?))"


def read_news(
    db: sqlite3.Connection, codec: Codec, since: tuple[int, int] | None, running: Sequence[str], limit: int
) -> News:
    """See store.views.ViewReader."""
    newest: tuple[int, int] = db.execute(
        "SELECT coalesce((SELECT max(key) FROM calls), 0), coalesce((SELECT max(number) FROM changes), 0)"
    ).fetchone()
    if since is None:
        return News(newest, (), (), (), False)
    came = select(db, f"{CALL} WHERE c.key > ? ORDER BY c.key LIMIT ?", (since[0], limit))
    ended = select(db, _ENDED, (to_text(list(running)),)) if running else []
    changes = select(db, "SELECT * FROM changes WHERE number > ? ORDER BY number LIMIT ?", (since[1], limit))
    active = select(
        db,
        f"{SESSION} WHERE (calls OR traces) AND last_ns >= (SELECT max(last_ns) FROM sessions) - {WINDOW_NS}"
        " ORDER BY last_ns DESC LIMIT ?",
        (limit,),
    )
    return News(
        place=newest,
        calls=[to_call(row, codec) for row in (*came, *ended)],
        sessions=[to_session(row) for row in active],
        changes=[to_change(row) for row in changes],
        missed=len(came) == limit or len(changes) == limit,
    )
