"""`serve`: the sidecar itself."""

import sys
from typing import Any

import click

from pandaprobe_proxy.cli.options import load_settings

MANY = frozenset(
    {"upstreams", "session_headers", "session_hooks", "intercept_hosts", "redact", "evaluators", "web_names"}
)
"""Settings whose flag may be given again."""
PORTS = {"forward": "4102", "transparent": "4103", "wireguard": "51820"}
"""Of a flag that may be given without one."""


def settings_options(function: Any) -> Any:
    """A flag for each setting of a sidecar."""
    from pandaprobe_proxy.settings import JUDGING, Settings, flag_of

    for name, field in reversed(Settings.model_fields.items()):
        if not name.startswith(JUDGING):
            function = _option(name, flag_of(name), field)(function)
    return function


def _option(name: str, flag: str, field: Any) -> Any:
    if field.annotation is bool:
        return click.option(flag, name, is_flag=True, default=None, help=field.description)
    if name in PORTS:
        return click.option(flag, name, metavar="[PORT]", help=field.description, is_flag=False, flag_value=PORTS[name])
    return click.option(flag, name, multiple=name in MANY, metavar=_metavar(name), help=field.description)


def _metavar(name: str) -> str:
    words = {
        "upstreams": "NAME=URL",
        "session_headers": "NAME",
        "intercept_hosts": "HOST",
        "web_names": "NAME",
        "session_hooks": "COMMAND|URL",
        "redact": "REGEX",
        "prices": "FILE",
        "evaluators": "FILE",
        "data_dir": "DIR",
        "default_session": "new|client|ID",
        "metrics_address": "HOST:PORT",
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
