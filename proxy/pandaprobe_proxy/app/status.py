"""The loss numbers, added up: relayed = recorded + dropped + in flight."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pandaprobe_proxy.app.control import ask
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Counts
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.lives import HookMark


@dataclass(frozen=True, slots=True)
class Status:
    """What a sidecar has relayed and what became of it, in its current run or, if none runs, in the last one."""

    running: bool
    pid: int | None
    relay_address: str
    web_address: str
    relayed: int
    recorded: int
    dropped: Mapping[str, int]
    """By reason, on either side of the ring."""
    in_flight: int
    """Calls that still run, and ended ones that the recorder has not committed yet."""
    adds_up: bool
    refused: Mapping[str, int]
    """Requests that were refused before they became calls, by reason."""
    recorder_state: str
    recorder_pid: int | None
    recorder_restarts: int
    recorder_hangs: int
    """Of the restarts: those of a recorder that lived and gave no sign of it."""
    ring_used: int
    ring_capacity: int
    calls: int
    """In the store, of all runs."""
    sessions: int
    store_bytes: int
    raw_bytes: int
    store_error: str
    """Why the store cannot be read; empty if it can."""
    upstreams: Mapping[str, str] = field(default_factory=dict)
    forward: Mapping[str, Any] = field(default_factory=dict)
    """Of the forward proxy: address, pid, restarts, certificate, hosts; empty if there is none."""
    session_hooks: Sequence[HookMark] = ()
    degraded: tuple[str, ...] = ()
    """Why calls are not recorded as they should be, one word each; empty if they are. Relaying goes on in any case."""


SILENT_S = 3.0
"""After which a recorder that gives no sign of life is one that hangs."""


def _ask(settings: Settings) -> Mapping[str, Any] | None:
    return ask(settings, {"ask": "status"})


def read_status(settings: Settings, ask_sidecar: Callable[[Settings], Mapping[str, Any] | None] = _ask) -> Status:
    """Asks the running sidecar, and the store. Works whatever of them is missing."""
    counts, hooks, error = _counts(settings)
    answer = ask_sidecar(settings)
    status = _running(answer, counts, error) if answer else _stopped(counts, error)
    return replace(status, session_hooks=hooks)


def as_json(status: Status) -> dict[str, Any] | None:
    """For programs; None if no sidecar runs."""
    return asdict(status) if status.running else None


def _counts(settings: Settings) -> tuple[Counts | None, Sequence[HookMark], str]:
    try:
        reader = open_reader(settings)
    except StoreError as error:
        return None, (), str(error)
    try:
        return reader.counts(), reader.hooks(), ""
    except StoreError as error:
        return None, (), str(error)
    finally:
        reader.close()


def _running(answer: Mapping[str, Any], counts: Counts | None, error: str) -> Status:
    relay, recorder, ring = answer["relay"], answer["recorder"], answer["ring"]
    dropped = _together(relay["dropped"], _dropped_by_recorder(recorder["dropped"], answer["run"], counts))
    waiting = relay["ended"] - recorder["recorded"] - recorder["dropped"]
    in_flight = relay["open"] + waiting
    adds_up = waiting >= 0 and relay["relayed"] == recorder["recorded"] + sum(dropped.values()) + in_flight
    return Status(
        running=True,
        pid=answer["pid"],
        relay_address=relay["address"],
        web_address=answer["web"]["address"],
        relayed=relay["relayed"],
        recorded=recorder["recorded"],
        dropped=dropped,
        in_flight=in_flight,
        adds_up=adds_up,
        refused=relay["refused"],
        recorder_state=recorder["state"],
        recorder_pid=recorder["pid"],
        recorder_restarts=recorder["restarts"],
        recorder_hangs=recorder["hangs"],
        ring_used=ring["used"],
        ring_capacity=ring["capacity"],
        upstreams=answer["upstreams"],
        forward=answer.get("forward") or {},
        degraded=tuple(_degraded(recorder, adds_up, error)),
        **_sizes(counts, error),
    )


def _degraded(recorder: Mapping[str, Any], adds_up: bool, error: str) -> Iterator[str]:
    if recorder["pid"] is None:
        yield "recorder_down"
    elif recorder["state"] != "ok":
        yield recorder["state"]
    elif (recorder["heartbeat_age_s"] or 0) > SILENT_S:
        yield "recorder_stalled"
    if error:
        yield "store_unreadable"
    if not adds_up:
        yield "does_not_add_up"


def _dropped_by_recorder(total: int, run: str, counts: Counts | None) -> Mapping[str, int]:
    """By reason if the store has the same total, which a commit may be about to give it."""
    reasons = counts.dropped if counts and counts.run == run else {}
    if sum(reasons.values()) == total:
        return reasons
    return {"by_recorder": total} if total else {}


def _together(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in sorted({*one, *other})}


def _stopped(counts: Counts | None, error: str) -> Status:
    counters = dict(counts.counters) if counts else {}
    relay_dropped: Mapping[str, int] = counters.get("dropped", {})
    dropped = _together(relay_dropped, counts.dropped if counts else {})
    recorded = counts.recorded if counts else 0
    relayed = int(counters.get("relayed", 0))
    in_flight = counts.open_calls if counts else 0
    return Status(
        running=False,
        pid=None,
        relay_address="",
        web_address="",
        relayed=relayed,
        recorded=recorded,
        dropped=dropped,
        in_flight=in_flight,
        adds_up=relayed == recorded + sum(dropped.values()) + in_flight,
        refused={},
        recorder_state="stopped",
        recorder_pid=None,
        recorder_restarts=0,
        recorder_hangs=0,
        ring_used=0,
        ring_capacity=0,
        **_sizes(counts, error),
    )


def _sizes(counts: Counts | None, error: str) -> dict[str, Any]:
    return {
        "calls": counts.calls if counts else 0,
        "sessions": counts.sessions if counts else 0,
        "store_bytes": counts.store_bytes if counts else 0,
        "raw_bytes": counts.raw_bytes if counts else 0,
        "store_error": error,
    }
