"""An origin that ends a connection before anybody has spoken ends the client's. (In a namespace: end_to_end.)"""

from mitmproxy.connection import ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.test.tflow import tclient_conn
from pandaprobe_proxy.intercept.undecided import Unasked, Undecided


def started():
    context = Context(tclient_conn(), Options())
    undecided = Undecided(context)
    assert list(undecided.handle_event(events.Start())) == []
    return context, undecided


def test_an_origin_that_ends_before_anybody_has_spoken_ends_the_clients_connection():
    context, undecided = started()
    (told,) = undecided.handle_event(events.ConnectionClosed(context.server))
    assert isinstance(told, commands.CloseConnection) and told.connection is context.client


def test_what_it_has_said_before_its_end_is_not_lost():
    context, undecided = started()
    undecided.events.append(events.DataReceived(context.server, b"220 hello"))
    assert list(undecided.handle_event(events.ConnectionClosed(context.server))) == []
    assert len(undecided.events) == 3


def test_an_origin_that_ends_while_the_clients_hello_is_read_ends_the_clients_connection():
    context = Context(tclient_conn(), Options())
    context.server.state = ConnectionState.OPEN
    unasked = Unasked(context)
    unasked.child_layer = ClientTLSLayer(context)
    assert list(unasked.handle_event(events.Start())) == [] and unasked.wait_for_clienthello
    (told,) = unasked.handle_event(events.ConnectionClosed(context.server))
    assert isinstance(told, commands.CloseConnection) and told.connection is context.client
