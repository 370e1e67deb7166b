"""Carries the session of an LLM agent from the app's context to the sidecar's header, and posts traces to it.

It needs nothing but Python, imports no other package, and raises nothing into the app. With no sidecar in sight it
does nothing.
"""

from pandaprobe import carry, patches
from pandaprobe.client import Client, close_session, flush, get_client, init, score, shutdown
from pandaprobe.decorators import span, trace
from pandaprobe.kinds import ScoreDataType, SpanKind, SpanStatusCode, TraceStatus
from pandaprobe.scopes import session, set_session, set_user, user
from pandaprobe.tracing import start_trace

__version__ = "0.1.0"
__all__ = [
    "Client",
    "ScoreDataType",
    "SpanKind",
    "SpanStatusCode",
    "TraceStatus",
    "__version__",
    "close_session",
    "flush",
    "get_client",
    "init",
    "score",
    "session",
    "set_session",
    "set_user",
    "shutdown",
    "span",
    "start_trace",
    "trace",
    "user",
]

carry.install()
patches.install()
