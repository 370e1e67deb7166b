"""`search`: messages by their words."""

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, limit, reading
from pandaprobe_proxy.cli.output import clean, echo, faint, from_store, print_json
from pandaprobe_proxy.store.shapes import hit_json, items_json


@click.command("search")
@click.argument("query")
@limit(20)
@data_dir
@as_json
def command(query: str, limit: int, data_dir: str | None, json: bool) -> None:
    """Find messages that contain every word.

    Example: pandaprobe-proxy search "capital of france"
    """
    with reading(data_dir) as reader:
        hits = from_store(lambda: reader.search(query, limit))
    if json:
        print_json(items_json([hit_json(hit) for hit in hits], limit))
        return
    for hit in hits:
        echo(f"{faint(hit.call_id)}  {clean(hit.session_id)}  {hit.role}: {clean(hit.snippet)}")
