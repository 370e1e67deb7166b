"""`intercept`: the intercepting process. `serve` starts it with what it needs on standard input."""

import sys

import click


@click.command("intercept", hidden=True)
def command() -> None:
    """The intercepting process; `serve` starts it."""
    from pandaprobe_proxy import app

    sys.exit(app.intercept_main())
