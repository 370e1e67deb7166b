"""The composition root: Settings in, wired objects running. The only package that knows all the others.

sidecar  the relay's process, which starts, watches and restarts the recorder's      record  the recorder's process
interceptor, intercept  the keeper of the intercepting process, and that process
control  the running sidecar's own socket, for `status` and `run`                    status  the loss numbers, added up
trust, handshakes  who trusts our authority, and the proof of it                     listening  the sockets of both
rules    the kernel's, of the transparent mode      pulse    a sign of life
stores   the store of these settings, for reading or writing                         logs    one form for all logs
watching  judges sessions as they are over      own_evaluators  those of the user's own
hooks, hook_*, webhook  changes of sessions, told to commands and URLs
judging, judge_*  a model that judges sessions: whom it asks, what that may cost, and how answers are kept
metrics  what Prometheus sees      metered  a writer whose commits are counted
sessions, labelling, redecoding, evaluating  what only the holder of the one writer may do        web_port  asks it to

What is imported here is what a command that only reads needs; the rest is imported when it is called.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pandaprobe_proxy.app.control import add_upstream, ask, start_intercepting
from pandaprobe_proxy.app.sessions import close_session, correct, delete_session, reopen_session, undo
from pandaprobe_proxy.app.status import Status
from pandaprobe_proxy.app.status import read_status as status
from pandaprobe_proxy.app.stores import open_reader as reader
from pandaprobe_proxy.app.stores import open_writer as writer
from pandaprobe_proxy.app.web_port import find_address as find_web_port
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Redecoded
from pandaprobe_proxy.store.rereading import Wish

if TYPE_CHECKING:
    from pathlib import Path

    from pandaprobe_proxy.app.evaluating import Asked, Progress
    from pandaprobe_proxy.app.judge_endpoint import Endpoint
    from pandaprobe_proxy.app.judging import Judging
    from pandaprobe_proxy.app.judging import Wish as JudgeWish
    from pandaprobe_proxy.app.own_evaluators import Found
    from pandaprobe_proxy.app.watching import Told, Watch
    from pandaprobe_proxy.store.labels import Calibrated

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
    "find_web_port",
    "intercept_main",
    "judge",
    "keep_calibrated",
    "reader",
    "record_main",
    "redecode",
    "reopen_session",
    "serve",
    "start_intercepting",
    "status",
    "undo",
    "watch",
    "writer",
]


def serve(settings: Settings) -> int:
    """Relays and records until a signal; the exit code."""
    from pandaprobe_proxy.app.sidecar import serve as run

    return run(settings)


def redecode(settings: Settings, wish: Wish, tell: Callable[[Redecoded], object]) -> Redecoded:
    """Reads calls anew that an older decoder has read; see `redecoding`."""
    from pandaprobe_proxy.app.redecoding import redecode as run

    return run(settings, wish, tell)


def evaluate(settings: Settings, asked: "Asked", tell: "Callable[[Progress], object]") -> "Progress":
    """Judges the sessions that are due; see `evaluating`."""
    from pandaprobe_proxy.app.evaluating import evaluate as run

    return run(settings, asked, tell)


def watch(settings: Settings, asked: "Asked", tell: "Callable[[Told], object]") -> "Watch":
    """What judges sessions as they become idle or closed; see `watching`."""
    import time

    from pandaprobe_proxy.app.watching import Watch

    return Watch(settings, asked, tell, time.monotonic)


def find_evaluators(files: "Iterable[Path]") -> "Found":
    """Ours and those of the user's own; see `own_evaluators`."""
    from pandaprobe_proxy.app.own_evaluators import find_evaluators as run

    return run(files)


def add_score(settings: Settings, posted: dict[str, Any]) -> dict[str, Any]:
    """Gives a score to a session, a trace or a span; see `labelling`."""
    from pandaprobe_proxy.app.labelling import add_score as run

    return run(settings, posted)


def keep_calibrated(settings: Settings, calibrated: "Sequence[Calibrated]") -> None:
    """Keeps what labels say of evaluators; see `labelling`."""
    from pandaprobe_proxy.app.labelling import keep_calibrated as run

    run(settings, calibrated)


def judge(
    settings: Settings, wish: "JudgeWish", endpoint: "Endpoint", tell: "Callable[[Judging], object]"
) -> "Judging":
    """Has a judge look at the sessions that are due; see `judging`."""
    from pandaprobe_proxy.app.judging import judge as run

    return run(settings, wish, endpoint, tell)


def intercept_main() -> int:
    """The intercepting process; see `intercept`."""
    from pandaprobe_proxy.app.intercept import intercept_main as run

    return run()


def record_main() -> int:
    """The recorder's process; see `record`."""
    from pandaprobe_proxy.app.record import record_main as run

    return run()
