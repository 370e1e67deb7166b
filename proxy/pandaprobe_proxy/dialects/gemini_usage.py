"""Tokens as Gemini counts them (UsageMetadata): thoughts beside the candidates, and what tools put into the prompt."""

from typing import Any

from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.model.call import Usage, UsageSource

Json = Any
_COUNTS = frozenset({"promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"})
_AUDIO = ("AUDIO", 4)
"""The modality by its name, and by its number where Vertex was asked for numbers."""


def later_usage(held: dict[str, Json], usage: dict[str, Json]) -> dict[str, Json]:
    """A later usage over an earlier one: counts are cumulative and leave out zeros, so they replace it as a whole.

    What is none of them goes into the earlier one itself.
    """
    if usage.keys() & _COUNTS:
        return usage
    held.update(usage)
    return held


def read_usage(raw: dict[str, Json]) -> Usage:
    """The prompt includes what was cached; the output is candidates and thoughts."""
    prompt = read_count(raw, "promptTokenCount")
    tools = read_count(raw, "toolUsePromptTokenCount")
    thoughts = read_count(raw, "thoughtsTokenCount")
    said = read_count(raw, "candidatesTokenCount", "responseTokenCount")
    total = read_count(raw, "totalTokenCount")
    source = add_counts(prompt, tools)
    output = add_counts(said, thoughts)
    if output is None and source is not None and total is not None:
        output = max(0, total - source)  # zeros are left out
    if source is None and output is None:
        return Usage(raw=raw)
    return Usage(
        input=source,
        output=output,
        cached=read_count(raw, "cachedContentTokenCount"),
        reasoning=thoughts,
        source=UsageSource.REPORTED,
        raw=raw,
        audio_input=_audio(raw, "promptTokensDetails"),
        audio_output=_audio(raw, "candidatesTokensDetails", "responseTokensDetails"),
    )


def _audio(raw: dict[str, Json], *keys: str) -> int | None:
    details: list[Json] = next((raw[key] for key in keys if isinstance(raw.get(key), list)), [])
    entries = [entry for entry in details if isinstance(entry, dict) and entry.get("modality") in _AUDIO]
    return add_counts(*(read_count(entry, "tokenCount") for entry in entries))
