"""What the web port needs of the rest, and what its routes are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.pricing.price import Pricing, no_price
from pandaprobe_proxy.store.base import Reader, Writer

T = TypeVar("T")
Json = Any


class ReplyLike(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> Json: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class RouteLike(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def answer(self) -> Callable[[Any, Writer], ReplyLike]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route that takes something in is asked."""

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    at_ns: int
    new_id: Callable[[], str]
    agent: str


class Submit(Protocol):
    async def __call__(self, work: Callable[[Writer], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the web port needs of the rest."""

    reader: Callable[[], Reader]
    """Opens a read-only view."""
    submit: Submit
    """Runs work with the one writer."""
    status: Callable[[], Json]
    """The loss numbers; None if the relay does not answer."""
    relays: Callable[[], bool]
    """Whether the relay answers."""
    metrics: Callable[[], bytes]
    """In Prometheus's text format."""
    redact: Callable[[Json], Json]
    new_id: Callable[[], str]
    now_ns: Callable[[], int]
    decode: Callable[[Exchange], Call | None] = decode
    price: Pricing = no_price
    token: str = ""
    """What opens the port; empty: everybody who reaches it may ask."""
