"""`serve`: the sidecar itself."""

import sys
from typing import Any

import click

from pandaprobe_proxy.cli.options import load_settings


def settings_options(function: Any) -> Any:
    """A flag for each setting."""
    from pandaprobe_proxy.settings import Settings

    for name, field in reversed(Settings.model_fields.items()):
        function = _option(name, field)(function)
    return function


def _option(name: str, field: Any) -> Any:
    if name == "upstreams":
        return click.option("--upstream", name, multiple=True, metavar="NAME=URL", help=field.description)
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(flag, name, is_flag=True, default=None, help=field.description)
    return click.option(flag, name, multiple=name == "redact", metavar=_metavar(name), help=field.description)


def _metavar(name: str) -> str:
    words = {
        "redact": "REGEX",
        "prices": "FILE",
        "data_dir": "DIR",
        "default_session": "new|client|ID",
        "capture": "full|metadata|off",
    }
    return words.get(name, name.rsplit("_", 1)[-1].upper())


@click.command("serve", context_settings={"show_default": False})
@settings_options
def command(**flags: Any) -> None:
    """Relay and record until a signal.

    Example: pandaprobe-proxy serve --upstream mine=https://llm.example/v1
    """
    from pandaprobe_proxy import app

    sys.exit(app.serve(load_settings(**flags)))
