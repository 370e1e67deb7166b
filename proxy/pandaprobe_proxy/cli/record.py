"""`record`: the recorder's process. `serve` starts it with what it needs on standard input."""

import sys

import click


@click.command("record", hidden=True)
def command() -> None:
    """The recorder's process; `serve` starts it."""
    from pandaprobe_proxy import app

    app.stand_back()  # before the rest is loaded, which takes the processor for half a second
    sys.exit(app.record_main())
