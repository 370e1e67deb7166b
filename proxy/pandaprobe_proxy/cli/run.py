"""`run`: a command with its LLM clients pointed at the sidecar. Fails open: without a sidecar it runs all the same."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pandaprobe_proxy.cli.options import data_dir, load_settings
from pandaprobe_proxy.cli.output import Failure, say
from pandaprobe_proxy.cli.sidecars import Started, StartError, start_sidecar
from pandaprobe_proxy.cli.variables import Plan, plan

PASSED = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--session", metavar="ID", help="Every call of the command belongs to this session.")
@click.option("--require", is_flag=True, help="Do not run the command if the sidecar cannot start.")
@click.option("--port", metavar="PORT", help="The relay's port.")
@click.option("--web-port", metavar="PORT", help="The web port.")
@click.option("--upstream", "upstreams", multiple=True, metavar="NAME=URL", help="As of serve, if it is started here.")
@data_dir
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
def command(session: str | None, require: bool, words: Sequence[str], **flags: Any) -> None:
    """Run a command with its LLM clients pointed at the sidecar, which is started if none runs.

    Example: pandaprobe-proxy run --session trip-42 -- python agent.py
    """
    started: Started | None = None
    variables: Mapping[str, str] = {}
    try:
        settings = load_settings(**flags)
        _check_session(session)
        running, started = _sidecar(settings)
        variables = _register(
            settings, plan(os.environ, running["relay"]["address"], running["web"]["address"], session)
        )
    except (Failure, StartError, OSError) as error:
        why = error.message if isinstance(error, Failure) else str(error)
        if require:
            raise Failure(f"the sidecar cannot be used, so the command was not run: {why}") from error
        say(f"Warning: the sidecar cannot be used, so the command runs unrecorded: {why}")
    try:
        code = _execute(words, {**os.environ, **variables})
    finally:
        if started is not None:
            started.stop()
    if variables:
        shown = ["sessions", *(["show", session] if session else ["ls"])]
        shown += ["--data-dir", flags["data_dir"]] if flags["data_dir"] else []
        say(f"recorded; look at it with: {shlex.join(['pandaprobe-proxy', *shown])}")
    sys.exit(code)


def _check_session(session: str | None) -> None:
    from pandaprobe_proxy.sessions.clues import read_visible

    if session is not None and read_visible(session) is None:
        raise Failure("--session is 1 to 255 characters of visible text.", 2)


def _sidecar(settings: Any) -> tuple[dict[str, Any], Started | None]:
    """The running sidecar's answer, and the sidecar itself if it was started here."""
    from pandaprobe_proxy import app

    running = app.ask(settings, {"ask": "status"})
    if running is not None:
        return running, None
    started = start_sidecar(settings)
    answer = app.ask(settings, {"ask": "status"})
    if answer is None:
        started.stop()
        raise StartError("it stopped answering.")
    return answer, started


def _register(settings: Any, made: Plan) -> Mapping[str, str]:
    """Makes the upstreams that were kept known to the sidecar."""
    from pandaprobe_proxy import app

    for name, url in made.upstreams.items():
        problem = app.add_upstream(settings, name, url)
        if problem is not None:
            raise Failure(f"{url} cannot be an upstream: {problem}")
    return made.variables


def _execute(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Runs the command in this terminal; its exit code, 128 and the signal's number if a signal ended it."""
    try:
        process = subprocess.Popen(list(words), env=dict(environ))  # noqa: S603 - it is what the user asked to run
    except OSError as error:
        code = 127 if isinstance(error, FileNotFoundError) else 126
        say(f"Error: {words[0]} cannot be run: {error.strerror}.")
        return code
    # A terminal's Ctrl-C reaches the command by itself; here it must only not end us before it.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    for number in PASSED:
        before[number] = signal.signal(number, lambda received, _: process.send_signal(received))
    try:
        code = process.wait()
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
    return 128 - code if code < 0 else code
