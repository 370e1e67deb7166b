"""Usage of the Anthropic format, where `input_tokens` leaves out what was written to the cache or read from it.

Counts are cumulative: a later usage object overwrites an earlier one field by field, and nulls overwrite nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import without_nulls
from pandaprobe_proxy.model.call import Usage, UsageSource

Json = Any
MAX_COUNT = 2**53
_OF_INPUT = ("input", "cached", "cache_written")


def read_usage(raw: Mapping[str, Json], whole: bool = True) -> Usage:
    """Tokens of a usage object. Not `whole`: the answer broke off; what was said of its input stands all the same."""
    fresh, output = count(raw, "input_tokens"), count(raw, "output_tokens")
    cached, written = count(raw, "cache_read_input_tokens"), count(raw, "cache_creation_input_tokens")
    details = raw.get("output_tokens_details")
    if fresh is None and output is None:
        return Usage(raw=dict(raw))
    usage = Usage(
        input=add(fresh, cached, written),
        output=output,
        cached=cached,
        reasoning=count(details, "thinking_tokens") if isinstance(details, dict) else None,
        source=UsageSource.REPORTED,
        raw=dict(raw),
        cache_written=written,
    )
    return usage if whole else keep_input(usage)


def add(fresh: int | None, *cached: int | None) -> int | None:
    """All input: what is fresh, and what has to do with the cache. None if what is fresh is not known."""
    return None if fresh is None else fresh + sum(part or 0 for part in cached)


def keep_input(usage: Usage) -> Usage:
    """The usage of an answer that broke off: its input was told whole at the beginning."""
    known = {name: UsageSource.REPORTED for name in _OF_INPUT if getattr(usage, name) is not None}
    return replace(usage, sources=known)


def merge(held: dict[str, Json], later: Mapping[str, Json]) -> dict[str, Json]:
    """A later usage object over an earlier one."""
    return held | without_nulls(later)


def count(raw: Mapping[str, Json], key: str) -> int | None:
    """A number of tokens; None for what cannot be one."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_COUNT:
        return None
    return int(value) if value == int(value) else None
