"""The order in which a call's price is looked for: prices of your own, what the provider charged, the list price.

No price at all is None, never zero; the source of a cost says whose it is and of which version.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from pandaprobe_proxy.model.call import RETRIEVE, Call, Cost, Usage
from pandaprobe_proxy.pricing.counts import count, read_billed, read_context
from pandaprobe_proxy.pricing.listed import list_price
from pandaprobe_proxy.pricing.own import Price, find_price

Pricing = Callable[[Call, str, str, int], Cost | None]
"""(call, name of its upstream, URL, nanoseconds since 1970 when it began): what it cost, if that is known."""
FREE = "OTHER"
"""The kind of calls that no tokens are paid for, even where they count some."""
PAID = frozenset({RETRIEVE, "batches"})
"""Operations of that kind which tell what another call has used."""
LONGEST = 512
"""Longer texts are no names of models."""
OWN = "settings"
"""The source of a cost by a price of the user's own."""
TICKS = 10**10
"""Of xAI to the dollar."""


class Prices:
    """Prices calls, with `own` prices if there are any."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = own or {}

    def price(self, call: Call, upstream: str, url: str, at_ns: int) -> Cost | None:
        """What a call cost. Never raises."""
        if call.kind == FREE and call.operation not in PAID:
            return None
        models = tuple(
            dict.fromkeys(name for name in (call.model, call.requested_model) if name and len(name) < LONGEST)
        )
        own = find_price(self._own, upstream, models) if self._own else None
        if own is not None:
            return _own_cost(*own, read_billed(call.usage))
        said = read_charge(call.usage.raw)
        if said is not None:
            return Cost(said, {}, f"{upstream}/{models[0]}" if models else upstream, "provider")
        counts = count(read_billed(call.usage))
        if not counts:
            return None
        try:
            return list_price((upstream, url), models, counts, read_context(call), at_ns)
        except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
            return None


def add_cost(call: Call, pricing: Pricing, upstream: str, url: str, at_ns: int) -> Call:
    """The call with what it cost, or a connection with what each of its turns did."""
    turns = tuple(
        replace(turn, call=add_cost(turn.call, pricing, upstream, url, at_ns + turn.started_ns)) for turn in call.turns
    )
    return replace(call, cost=pricing(call, upstream, url, at_ns), turns=turns)


def no_price(call: Call, upstream: str, url: str, at_ns: int) -> Cost | None:
    """The Pricing that knows none."""
    return None


def read_charge(raw: Mapping[str, Any]) -> float | None:
    """What the provider says it charged, in US dollars: OpenRouter and others, Perplexity, xAI."""
    cost = raw.get("cost")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    ticks = raw.get("cost_in_usd_ticks")
    if cost is None and _is_number(ticks):
        cost = ticks / TICKS
    if not _is_number(cost):
        return None
    details = raw.get("cost_details")
    upstream = details.get("upstream_inference_cost") if isinstance(details, dict) and raw.get("is_byok") else None
    return float(cost + (upstream if _is_number(upstream) else 0))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _own_cost(name: str, price: Price, usage: Usage) -> Cost | None:
    """By your own price, whatever the service tier. None where nothing was counted, or the parts exceed the whole."""
    if not (usage.input or usage.output):
        return None
    finer = (
        ("input", "cached", usage.cached, price.cached),
        ("input", "cache_written", usage.cache_written, price.cache_written),
        ("input", "audio_input", usage.audio_input, price.audio_input),
        ("output", "reasoning", usage.reasoning, price.reasoning),
        ("output", "audio_output", usage.audio_output, price.audio_output),
    )
    left = {"input": usage.input or 0, "output": usage.output or 0}
    parts: dict[str, float] = {}
    for side, part, number, rate in finer:
        if number and rate is not None:
            left[side] -= number
            parts[part] = number * rate / 1e6
    if min(left.values()) < 0:
        return None
    parts |= {"input": left["input"] * price.input / 1e6, "output": left["output"] * price.output / 1e6}
    return Cost(math.fsum(parts.values()), {part: cost for part, cost in parts.items() if cost}, name, OWN)
