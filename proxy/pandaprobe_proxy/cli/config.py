"""`config show`: the settings and their origins."""

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_all
from pandaprobe_proxy.cli.output import print_json, print_table


@click.group("config")
def command() -> None:
    """Show the settings and where each came from."""


@command.command("show")
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@data_dir
@as_json
def show(origin: bool, data_dir: str | None, json: bool) -> None:
    """Print every setting.

    Example: pandaprobe-proxy config show --origin
    """
    loaded = load_all(data_dir=data_dir)
    values = loaded.settings.model_dump(mode="json")
    if json:
        items = {name: {"value": value, "origin": loaded.origins[name]} for name, value in values.items()}
        print_json(items if origin else values)
        return
    rows = [[name, str(value), *([loaded.origins[name]] if origin else [])] for name, value in values.items()]
    print_table(["setting", "value", *(["origin"] if origin else [])], rows)
