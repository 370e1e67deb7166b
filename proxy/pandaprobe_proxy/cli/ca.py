"""`ca`: the certificate authority of this installation, and who trusts it."""

import os
import shlex
from collections.abc import Callable
from typing import TypeVar

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings
from pandaprobe_proxy.cli.output import Failure, echo, print_json, print_table, say

T = TypeVar("T")
COUNTS = ("decrypted", "passed", "refused")


@click.group("ca")
def command() -> None:
    """The certificate that apps must trust to be intercepted.

    `run --intercept` sets all of it for its command; this is for apps that are started otherwise.
    """


@command.command("path")
@data_dir
@as_json
def path(data_dir: str | None, json: bool) -> None:
    """Print where the certificate is; it is made if there is none.

    Example: pandaprobe-proxy ca path
    """
    from pandaprobe_proxy.app import trust

    settings = load_settings(data_dir=data_dir)
    found = str(_told(lambda: trust.certificate(settings)))
    if json:
        print_json({"path": found})
    else:
        echo(found)


@command.command("trust")
@data_dir
@as_json
def trust_command(data_dir: str | None, json: bool) -> None:
    """Print what each runtime needs to trust it, as a shell reads it.

    Example: pandaprobe-proxy ca trust > trust.sh
    """
    from pandaprobe_proxy.app import trust

    settings = load_settings(data_dir=data_dir)
    variables = _told(lambda: trust.trust_variables(settings, os.environ))
    if json:
        print_json(variables)
        return
    for variable in trust.VARIABLES:
        echo(f"export {variable.name}={shlex.quote(variables[variable.name])}  # {variable.runtime}")
    quoted = shlex.quote(str(_told(lambda: trust.certificate(settings))))
    say(f"Java: keytool -importcert -noprompt -cacerts -storepass changeit -alias pandaprobe -file {quoted}")


@command.command("hosts")
@data_dir
@as_json
def hosts(data_dir: str | None, json: bool) -> None:
    """Print which hosts were decrypted and which passed unread.

    Example: pandaprobe-proxy ca hosts
    """
    from pandaprobe_proxy.app import trust

    settings = load_settings(data_dir=data_dir)
    found = _told(lambda: trust.destinations(settings))
    if json:
        print_json(found)
        return
    rows = [(name, *(str(entry[key]) for key in COUNTS), entry["last"]) for name, entry in sorted(found.items())]
    print_table(("host", *COUNTS, "last"), rows)


@command.command("install")
@click.option("--remove", is_flag=True, help="Take it out again.")
@data_dir
@as_json
def install(remove: bool, data_dir: str | None, json: bool) -> None:
    """Have this machine's own store of certificates trust it. Needs root.

    Example: pandaprobe-proxy ca install
    """
    from pandaprobe_proxy.app import trust

    settings = load_settings(data_dir=data_dir)
    told = _told(lambda: trust.install(settings, remove))
    if json:
        print_json({"done": told})
    else:
        say(told)


def _told(ask: Callable[[], T]) -> T:
    """What is asked for; if it cannot be had, why ends the command."""
    from pandaprobe_proxy.app.trust import TrustError

    try:
        return ask()
    except TrustError as error:
        raise Failure(str(error)) from error
