"""`transparent`: the kernel's rules that redirect connections to the sidecar, for apps that have no settings at all."""

import pwd
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings
from pandaprobe_proxy.cli.output import Failure, echo, print_json, say

T = TypeVar("T")
IMAGE_USER = "65532"
"""Of the sidecar's image."""
TO_PORT = 4103
PORT = click.IntRange(1, 65535)


@click.group("transparent")
def command() -> None:
    """Rules that redirect an app's connections to `serve --transparent`.

    They hold for the network namespace in which they are applied: a pod's, a container's, or the whole machine's.
    A device comes by a tunnel (`serve --wireguard`). mitmproxy's local capture of single programs is not offered: on
    Python 3.11 it has none for Linux; use rules, or `run --intercept` for one program.
    """


def redirection(function: Any) -> Any:
    """The options of what is redirected."""
    options = (
        click.option("--port", "ports", multiple=True, type=PORT, help="Of the destination; 443 if none is given."),
        click.option(
            "--to", "to_port", default=TO_PORT, show_default=True, type=PORT, help="As `serve --transparent` has it."
        ),
        click.option(
            "--user",
            default=IMAGE_USER,
            show_default=True,
            help="The sidecar's; its connections go on as they are.",
        ),
    )
    for option in options:
        function = option(function)
    return function


@command.command("rules")
@redirection
@as_json
def rules(user: str, ports: Sequence[int], to_port: int, json: bool) -> None:
    """Print the rules, with what they mean; nothing is changed.

    Example: pandaprobe-proxy transparent rules
    """
    from pandaprobe_proxy.app.rules import FAMILIES, told

    asked = _redirection(user, ports, to_port)
    if json:
        print_json({family.name: asked.rules(family) for family in FAMILIES})
        return
    for line in told(asked):
        echo(line)


@command.command("apply")
@redirection
@as_json
def apply(user: str, ports: Sequence[int], to_port: int, json: bool) -> None:
    """Put the rules in place. Needs root, and iptables.

    Example: pandaprobe-proxy transparent apply --user pandaprobe
    """
    from pandaprobe_proxy.app.rules import apply

    asked = _redirection(user, ports, to_port)
    changed = _told(lambda: apply(asked))
    named = ", ".join(map(str, asked.ports))
    done = f"connections to port {named} are redirected to port {to_port}, but those of user {asked.uid}"
    _say(changed, f"{done}." if changed else f"{done}, as they were before.", json)


@command.command("undo")
@as_json
def undo(json: bool) -> None:
    """Take the rules out again, and nothing else. Needs root, and iptables.

    Example: pandaprobe-proxy transparent undo
    """
    from pandaprobe_proxy.app.rules import undo

    changed = _told(undo)
    _say(changed, "the rules are as before." if changed else "there were no rules of ours.", json)


@command.command("tunnel")
@click.argument("endpoint", metavar="HOST:PORT")
@data_dir
@as_json
def tunnel(endpoint: str, data_dir: str | None, json: bool) -> None:
    """Print what a WireGuard client needs to be captured, with its private key. HOST:PORT is where it finds us.

    Example: pandaprobe-proxy transparent tunnel 192.168.1.5:51820
    """
    from pandaprobe_proxy.app.trust import TrustError, tunnel

    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdigit():
        raise Failure(f"{endpoint!r} is not an address; write HOST:PORT, as the device reaches this machine.", 2)
    try:
        text = tunnel(load_settings(data_dir=data_dir), endpoint)
    except TrustError as error:
        raise Failure(str(error)) from error
    if json:
        print_json({"configuration": text})
    else:
        echo(text.rstrip())


def _redirection(user: str, ports: Sequence[int], to_port: int) -> Any:
    from pandaprobe_proxy.app.rules import Redirection

    if to_port in ports:
        raise Failure(f"port {to_port} is the sidecar's own and cannot be redirected to itself.", 2)
    return Redirection(_uid(user), tuple(dict.fromkeys(ports)) or (443,), to_port)


def _uid(user: str) -> int:
    """By name or number; the number need not be known here."""
    if user.isascii() and user.isdigit():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise Failure(f"there is no user {user!r} here; give --user the name or number of the sidecar's.", 2) from None


def _told(do: Callable[[], T]) -> T:
    """What came of it; if it cannot be done, why ends the command."""
    from pandaprobe_proxy.app.rules import RulesError

    try:
        return do()
    except RulesError as error:
        raise Failure(str(error)) from error


def _say(changed: bool, text: str, json: bool) -> None:
    if json:
        print_json({"changed": changed, "done": text})
    else:
        say(text)
