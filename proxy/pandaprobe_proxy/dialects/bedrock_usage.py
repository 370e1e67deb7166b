"""Usage as Bedrock tells it: an object of Converse, the metrics of an invocation, or headers of the answer.

Input leaves out what was written to the cache or read from it, unless the total says otherwise.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.anthropic_usage import add
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.model.call import Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers, find_header

Json = Any
METRICS = "amazon-bedrock-invocationMetrics"
_INPUT = ("inputTokens", "inputTokenCount", "inputTextTokenCount", "prompt_token_count")
_OUTPUT = ("outputTokens", "outputTokenCount", "totalOutputTextTokenCount", "generation_token_count")
_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
_HEADERS = {
    "inputTokenCount": b"x-amzn-bedrock-input-token-count",
    "outputTokenCount": b"x-amzn-bedrock-output-token-count",
    "cacheReadInputTokenCount": b"x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokenCount": b"x-amzn-bedrock-cache-write-input-token-count",
}


def read_usage(raw: Mapping[str, Json]) -> Usage:
    """Tokens of an object that has some, whatever the model calls them."""
    fresh, output, cached, written = (read_count(raw, *names) for names in (_INPUT, _OUTPUT, _READ, _WRITTEN))
    if fresh is None and output is None:
        return Usage(raw=dict(raw))
    total = read_count(raw, "totalTokens")
    inclusive = fresh is not None and output is not None and total == fresh + output
    return Usage(
        input=fresh if inclusive else add(fresh, cached, written),
        output=output,
        cached=cached,
        source=UsageSource.REPORTED,
        raw=dict(raw),
        cache_written=written,
    )


def read_headers(answered: Answered, headers: Headers) -> Answered:
    """The answer with the token counts of its headers, where its body told none of its output."""
    if answered.usage.output is not None or answered.error is not None:
        return answered
    values = {key: find_header(headers, name) for key, name in _HEADERS.items()}
    counts = {key: int(value) for key, value in values.items() if value and value.isdigit() and len(value) < 16}
    return replace(answered, usage=read_usage(answered.usage.raw | counts)) if counts else answered
