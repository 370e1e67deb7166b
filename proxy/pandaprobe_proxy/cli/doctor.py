"""`doctor`: what is wrong with this installation, and what to do about it."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from typing import Any

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings
from pandaprobe_proxy.cli.output import echo, print_json
from pandaprobe_proxy.cli.variables import strays
from pandaprobe_proxy.store.errors import StoreError

LAST_CALLS = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `ok`, `warning` or `problem`, and what to do if it is not ok."""

    check: str
    state: str
    text: str


@click.command("doctor")
@click.option("--quick", is_flag=True, help="Only the exit code: 0 if a sidecar runs and records.")
@data_dir
@as_json
def command(quick: bool, data_dir: str | None, json: bool) -> None:
    """Check this installation and say what to mend.

    Example: pandaprobe-proxy doctor
    """
    findings = list(examine(load_settings(data_dir=data_dir)))
    failed = any(finding.state == "problem" for finding in findings)
    if quick:
        sys.exit(int(failed or any(finding.check == "sidecar" and finding.state != "ok" for finding in findings)))
    if json:
        print_json([{"check": f.check, "state": f.state, "text": f.text} for f in findings])
    else:
        for finding in findings:
            mark = {"ok": "✓", "warning": "!", "problem": "✗"}[finding.state]
            echo(f"{mark} {finding.check:<12} {finding.text}")
    sys.exit(int(failed))


def examine(settings: Any) -> Iterator[Finding]:
    """Every check, in the order in which one would look."""
    from pandaprobe_proxy import app

    status = app.read_status(settings)
    yield _sidecar(status)
    if status.running:
        yield _numbers(status)
    yield _directory(settings)
    yield from _store(settings, status)
    yield from _hooks(status.session_hooks)
    yield from _variables(status.relay_address or f"{settings.host}:{settings.port}", status.running)
    yield from _trust(settings)
    yield _shim()


def _sidecar(status: Any) -> Finding:
    if not status.running:
        return Finding("sidecar", "warning", "none runs on this data directory; `pandaprobe-proxy serve` starts one")
    where = f"process {status.pid} relays on {status.relay_address}, web port {status.web_address}"
    if status.recorder_state != "ok":
        return Finding(
            "sidecar", "problem", f"{where}, but its recorder is in state {status.recorder_state}; see its log"
        )
    return Finding("sidecar", "ok", f"{where}; recorder restarted {status.recorder_restarts} times")


def _numbers(status: Any) -> Finding:
    dropped = sum(status.dropped.values())
    text = f"relayed {status.relayed} = recorded {status.recorded} + dropped {dropped} + in flight {status.in_flight}"
    if not status.adds_up:
        return Finding("numbers", "problem", f"{text} does not add up; please report this")
    lost = dropped - status.dropped.get("capture_off", 0)
    return Finding(
        "numbers", "warning" if lost else "ok", f"{text}{', by reason: ' + str(status.dropped) if lost else ''}"
    )


def _directory(settings: Any) -> Finding:
    directory = settings.data_dir
    if not directory.exists():
        return Finding("directory", "ok", f"{directory} will be made")
    if not os.access(directory, os.W_OK):
        return Finding("directory", "problem", f"{directory} cannot be written; mend its permissions or use --data-dir")
    if directory.stat().st_mode & 0o077:
        return Finding("directory", "warning", f"others can look into {directory}; chmod 700 it")
    return Finding("directory", "ok", str(directory))


def _store(settings: Any, status: Any) -> Iterator[Finding]:
    from pandaprobe_proxy import app

    if status.store_error:
        yield Finding("store", "warning", status.store_error)
        return
    text = (
        f"{status.calls} calls in {status.sessions} sessions; {status.store_bytes} bytes for {status.raw_bytes} relayed"
    )
    yield Finding("store", "ok", text)
    try:
        reader = app.reader(settings)
        rows, unplaced = reader.calls(LAST_CALLS), reader.unplaced(LAST_CALLS)
        reader.close()
    except StoreError as error:
        yield Finding("sources", "warning", str(error))
        return
    if rows:
        names = [row.source for row in rows]
        shares = {name: f"{100 * names.count(name) // len(names)} %" for name in sorted(set(names))}
        text = f"of the last {len(rows)} calls: " + ", ".join(f"{name} {share}" for name, share in shares.items())
        yield Finding("sources", "ok", text)
    yield from _unplaced(unplaced)


def _unplaced(found: Sequence[Any]) -> Iterator[Finding]:
    """Why calls are where only a default has put them, with an example of each."""
    for why in dict.fromkeys(call.why for call in found):
        calls = [call.call_id for call in found if call.why is why]
        text = f"{len(calls)} by default: each {why}; such as {calls[0]} (a session header would tell: see README)"
        yield Finding("default", "ok", text)


def _hooks(marks: Sequence[Any]) -> Iterator[Finding]:
    for mark in marks:
        if mark.error:
            text = f"{mark.name} fails: {mark.error}; {mark.behind} changes wait for it, and it is tried again"
            yield Finding("hooks", "warning", text)
        elif mark.given_up:
            text = f"{mark.name} was told {mark.told} changes and did not take {mark.given_up}; see the sidecar's log"
            yield Finding("hooks", "warning", text)
        else:
            yield Finding("hooks", "ok", f"{mark.name} was told {mark.told} changes")


def _variables(relay: str, running: bool) -> Iterator[Finding]:
    for name in strays(os.environ, relay):
        yield Finding("environment", "warning", f"{name} does not point at the sidecar; http://{relay} is its address")
    if running and not os.environ.get("OPENAI_BASE_URL"):
        text = f"OPENAI_BASE_URL is not set here; export OPENAI_BASE_URL=http://{relay}/v1, or use `run`"
        yield Finding("environment", "warning", text)


def _trust(settings: Any) -> Iterator[Finding]:
    """Which runtimes trust our authority, by real handshakes; nothing where nobody was ever intercepted."""
    from pandaprobe_proxy.app.handshakes import shake_hands
    from pandaprobe_proxy.app.intercept import certificate_path
    from pandaprobe_proxy.app.trust import TrustError

    path = certificate_path(settings)
    if not path.exists():
        return
    try:
        shaken = shake_hands(settings, os.environ)
    except (OSError, TrustError) as error:
        yield Finding("trust", "problem", str(error))
        return
    for hand in shaken:
        if hand.trusts:
            yield Finding("trust", "ok", f"{hand.runtime} trusts {path} here: it shook hands with it")
        else:
            text = f"{hand.runtime} does not trust {path} here; use `run --intercept`, or set {hand.variable} as"
            yield Finding("trust", "warning", f"{text} `pandaprobe-proxy ca trust` prints it")


def _shim() -> Finding:
    if util.find_spec("pandaprobe") is None:
        return Finding("shim", "ok", "not installed here; calls can carry the header by other means")
    installed = {name for name in ("pandaprobe", "pandaprobe-shim") if _is_installed(name)}
    if "pandaprobe" in installed:
        return Finding(
            "shim", "warning", "`import pandaprobe` is the official SDK; set PANDAPROBE_ENDPOINT to the web port"
        )
    return Finding("shim", "ok", f"`import pandaprobe` is {', '.join(installed) or 'a local package'}")


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
