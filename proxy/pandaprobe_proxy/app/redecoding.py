"""Reads stored calls anew after a decoder has improved, step by step, through whoever holds the one writer."""

from collections.abc import Callable
from dataclasses import asdict

from pandaprobe_proxy.app.stores import open_only_writer
from pandaprobe_proxy.app.web_port import WebPort, find_address, request
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.pricing.price import Prices
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Redecoded
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.rereading import Rereading, Wish

Step = Callable[[int], Redecoded]


def redecode(settings: Settings, wish: Wish, tell: Callable[[Redecoded], object]) -> Redecoded:
    """All that there is to do; `tell` is told after each step what was seen so far. Raises StoreError.

    Between two steps a running sidecar records, so it is not held up, and stopping halfway leaves a sound store.
    """
    address = find_address(settings)
    if address:
        return _go_on(lambda after: _ask(address, after, wish), tell)
    writer = open_only_writer(settings)
    try:
        rereading = Rereading(decode, Prices(settings.prices).price, wish)
        return _go_on(lambda after: writer.redecode(after, rereading), tell)
    finally:
        writer.close()


def _ask(address: WebPort, after: int, wish: Wish) -> Redecoded:
    answer = request(address, "POST", "/redecode", {"after": after, **asdict(wish)})
    if answer is None:
        raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
    return Redecoded(**answer)


def _go_on(step: Step, tell: Callable[[Redecoded], object]) -> Redecoded:
    total = Redecoded(0)
    while total.after is not None:
        more = step(total.after)
        total = Redecoded(
            more.after,
            total.stale + more.stale,
            total.changed + more.changed,
            total.unreadable + more.unreadable,
            total.repriced + more.repriced,
        )
        tell(total)
    return total
