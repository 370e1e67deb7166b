"""A connection of which it is not known yet what it will speak: if its origin ends it, it ends.

mitmproxy would wait for the client to speak, and then speak to an origin that has long gone, for ever.
"""

from mitmproxy.addons import next_layer
from mitmproxy.proxy import commands, events, layer, layers


def install() -> None:
    """Has mitmproxy use these, where its own layers look them up."""
    vars(layer).update(NextLayer=Undecided)
    vars(next_layer).update(ServerTLSLayer=Unasked)


class Undecided(layer.NextLayer):
    """What comes before the layer that speaks a protocol."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if _is_end(event, self) and not self.data_server():
            yield commands.CloseConnection(self.context.client)
        else:
            yield from super()._handle_event(event)


class Unasked(layers.ServerTLSLayer):
    """The origin's TLS, which begins once the client has said for whom it comes."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self.wait_for_clienthello and _is_end(event, self):
            yield commands.CloseConnection(self.context.client)
        else:
            yield from super()._handle_event(event)


def _is_end(event: events.Event, here: layer.Layer) -> bool:
    """Whether the origin is gone."""
    return isinstance(event, events.ConnectionClosed) and event.connection == here.context.server
