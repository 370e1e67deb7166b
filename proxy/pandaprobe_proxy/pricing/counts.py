"""What of a call is paid for, counted by the names of `genai-prices`: the usage, and what only its raw form tells."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeGuard

from pandaprobe_proxy.model.call import Call, Usage

Json = Any

DETAILS = (
    ("cache_write_5m_tokens", ("cache_creation", "ephemeral_5m_input_tokens")),
    ("cache_write_1h_tokens", ("cache_creation", "ephemeral_1h_input_tokens")),
    ("web_searches", ("server_tool_use", "web_search_requests")),
    *(
        (name, (details, *path))
        for details in ("prompt_tokens_details", "input_tokens_details", "input_token_details")
        for name, path in (
            ("input_image_tokens", ("image_tokens",)),
            ("cache_audio_read_tokens", ("cached_tokens_details", "audio_tokens")),
            ("cache_image_read_tokens", ("cached_tokens_details", "image_tokens")),
        )
    ),
    *(
        ("output_image_tokens", (details, "image_tokens"))
        for details in ("completion_tokens_details", "output_tokens_details", "output_token_details")
    ),
)
"""Where OpenAI's and Anthropic's usages tell what Usage has no name for."""
MODALITIES = {
    "promptTokensDetails": {
        "AUDIO": "input_audio_tokens",
        "IMAGE": "input_image_tokens",
        "DOCUMENT": "input_image_tokens",
        "VIDEO": "input_video_tokens",
    },
    "candidatesTokensDetails": {
        "AUDIO": "output_audio_tokens",
        "IMAGE": "output_image_tokens",
        "VIDEO": "output_video_tokens",
    },
    "cacheTokensDetails": {
        "AUDIO": "cache_audio_read_tokens",
        "IMAGE": "cache_image_read_tokens",
        "DOCUMENT": "cache_image_read_tokens",
        "VIDEO": "cache_video_read_tokens",
    },
}
"""Where Gemini's usage does, by the modality of each entry."""
STANDARD = frozenset({"auto", "standard", "standard_only", "on_demand", "unspecified", "service_tier_unspecified"})
"""Service tiers that are the list price."""


def read_billed(usage: Usage) -> Usage:
    """The usage that is paid for: Cohere bills fewer tokens than its models see, and says both."""
    billed = usage.raw.get("billed_units")
    if not isinstance(billed, dict):
        return usage
    numbers = [billed.get(name) for name in ("input_tokens", "output_tokens")]
    inward, outward = (int(number) if _is_whole(number) else None for number in numbers)
    return replace(usage, input=inward, output=outward, cached=None)


def _is_whole(value: Json) -> TypeGuard[float]:
    return _is_count(value) or (isinstance(value, float) and value.is_integer())


def count(usage: Usage) -> dict[str, int]:
    """What is counted, by name. As in Usage, the finer counts are part of the coarser ones."""
    counts = {name: number for name, number in _detailed(usage.raw) if number > 0}
    told = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cached,
        "cache_write_tokens": usage.cache_written,
        "output_reasoning_tokens": usage.reasoning,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
    }
    counts |= {name: number for name, number in told.items() if number is not None and number > 0}
    written = counts.get("cache_write_5m_tokens", 0) + counts.get("cache_write_1h_tokens", 0)
    if written > counts.get("cache_write_tokens", 0):
        counts["cache_write_tokens"] = written
    return counts


def _detailed(raw: dict[str, Json]) -> Iterator[tuple[str, int]]:
    if not raw:
        return
    for name, path in DETAILS:
        value = _at(raw, path)
        if _is_count(value):
            yield name, value
    for field, names in MODALITIES.items():
        yield from _sum(raw.get(field), names).items()


def _sum(entries: Json, names: dict[str, str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for entry in entries if isinstance(entries, list) else ():
        said = entry if isinstance(entry, dict) else {}
        name, number = names.get(str(said.get("modality"))), said.get("tokenCount")
        if name and _is_count(number):
            sums[name] = sums.get(name, 0) + number
    return sums


def _at(value: Json, path: Iterable[str]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _is_count(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def read_context(call: Call) -> dict[str, str]:
    """What other than tokens decides the price: the service tier and speed that were given, else those asked for."""
    raw, context = call.usage.raw, {}
    tiers = (call.extra.get("service_tier"), raw.get("service_tier"), call.parameters.get("service_tier"))
    tier = next((tier.lower() for tier in tiers if isinstance(tier, str) and tier), "")
    if tier == "batch":
        context["processing"] = "batch"
    elif tier and tier not in STANDARD:
        context["service_tier"] = tier
    if "fast" in (raw.get("speed"), call.parameters.get("speed")):
        context["speed"] = "fast"
    return context
