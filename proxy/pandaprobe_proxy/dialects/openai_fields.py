"""Fields that the OpenAI formats share: usage, the parts of an answer beside its choices, extras."""

from collections.abc import Mapping
from typing import Any

from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.model.call import Usage, UsageSource

Json = Any
FIRST_WINS = frozenset({"created", "system_fingerprint", "service_tier"})
PADDING = frozenset({"object", "obfuscation"})
"""Says nothing: the name of the format, and random bytes."""
_LARGE = 64
_INWARD = ("prompt_tokens_details", "input_tokens_details", "input_token_details", "prompt_token_details")
_OUTWARD = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_WRITTEN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
"""The last two are those of gateways to Anthropic."""


def pop_typed(fields: dict[str, Json], key: str, kind: type) -> Json:
    """Takes `key` out of `fields` if it is of that type, or null; a value of another type stays there. None if not."""
    value = fields.get(key)
    if isinstance(value, kind):
        return fields.pop(key)
    if value is None:
        fields.pop(key, None)
    return None


def without_nulls(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in fields.items() if value is not None}


def merge_field(into: dict[str, Json], key: str, value: Json) -> None:
    """A later value of an unknown field: objects are merged, and what is empty replaces nothing."""
    held = into.get(key)
    if isinstance(held, dict) and isinstance(value, dict):
        # A copy of what grows with every event takes quadratic time.
        into[key] = held if len(held) > _LARGE else dict(held)
        into[key].update(without_nulls(value))
    elif held is None or value not in (None, "", [], {}):
        into[key] = value


def grow_field(into: dict[str, Json], key: str, value: Json) -> None:
    """A later value of an unknown field of a stream: as merge_field, but lists grow, so that no entry is lost.

    A list that begins with the held one says it again; an entry whose `index` is that of a held one goes into it.
    """
    held = into.get(key)
    if not isinstance(held, list) or not isinstance(value, list) or value[: len(held)] == held:
        merge_field(into, key, value)
        return
    for entry in value:
        same = _find_indexed(held, entry)
        if same is None:
            held.append(entry)
        else:
            same.update(without_nulls(entry))


def _find_indexed(held: list[Json], entry: Json) -> dict[str, Json] | None:
    index = entry.get("index") if isinstance(entry, dict) else None
    if not isinstance(index, int) or not 0 <= index < len(held):
        return None
    found = held[index]
    return found if isinstance(found, dict) and found.get("index") == index else None


def merge_usage(held: dict[str, Json], usage: Mapping[str, Json]) -> dict[str, Json]:
    """A later usage object over an earlier one. Counts are cumulative, so they replace and are not added."""
    merged = dict(held)
    add_usage(merged, usage)
    return merged


def add_usage(held: dict[str, Json], usage: Mapping[str, Json]) -> None:
    """As merge_usage, into the earlier one itself."""
    for key, value in usage.items():
        if value is not None:
            merge_field(held, key, value)


def read_usage(raw: Mapping[str, Json]) -> Usage:
    """Tokens of a usage object of the OpenAI kind, with the dialects of its dialect."""
    inward, outward = _inner(raw, *_INWARD), _inner(raw, *_OUTWARD)
    prompt = read_count(raw, "prompt_tokens", "input_tokens")
    output = read_count(raw, "completion_tokens", "output_tokens")
    beside = read_count(raw, "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
    cached = _first(read_count(inward, "cached_tokens"), beside)
    reasoning = _first(read_count(outward, "reasoning_tokens"), read_count(raw, "reasoning_tokens"))
    total = read_count(raw, "total_tokens")
    if None not in (prompt, output, total) and reasoning and total == add_counts(prompt, output, reasoning):
        output = add_counts(output, reasoning)  # xAI counts reasoning beside the completion
    if all(count is None for count in (prompt, output, total)):
        return Usage(raw=dict(raw))
    return Usage(
        input=prompt,
        output=output,
        cached=cached,
        reasoning=reasoning,
        source=UsageSource.REPORTED,
        raw=dict(raw),
        cache_written=_first(read_count(inward, *_WRITTEN), read_count(raw, *_WRITTEN)),
        audio_input=read_count(inward, "audio_tokens"),
        audio_output=read_count(outward, "audio_tokens"),
    )


def _first(told: int | None, else_told: int | None) -> int | None:
    return else_told if told is None else told


def _inner(raw: Mapping[str, Json], *keys: str) -> Mapping[str, Json]:
    return next((raw[key] for key in keys if isinstance(raw.get(key), dict)), {})


def read_rest(body: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The usage object of an answer, wherever it sits, and the fields that have no name in a Call."""
    rest = {key: value for key, value in body.items() if value is not None and key not in PADDING}
    usage = pop_typed(rest, "usage", dict) or {}
    groq = rest.get("x_groq")
    if isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
        usage = merge_usage(groq["usage"], usage)
    return usage, rest
