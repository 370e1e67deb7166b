"""Usage of the Anthropic format, where `input_tokens` leaves out what was written to the cache or read from it.

Counts are cumulative: a later usage object overwrites an earlier one field by field, and nulls overwrite nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.dialects.openai_fields import without_nulls
from pandaprobe_proxy.model.call import Usage, UsageSource

Json = Any
_OF_INPUT = ("input", "cached", "cache_written")


def read_usage(raw: Mapping[str, Json], whole: bool = True) -> Usage:
    """Tokens of a usage object. Not `whole`: the answer broke off; what was said of its input stands all the same."""
    fresh, output = read_count(raw, "input_tokens"), read_count(raw, "output_tokens")
    cached, written = read_count(raw, "cache_read_input_tokens"), read_count(raw, "cache_creation_input_tokens")
    if fresh is None and output is None:
        return Usage(raw=dict(raw))
    usage = Usage(
        input=add(fresh, cached, written),
        output=output,
        cached=cached,
        reasoning=read_count(raw.get("output_tokens_details"), "thinking_tokens"),
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
