"""`run`: a command with its LLM clients pointed at the sidecar. Fails open: without a sidecar it runs all the same."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import click

from pandaprobe_proxy.cli.options import data_dir, load_settings
from pandaprobe_proxy.cli.output import Failure, say
from pandaprobe_proxy.cli.sharing import hold
from pandaprobe_proxy.cli.sidecars import START_S, StartError
from pandaprobe_proxy.cli.variables import Plan, plan

KEYS = (signal.SIGINT, signal.SIGQUIT)
PASSED = (*KEYS, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--session", metavar="ID", help="Every call of the command belongs to this session.")
@click.option("--intercept", is_flag=True, help="Through the forward proxy, for clients that keep their base URL.")
@click.option("--require", is_flag=True, help="Do not run the command if the sidecar cannot start.")
@click.option("--port", metavar="PORT", help="The relay's port.")
@click.option("--web-port", metavar="PORT", help="The web port.")
@click.option("--upstream", "upstreams", multiple=True, metavar="NAME=URL", help="As of serve, if it is started here.")
@click.option("--intercept-host", "intercept_hosts", multiple=True, metavar="HOST", help="As of serve, likewise.")
@data_dir
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
def command(session: str | None, intercept: bool, require: bool, words: Sequence[str], **flags: Any) -> None:
    """Run a command with its LLM clients pointed at the sidecar, which is started if none runs.

    Example: pandaprobe-proxy run --session trip-42 -- python agent.py
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with ExitStack() as ends:
        try:
            variables = _prepare(ends, session, intercept, flags)
        except (Failure, StartError, OSError) as error:
            why = error.message if isinstance(error, Failure) else str(error)
            if require:
                raise Failure(f"the sidecar cannot be used, so the command was not run: {why}") from error
            say(f"Warning: the sidecar cannot be used, so the command runs unrecorded: {why}")
            variables = {}
        code = _execute(words, {**os.environ, **variables})
    if variables:
        shown = ["sessions", *(["show", session] if session else ["ls"])]
        shown += ["--data-dir", flags["data_dir"]] if flags["data_dir"] else []
        say(f"recorded; look at it with: {shlex.join(['pandaprobe-proxy', *shown])}")
    sys.exit(code)


def _end(number: int, _: object) -> None:
    """Ends us, where nothing runs yet or no more; what was begun is ended on the way out."""
    sys.exit(128 + number)


def _prepare(ends: ExitStack, session: str | None, intercept: bool, flags: Mapping[str, Any]) -> Mapping[str, str]:
    """The variables of the command, whose sidecar runs until `ends`."""
    settings = load_settings(**flags)
    _check_session(session)
    share = hold(settings)
    ends.callback(share.let_go)
    relay, web = share.running["relay"]["address"], share.running["web"]["address"]
    made = plan(os.environ, relay, web, session)
    if not intercept:
        return _register(settings, made)
    return _intercept(settings, made)


def _intercept(settings: Any, made: Plan) -> Mapping[str, str]:
    """The variables of a command that goes through the forward proxy and trusts it."""
    from pandaprobe_proxy import app
    from pandaprobe_proxy.app.control import is_answering
    from pandaprobe_proxy.app.trust import TrustError, trust_variables
    from pandaprobe_proxy.cli.interception import other_proxy, plan_interception

    answer = app.start_intercepting(settings)
    if "error" in answer:
        raise Failure(str(answer["error"]))
    address = answer["address"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - it is where it listens
    if not is_answering(address, START_S):
        raise Failure(f"the forward proxy on {address} does not answer; the sidecar's log says why.")
    other = other_proxy(os.environ, address)
    if other:
        raise Failure(f"{other} names another proxy, and interception goes through none; unset it to intercept.")
    _register(settings, made)
    hosts = app.start_intercepting(settings)["hosts"]  # with those that were just made known
    try:
        variables = plan_interception(made, os.environ, address, hosts).variables
        return {**variables, **trust_variables(settings, os.environ)}
    except TrustError as error:
        raise Failure(str(error)) from error


def _check_session(session: str | None) -> None:
    from pandaprobe_proxy.sessions.visible import read_visible

    if session is not None and read_visible(session) is None:
        raise Failure("--session is 1 to 255 characters of visible text.", 2)


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
    before = {number: signal.signal(number, lambda received, _: _pass(process, received)) for number in PASSED}
    try:
        code = process.wait()
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
    return 128 - code if code < 0 else code


def _pass(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Passes a signal on, unless it is of a key of the terminal, which reaches the command by itself."""
    if number not in KEYS or not _has_terminal():
        process.send_signal(number)


def _has_terminal() -> bool:
    """Whether we are the ones who get what is typed."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
