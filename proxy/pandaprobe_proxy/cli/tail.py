"""`tail`: calls as they are recorded."""

import time

import click

from pandaprobe_proxy.cli.calls import line_of
from pandaprobe_proxy.cli.options import data_dir, limit, reading
from pandaprobe_proxy.cli.output import echo, from_store, print_line
from pandaprobe_proxy.store.base import CallRow, Reader
from pandaprobe_proxy.store.shapes import call_json

PAUSE_S = 0.3


@click.command("tail")
@click.option("--follow", "-f", is_flag=True, help="Go on with new calls until interrupted.")
@limit(10)
@data_dir
@click.option("--json", "json", is_flag=True, help="Print one JSON document a line.")
def command(follow: bool, limit: int, data_dir: str | None, json: bool) -> None:
    """Print calls as they are recorded.

    Example: pandaprobe-proxy tail -f
    """
    with reading(data_dir) as reader:
        rows = from_store(lambda: reader.calls(limit))[::-1]
        _print(rows, json)
        last = rows[-1].call_id if rows else ""
        while follow:
            time.sleep(PAUSE_S)
            last = _print(_ended_after(reader, last), json) or last


def _ended_after(reader: Reader, last: str) -> list[CallRow]:
    """The calls after `last`, up to the first that still runs: it will be told when it has ended."""
    rows = from_store(lambda: reader.calls(1000, after=last))
    running = next((i for i, row in enumerate(rows) if row.outcome == "open"), len(rows))
    return rows[:running]


def _print(rows: list[CallRow], json: bool) -> str:
    for row in rows:
        if json:
            print_line(call_json(row))
        else:
            echo(line_of(row))
    return rows[-1].call_id if rows else ""
