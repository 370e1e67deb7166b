"""How stored calls are read and priced anew."""

from collections.abc import Callable
from dataclasses import dataclass

from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.pricing.price import Pricing


@dataclass(frozen=True, slots=True)
class Wish:
    """Which calls."""

    session_id: str | None = None
    """Only those of this session."""
    dry_run: bool = False
    """None; they are only counted."""
    every: bool = False
    """Also those that the newest decoder has read, whose prices alone may be other ones now."""


@dataclass(frozen=True, slots=True)
class Rereading:
    """How, and which."""

    read: Callable[[Exchange], Call | None]
    price: Pricing
    wish: Wish = Wish()
