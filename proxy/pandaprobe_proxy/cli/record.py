"""`record`: the recorder's process. `serve` starts it with what it needs on standard input."""

import sys

import click


@click.command("record", hidden=True)
def command() -> None:
    """The recorder's process; `serve` starts it."""
    from pandaprobe_proxy import app

    sys.exit(app.record_main())
