"""Tokens as Cohere counts them: those that the model saw and wrote, and beside them those that are billed."""

from typing import Any

from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.model.call import Usage, UsageSource

Json = Any


def read_usage(raw: Json) -> Usage:
    """Of a `usage` or a `meta`. The billed units stay in `raw`: they leave out what Cohere adds to a prompt."""
    fields = dict(raw) if isinstance(raw, dict) else {}
    tokens = fields.get("tokens") or fields.get("billed_units")
    source, output = read_count(tokens, "input_tokens"), read_count(tokens, "output_tokens")
    if source is None and output is None:
        return Usage(raw=fields)
    cached = read_count(fields, "cached_tokens")
    return Usage(source, output, cached, source=UsageSource.REPORTED, raw=fields)
