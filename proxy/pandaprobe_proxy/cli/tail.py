"""`tail`: calls as they are recorded."""

import time

import click

from pandaprobe_proxy.cli.calls import line_of
from pandaprobe_proxy.cli.options import data_dir, limit, reading
from pandaprobe_proxy.cli.output import echo, from_store, print_line
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.shapes import call_json

PAUSE_S = 0.3
AT_ONCE = 1000


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
        after = _After(rows[-1].call_id if rows else "")
        while follow:
            time.sleep(PAUSE_S)
            _print(after.take(from_store(lambda: reader.calls(AT_ONCE, after=after.last))), json)


class _After:
    """Which calls are to be told next: those that have ended, each once. A long one holds up no other."""

    def __init__(self, last: str) -> None:
        self.last = last
        """All up to there are told."""
        self._told: set[str] = set()

    def take(self, rows: list[CallRow]) -> list[CallRow]:
        """Of the calls after `last`, those to tell now."""
        ended = [row for row in rows if row.outcome != "open" and row.call_id not in self._told]
        self._told |= {row.call_id for row in ended}
        running = next((i for i, row in enumerate(rows) if row.outcome == "open"), len(rows))
        done = rows if len(rows) == AT_ONCE else rows[:running]  # one that runs while so many came is not waited for
        self._told -= {row.call_id for row in done}
        self.last = done[-1].call_id if done else self.last
        return ended


def _print(rows: list[CallRow], json: bool) -> None:
    for row in rows:
        if json:
            print_line(call_json(row))
        else:
            echo(line_of(row))
