"""`redecode`."""

import sys

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import from_store, print_json, say
from pandaprobe_proxy.store.base import Redecoded
from pandaprobe_proxy.store.rereading import Wish


@click.command("redecode")
@click.option("--session", metavar="ID", help="Only calls of this session. An id may be cut short.")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@click.option("--reprice", is_flag=True, help="Also price calls anew that need no reading, since prices have changed.")
@data_dir
@as_json
def command(session: str | None, dry_run: bool, reprice: bool, data_dir: str | None, json: bool) -> None:
    """Read calls anew that an older version has recorded, now that it can be done better, and price them anew.

    Works while a sidecar records and while none does. What crossed the wire is not changed.

    Example: pandaprobe-proxy redecode --dry-run
    """
    from pandaprobe_proxy import app

    settings = load_settings(data_dir=data_dir)
    with reading(data_dir) as reader:
        session_id = whole_id(session, reader.find_sessions, "session") if session else None
    done = from_store(lambda: app.redecode(settings, Wish(session_id, dry_run, reprice), _tell))
    if json:
        numbers = {"stale": done.stale, "redecoded": done.changed, "unreadable": done.unreadable}
        print_json({**numbers, "repriced": done.repriced, "dry_run": dry_run})
    else:
        lost = f"; {done.unreadable} stay, their bodies are not kept" if done.unreadable else ""
        count = done.stale - done.unreadable if dry_run else done.changed
        priced = f", {done.repriced} {'price' if done.repriced == 1 else 'prices'} changed" if done.repriced else ""
        say(f"{'would read' if dry_run else 'read'} {count} calls anew{priced}{lost}")


def _tell(so_far: Redecoded) -> None:
    """How far it is, for somebody who watches."""
    if sys.stderr.isatty() and so_far.after is not None:
        click.echo(f"\r{so_far.changed} of {so_far.stale} calls so far", nl=False, err=True)
