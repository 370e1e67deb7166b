"""`status`: the loss numbers."""

from typing import Any

import click
import msgspec

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings
from pandaprobe_proxy.cli.output import STORE_UNAVAILABLE, Failure, echo, print_json, size


@click.command("status")
@data_dir
@as_json
def command(data_dir: str | None, json: bool) -> None:
    """Show what was relayed, recorded, dropped and is in flight.

    Example: pandaprobe-proxy status --json
    """
    from pandaprobe_proxy import app

    status = app.read_status(load_settings(data_dir=data_dir))
    if not status.running and status.store_error:
        raise Failure(status.store_error, STORE_UNAVAILABLE)
    if json:
        print_json(msgspec.to_builtins(status))
        return
    dropped = ", ".join(f"{reason} {count}" for reason, count in status.dropped.items())
    refused = ", ".join(f"{reason} {count}" for reason, count in status.refused.items())
    lines = [
        ("sidecar", f"running, process {status.pid}" if status.running else "not running (numbers of its last run)"),
        ("relay", status.relay_address),
        ("web port", status.web_address),
        ("forward", _forward(status.forward) if status.forward else ""),
        ("relayed", str(status.relayed)),
        ("recorded", str(status.recorded)),
        ("dropped", f"{sum(status.dropped.values())}" + (f" ({dropped})" if dropped else "")),
        ("in flight", str(status.in_flight)),
        ("adds up", "yes" if status.adds_up else "NO"),
        ("refused", refused),
        ("degraded", ", ".join(status.degraded)),
        ("recorder", _recorder(status) if status.running else ""),
        ("ring", f"{size(status.ring_used)} of {size(status.ring_capacity)}" if status.running else ""),
        ("store", status.store_error or _store(status.calls, status.sessions, status.store_bytes, status.raw_bytes)),
    ]
    lines += [("hook", _hook(mark)) for mark in status.session_hooks]
    for name, text in lines:
        if text:
            echo(f"{name:<10} {text}")


def _forward(forward: Any) -> str:
    redirected = f", redirected connections on {forward['redirected']}" if forward["redirected"] else ""
    hung = f" ({forward['hangs']} of them since it hung)" if forward["hangs"] else ""
    count = len(forward["hosts"])
    return f"{forward['address']}{redirected}, {count} hosts, restarted {forward['restarts']} times{hung}"


def _recorder(status: Any) -> str:
    hung = f" ({status.recorder_hangs} of them since it hung)" if status.recorder_hangs else ""
    return f"{status.recorder_state}, restarted {status.recorder_restarts} times{hung}"


def _hook(mark: Any) -> str:
    parts = [f"told {mark.told} changes", f"{mark.behind} to tell"]
    parts += [f"{mark.given_up} given up"] if mark.given_up else []
    parts += [f"failing: {mark.error} ({mark.failures} times)"] if mark.error else []
    return f"{mark.name} {', '.join(parts)}"


def _store(calls: int, sessions: int, store_bytes: int, raw_bytes: int) -> str:
    return f"{calls} calls in {sessions} sessions, {size(store_bytes)} on disk for {size(raw_bytes)} relayed"
