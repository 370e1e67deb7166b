"""`completion`: shell code."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell code that completes commands.

    Example: eval "$(pandaprobe-proxy completion bash)"
    """
    from pandaprobe_proxy.cli import cli

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli, {}, "pandaprobe-proxy", "_PANDAPROBE_PROXY_COMPLETE").source())
