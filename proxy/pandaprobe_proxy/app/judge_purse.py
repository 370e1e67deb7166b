"""What a run of judges may spend: an estimate is taken before each request, and what it really cost is booked after it.

So a run stays within its budget, up to what an estimate is wrong by, however many requests are under way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pandaprobe_proxy.model.call import Usage

CHARS_PER_TOKEN = 3
"""Of JSON and quotes; more tokens than there are, rather than fewer."""
ANSWER_TOKENS = 700
"""What an answer is expected to take."""

Price = Callable[[Usage], float | None]


class BudgetSpent(Exception):
    """No more requests fit into the budget."""


@dataclass(frozen=True, slots=True)
class Share:
    """What was put aside for a request."""

    tokens: int
    usd: float


@dataclass(slots=True)
class Purse:
    """Of one run. A limit of 0 is none."""

    price: Price
    limit_usd: float = 0.0
    limit_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    """Answers whose cost is not known."""
    uncounted: int = 0
    """Answers that told no usage: the estimate counts."""
    _aside: Share = Share(0, 0.0)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, chars: int) -> Share:
        """Puts aside what a request of so many characters may cost. Raises BudgetSpent."""
        tokens = chars // CHARS_PER_TOKEN
        usd = self.price(Usage(input=tokens, output=ANSWER_TOKENS)) or 0.0
        share = Share(tokens + ANSWER_TOKENS, usd)
        async with self._changed:
            while not self._fits(share):
                if not self._aside.tokens:
                    raise BudgetSpent
                await self._changed.wait()
            self._aside = Share(self._aside.tokens + share.tokens, self._aside.usd + share.usd)
        return share

    def _fits(self, share: Share) -> bool:
        tokens = self.input_tokens + self.output_tokens + self._aside.tokens + share.tokens
        usd = self.usd + self._aside.usd + share.usd
        return not (0 < self.limit_tokens < tokens or 0 < self.limit_usd < usd)

    async def book(self, share: Share, usage: Usage | None) -> float | None:
        """What the request cost, in US dollars if that is known. `usage` is None of one that got no answer."""
        cost = None if usage is None else self._book(share, usage)
        async with self._changed:
            self._aside = Share(self._aside.tokens - share.tokens, self._aside.usd - share.usd)
            self._changed.notify_all()
        return cost

    def _book(self, share: Share, usage: Usage) -> float | None:
        if usage.input is None and usage.output is None:
            self.uncounted += 1
            usage = Usage(input=share.tokens - ANSWER_TOKENS, output=ANSWER_TOKENS)
        cost = self.price(usage)
        self.input_tokens += usage.input or 0
        self.output_tokens += usage.output or 0
        self.usd += cost or 0.0
        self.unpriced += cost is None
        return cost
