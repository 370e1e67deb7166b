"""The command line: one file per command. They parse, call and print; no logic. The only importer of click.

A command's module is imported when the command is used, so that `--help` stays quick.
"""

import importlib
import os
import sys

import click

from pandaprobe_proxy import __version__

COMMANDS = {
    "serve": "Relay and record until a signal.",
    "run": "Run a command with its LLM clients pointed at the sidecar.",
    "demo": "Record a small scripted agent; needs no key and no network.",
    "open": "Open the viewer in a browser.",
    "sessions": "List, show or delete sessions.",
    "calls": "List or show calls.",
    "tail": "Print calls as they are recorded.",
    "search": "Find messages that contain every word.",
    "eval": "Evaluate sessions, and show what was said of them.",
    "scores": "Give sessions, traces and spans scores of your own, and list them.",
    "status": "Show what was relayed, recorded, dropped and is in flight.",
    "redecode": "Read calls anew that an older version has recorded.",
    "doctor": "Check this installation and say what to mend.",
    "ca": "The certificate that apps must trust to be intercepted.",
    "transparent": "Rules that redirect connections to the sidecar, for apps without settings.",
    "config": "Show the settings and where each came from.",
    "completion": "Print the shell code that completes commands.",
}
HIDDEN = {
    "record": "The recorder's process; `serve` starts it.",
    "intercept": "The intercepting process; `serve` starts it.",
}

HELP = ["-h", "--help"]
EPILOG = (
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 store unavailable, 5 a score under its"
    " threshold, 130 interrupted."
    " Settings come from flags, PANDAPROBE_* variables and pandaprobe.toml, in that order."
)


class LazyGroup(click.Group):
    """A group whose commands live in modules of the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        module = importlib.import_module(f"pandaprobe_proxy.cli.{cmd_name}")
        command: click.Command = module.command
        _name_help(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, so that listing them imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _name_help(command: click.Command) -> None:
    """Each command has `-h` by itself: click keeps the option that it made first, whoever asked for it."""
    command.context_settings.setdefault("help_option_names", HELP)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _name_help(below)


@click.command(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": HELP})
@click.version_option(__version__, prog_name="pandaprobe-proxy")
def cli() -> None:
    """A flight recorder for LLM agents: a sidecar that relays every call and records it by session."""


def main() -> None:
    """Runs the command line and ends the process."""
    try:
        cli.main(prog_name="pandaprobe-proxy", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
