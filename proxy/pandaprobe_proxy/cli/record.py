"""`record`: the recorder's process. `serve` starts it with what it needs on standard input."""

import sys

import click


@click.command("record", hidden=True)
@click.option("--again", is_flag=True, help="Another recorder of this sidecar has ended.")
def command(again: bool) -> None:
    """The recorder's process; `serve` starts it."""
    from pandaprobe_proxy import app

    if again:  # one that ends again and again must not take the processor each time
        app.stand_back()
    sys.exit(app.record_main())
