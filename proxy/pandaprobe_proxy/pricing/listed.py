"""List prices of models, from `genai-prices` and the data that comes with it. Never asks the network.

Its 2 MB are read when the first price is asked for, or by `warm`. What it cannot price as the provider would is None:
a model it does not know, a service tier it has no prices of, audio that it has only a text price of.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pandaprobe_proxy.model.call import Cost

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

LOCAL = frozenset({"ollama", "vllm", "lmstudio", "lm-studio", "llamacpp", "llama-cpp", "llama.cpp", "sglang", "local"})
"""Names of upstreams that take no money."""
LOCAL_DOMAINS = (".local", ".internal", ".localhost", ".lan")
ONE_RATE = frozenset({"google"})
"""Providers with one price for all kinds of tokens, unless they say otherwise."""
TOKENS = ("input", "output")
NAMES = {
    "cache_read_tokens": "cached",
    "cache_write_tokens": "cache_written",
    "output_reasoning_tokens": "reasoning",
    "input_audio_tokens": "audio_input",
    "output_audio_tokens": "audio_output",
}
"""Parts of a cost whose name here is another."""
MINUTE_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one unit."""

    name: str
    """What is counted."""
    price: "Decimal | TieredPrices"
    per: int
    finer: tuple[str, ...]
    """Other units with a price whose counts are part of this one's."""
    both: tuple[tuple[str, str], ...] = ()
    """Pairs of coarser units that this one is the overlap of."""


@dataclass(frozen=True, slots=True)
class Rates:
    """All that a model is paid for, finest first."""

    priced_as: str
    source: str
    rates: tuple[Rate, ...]
    one_rate: bool


def warm() -> None:
    """Reads the prices now, so that no call has to wait for it."""
    _snapshot()


@cache
def _snapshot() -> "DataSnapshot":
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


@cache
def _source() -> str:
    from genai_prices import __version__

    return f"genai-prices {__version__}"


def list_price(
    place: tuple[str, str], models: tuple[str, ...], counts: Mapping[str, int], context: Mapping[str, str], at_ns: int
) -> Cost | None:
    """What these counts cost at `place`, an (upstream, URL), of the first of these models that has a price."""
    upstream, url = place
    key = (upstream, _origin(url), models, tuple(sorted(context.items())), at_ns // MINUTE_NS)
    rates = _find_rates(*key)
    return _add_up(rates, counts) if rates else None


def _origin(url: str) -> str:
    """A URL as far as it tells a provider; paths hold what differs from call to call."""
    return "/".join(url.partition("?")[0].split("/", 5)[:5])


@lru_cache(maxsize=1024)
def _find_rates(
    upstream: str, url: str, models: tuple[str, ...], context: tuple[tuple[str, str], ...], minute: int
) -> Rates | None:
    found = _find_model(upstream, url, models)
    if found is None:
        return None
    provider, model = found
    at = datetime.fromtimestamp(minute * 60, UTC)
    if not all(_has_variant(model, provider, item, at) for item in context):
        return None
    price = model.get_prices(at, dict(context))
    said = "".join(f" ({value})" for name, value in context if (name, value) != ("service_tier", "default"))
    priced_as = f"{provider.id}/{model.id}{said}"
    return Rates(priced_as, _source(), tuple(_read_rates(price)), provider.id in ONE_RATE)


def _has_variant(model: "ModelInfo", provider: "Provider", item: tuple[str, str], at: datetime) -> bool:
    """Whether a tier has prices of its own. `default` is the list price where there is no other."""
    name, value = item
    if item == ("service_tier", "default"):
        return True
    return any(model is own for own in provider.models) and any(
        variant.when.get(name) == value and (variant.constraint is None or variant.constraint.active(at))
        for variant in model.price_variants or ()
    )


@lru_cache(maxsize=4096)
def _find_model(upstream: str, url: str, models: tuple[str, ...]) -> "tuple[Provider, ModelInfo] | None":
    """By whom a call was answered: as its URL says, as the upstream is called, or else as only its model says."""
    if upstream.lower() in LOCAL:
        return None
    providers = list(_find_providers(upstream, url))
    for provider in providers:
        for name in models:
            model = provider.find_model(name, all_providers=_snapshot().providers)
            if model is not None:
                return provider, model
    return None if providers or is_local(url) else _find_by_model(models)


def _find_providers(upstream: str, url: str) -> "Iterator[Provider]":
    from genai_prices.data_snapshot import find_provider_by_id

    snapshot = _snapshot()
    yield from (provider for provider in snapshot.providers if re.match(provider.api_pattern, url))
    named = find_provider_by_id(snapshot.providers, upstream)
    if named is not None:
        yield named


def _find_by_model(models: tuple[str, ...]) -> "tuple[Provider, ModelInfo] | None":
    for name in models:
        try:
            return _snapshot().find_provider_model(name, None, None, None)
        except LookupError:
            continue
    return None


def is_local(url: str) -> bool:
    """Whether a URL leads to this machine or its own network, where a model's name says nothing of its price."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(LOCAL_DOMAINS)


def _read_rates(price: "ModelPrice") -> Iterator[Rate]:
    """The units that have a price. A dimension more makes a unit finer: cached audio is of both cached and audio."""
    from genai_prices.units import _get_registry

    registry = _get_registry()
    priced = [(registry.unit_for_price_key(key), value) for key, value in vars(price).items() if value is not None]
    sizes = {unit.usage_key: unit.dimensions for unit, _ in priced}
    for unit, value in sorted(priced, key=lambda pair: (-len(pair[0].dimensions), pair[0].usage_key)):
        own = unit.dimensions
        finer = tuple(name for name, other in sizes.items() if own.items() < other.items())
        coarser = [name for name, other in sizes.items() if other.items() < own.items()]
        both = tuple(
            (one, two) for one in coarser for two in coarser if one < two and {**sizes[one], **sizes[two]} == own
        )
        yield Rate(unit.usage_key, value, unit.per, finer, both)


def _add_up(rates: Rates, counts: Mapping[str, int]) -> Cost | None:
    """Each unit less what of it is paid by a finer one. None where the counts do not fit the prices."""
    if not _fits(rates, counts):
        return None
    left: dict[str, int] = {}
    parts: dict[str, float] = {}
    total = Decimal(0)
    for rate in rates.rates:
        number = 1 if rate.name == "requests" else counts.get(rate.name, 0) - sum(left[name] for name in rate.finer)
        if number < 0 or (number == 0 and _overlaps(rate, counts)):
            return None
        left[rate.name] = number
        if number:
            cost = _rate_at(rate.price, counts.get("input_tokens", 0)) * number / rate.per
            total += cost
            parts[NAMES.get(rate.name, rate.name.removesuffix("_tokens"))] = float(cost)
    return Cost(float(total), parts, rates.priced_as, rates.source) if parts else None


def _fits(rates: Rates, counts: Mapping[str, int]) -> bool:
    """Whether no part exceeds the whole, every token that was counted has a price, and audio one of its own."""
    whole = {side: counts.get(f"{side}_tokens", 0) for side in TOKENS}
    tokens = ((name, number) for name, number in counts.items() if name.endswith("_tokens"))
    if any(number > whole["output" if name.startswith("output") else "input"] for name, number in tokens):
        return False
    priced = {rate.name for rate in rates.rates}
    sides = (side for side in TOKENS if counts.get(f"{side}_tokens") and f"{side}_tokens" not in priced)
    audio = (side for side in TOKENS if counts.get(f"{side}_audio_tokens") and f"{side}_audio_tokens" not in priced)
    return not any(sides) and (rates.one_rate or not any(audio))


def _overlaps(rate: Rate, counts: Mapping[str, int]) -> bool:
    """Whether nobody says how much is of both kinds, though there is some of each."""
    return rate.name not in counts and any(counts.get(one) and counts.get(two) for one, two in rate.both)


def _rate_at(price: "Decimal | TieredPrices", input_tokens: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return reached[-1] if reached else price.base
