"""Full-text search over unique messages. The index holds words only; passages are cut from the decoded messages."""

import re
import sqlite3

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.base import Hit
from pandaprobe_proxy.store.searched import searchable
from pandaprobe_proxy.store.sqlite.history import Telling
from pandaprobe_proxy.store.sqlite.rows import select

AROUND_CHARS = 60
_WORD = re.compile(r"[^\W_]+")  # as the index splits text: letters and digits


def find_messages(
    db: sqlite3.Connection, query: str, limit: int, marks: tuple[str, str], telling: Telling
) -> list[Hit]:
    """Messages that hold every word of the query, the last word as a beginning; newest call first."""
    words = _WORD.findall(query)
    if not words:
        return []
    rows = select(
        db,
        "SELECT m.digest, m.role, c.*, s.session_id FROM messages_fts"
        " JOIN messages AS m ON m.key = messages_fts.rowid JOIN session_messages AS i ON i.message = m.key"
        " JOIN calls AS c ON c.key = i.call JOIN sessions AS s ON s.key = c.session"
        " WHERE messages_fts MATCH ? ORDER BY c.started_ns DESC, m.key DESC LIMIT ?",
        (write_match(query), limit),
    )
    return [
        Hit(
            row["call_id"],
            row["session_id"],
            row["role"],
            _passage(_text_of(telling.call(row), row["digest"]), words, marks),
            row["started_ns"],
        )
        for row in rows
    ]


def write_match(query: str) -> str:
    """What the index is asked for: every word of the query, the last one as a beginning. Empty if it has none."""
    words = _WORD.findall(query)
    return " AND ".join(f'"{word}"' for word in words) + "*" if words else ""


def _text_of(call: Call | None, name: bytes) -> str:
    messages: tuple[Message, ...] = (*call.input, *call.output) if call else ()
    return next((searchable(message) for message in messages if digest(message) == name), "")


def _passage(text: str, words: list[str], marks: tuple[str, str]) -> str:
    """The text around the first word that was found, with every found word marked."""
    pattern = re.compile(r"(?<![^\W_])(" + "|".join(re.escape(word) for word in words) + ")", re.IGNORECASE)
    found = pattern.search(text)
    at = found.start() if found else 0
    start, end = max(0, at - AROUND_CHARS), at + 2 * AROUND_CHARS
    cut = f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
    return pattern.sub(lambda match: f"{marks[0]}{match[0]}{marks[1]}", " ".join(cut.split()))
