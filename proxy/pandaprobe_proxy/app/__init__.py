"""The composition root: Settings in, wired objects running. The only package that knows all the others.

sidecar  the relay's process, which starts, watches and restarts the recorder's      record  the recorder's process
interceptor, intercept  the keeper of the intercepting process, and that process
control  the running sidecar's own socket, for `status` and `run`                    status  the loss numbers, added up
trust, handshakes  who trusts our authority, and the proof of it                     listening  the sockets of both
rules    the kernel's, of the transparent mode      pulse    a sign of life
priority  who goes first where the processor is short    memory  how much of it the ring and the recorder may take
stores   the store of these settings, for reading or writing                         logs    one form for all logs
watching  judges sessions as they are over      own_evaluators, learning  those of the user's own
hooks, hook_*, webhook  changes of sessions, told to commands and URLs
judging, standing_judge, judge_*  a model that judges sessions: whom it asks, at what cost, and where answers are kept
metrics  what Prometheus sees      metered  a writer whose commits are counted
sessions, labelling, redecoding, evaluating  what only the holder of the one writer may do        web_port  asks it to

A process imports what it uses of these, and nothing of the others: the relay's is to stay small.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pandaprobe_proxy.app import log_library  # noqa: F401  # before whatever else imports structlog

if TYPE_CHECKING:
    from pandaprobe_proxy.app.control import add_upstream, ask, start_intercepting
    from pandaprobe_proxy.app.evaluating import evaluate
    from pandaprobe_proxy.app.intercept import intercept_main
    from pandaprobe_proxy.app.judging import judge
    from pandaprobe_proxy.app.labelling import add_score, keep_calibrated
    from pandaprobe_proxy.app.learning import find_learned, forget_learned, learn_labels
    from pandaprobe_proxy.app.own_evaluators import find_evaluators
    from pandaprobe_proxy.app.priority import stand_back
    from pandaprobe_proxy.app.record import record_main
    from pandaprobe_proxy.app.redecoding import redecode
    from pandaprobe_proxy.app.sessions import close_session, correct, delete_session, reopen_session, undo
    from pandaprobe_proxy.app.sidecar import serve
    from pandaprobe_proxy.app.status import Status, read_status
    from pandaprobe_proxy.app.stores import open_reader as reader
    from pandaprobe_proxy.app.stores import open_writer as writer
    from pandaprobe_proxy.app.watching import watch
    from pandaprobe_proxy.app.web_port import find_address as find_web_port

__all__ = [
    "Status",
    "add_score",
    "add_upstream",
    "ask",
    "close_session",
    "correct",
    "delete_session",
    "evaluate",
    "find_evaluators",
    "find_learned",
    "find_web_port",
    "forget_learned",
    "intercept_main",
    "judge",
    "keep_calibrated",
    "learn_labels",
    "read_status",
    "reader",
    "record_main",
    "redecode",
    "reopen_session",
    "serve",
    "stand_back",
    "start_intercepting",
    "undo",
    "watch",
    "writer",
]

_HOMES = {
    "add_score": "labelling.add_score",
    "add_upstream": "control.add_upstream",
    "ask": "control.ask",
    "close_session": "sessions.close_session",
    "correct": "sessions.correct",
    "delete_session": "sessions.delete_session",
    "evaluate": "evaluating.evaluate",
    "find_evaluators": "own_evaluators.find_evaluators",
    "find_learned": "learning.find_learned",
    "find_web_port": "web_port.find_address",
    "forget_learned": "learning.forget_learned",
    "intercept_main": "intercept.intercept_main",
    "judge": "judging.judge",
    "keep_calibrated": "labelling.keep_calibrated",
    "learn_labels": "learning.learn_labels",
    "reader": "stores.open_reader",
    "record_main": "record.record_main",
    "redecode": "redecoding.redecode",
    "reopen_session": "sessions.reopen_session",
    "serve": "sidecar.serve",
    "stand_back": "priority.stand_back",
    "start_intercepting": "control.start_intercepting",
    "read_status": "status.read_status",
    "Status": "status.Status",
    "undo": "sessions.undo",
    "watch": "watching.watch",
    "writer": "stores.open_writer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, found = _HOMES[name].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), found)
