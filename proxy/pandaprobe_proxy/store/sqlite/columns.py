"""The columns of a call's row that a decoder fills, and another version of it may fill better."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pandaprobe_proxy.model.call import Call, Marks
from pandaprobe_proxy.pricing.price import OWN
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text, to_text

NO_CALL = Call("", 0, "")
"""Whose columns are those that a decoder fills."""
COUNTED = ("input", "output", "cached", "reasoning", "cache_written", "audio_input", "audio_output")


def write_columns(db: sqlite3.Connection, key: int, values: Mapping[str, Any]) -> None:
    """Sets columns of a call's row."""
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(f"UPDATE calls SET {assignments} WHERE key = :_key", {**values, "_key": key})


def keep_cost(values: dict[str, Any], call: Call, row: sqlite3.Row) -> dict[str, Any]:
    """The columns with the cost of the row where it is by a price of the user's own, which nobody knows any more.

    Only while the tokens are the same, so that it is still what they cost.
    """
    held = from_text(row["cost"]) or {}
    known = call.cost is not None and call.cost.source == OWN
    same = all(row[f"{name}_tokens"] == getattr(call.usage, name) for name in COUNTED)
    return values | {"cost": row["cost"]} if held.get("source") == OWN and not known and same else values


def write_marks(codec: Codec, marks: Marks) -> bytes:
    """Moments as they are stored."""
    taken = ((name, getattr(marks, name)) for name in Marks.__slots__)
    return codec.write_json({name: at for name, at in taken if at is not None})


def call_values(call: Call | None) -> dict[str, Any]:
    """The columns that a decoder filled, and another version of it may fill better."""
    if call is None:
        return {}
    return _usage_values(call) | {
        "dialect": call.dialect,
        "decoder": call.version,
        "operation": call.operation,
        "model": call.model or call.requested_model,
        "streamed": call.streamed,
        "partial": call.partial,
        "lossy": call.lossy,
        "finish_reason": call.output[0].finish_reason if call.output else None,
        "call_error": call.error.message if call.error else None,
        "response_id": call.response_id,
        "previous_id": call.previous_id,
        "conversation_id": call.conversation_id,
        "pending": call.pending or None,
        "turns": sum(turn.number is not None for turn in call.turns) if call.turns else None,
    }


def _usage_values(call: Call) -> dict[str, Any]:
    usage = call.usage
    return {
        **{f"{name}_tokens": getattr(usage, name) for name in COUNTED},
        "usage_source": usage.source,
        "usage_sources": to_text(usage.sources or None),
        "cost": to_text(asdict(call.cost)) if call.cost else None,
    }
