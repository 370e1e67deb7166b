"""Calls whose session is only a default, and why."""

from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.store.sqlite.codec import from_text
from pandaprobe_proxy.store.sqlite.rows import Row
from pandaprobe_proxy.store.unplaced import Why

UNPLACED = f"""
SELECT c.call_id, c.clues, c.awaits, c.evidence, c.dialect FROM
    (SELECT * FROM calls WHERE outcome != 'open' ORDER BY key DESC LIMIT ?) AS c
WHERE c.source IN ('{Source.DEFAULT_NEW}', '{Source.DEFAULT_CLIENT}', '{Source.DEFAULT_ID}')
    AND (c.source != '{Source.DEFAULT_NEW}' OR c.evidence IS NULL OR c.awaits IS NOT NULL OR c.clues IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM calls AS o WHERE o.session = c.session AND o.key != c.key))
ORDER BY c.key DESC
"""


def explain(row: Row) -> Why:
    """Why nothing stronger placed the call in that row."""
    doubts = {clue["source"] for clue in from_text(row["clues"], []) if not clue["valid"]}
    if doubts & {Source.TRANSCRIPT, Source.EVIDENCE}:
        return Why.UNSURE
    if Source.HEADER in doubts:
        return Why.BAD_ID
    if row["awaits"] is not None:
        return Why.UNKNOWN
    if row["dialect"] is None:
        return Why.OTHER
    return Why.ALONE if row["evidence"] is None else Why.BEGINNING
