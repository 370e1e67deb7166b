"""Writes the parts of the documentation that follow from the code: `docs/commands.md`, `docs/settings.md`,
`docs/dialects.md`, and the tables of `docs/sessions.md`.

    python .ci/write_docs.py

`tests/setup/test_docs.py` fails while they say something else than the code.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pandaprobe_proxy.cli import COMMANDS, cli
from pandaprobe_proxy.dialects.registry import DIALECTS, SOCKETS
from pandaprobe_proxy.sessions.ladder import NEVER, OURS, RUNGS, Rung
from pandaprobe_proxy.settings import Settings, flag_of

DOCS = Path(__file__).resolve().parent.parent / "docs"


def commands() -> str:
    """Every command's help, as a terminal of 100 columns shows it."""
    parts = [
        "# Commands",
        "What `--help` says of each. `--json` prints data for programs, talk goes to standard error.",
    ]
    for words, command in every_command():
        parts += [f"## `{' '.join(words)}`", f"```text\n{command.get_help(in_context(words)).rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def in_context(words: tuple[str, ...]) -> click.Context:
    """As if it were called, since a command inherits settings from those that it is in (`-h`, for one)."""
    width = {"max_content_width": 100, "terminal_width": 100}
    context = click.Context(cli, info_name=words[0], **width, **cli.context_settings)
    for word in words[1:]:
        group = context.command
        assert isinstance(group, click.Group)
        command = group.get_command(context, word)
        assert command is not None
        context = click.Context(command, context, info_name=word, **width, **command.context_settings)
    return context


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with its words, groups before what is in them."""
    yield ("pandaprobe-proxy",), cli
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield ("pandaprobe-proxy", name), command
        if isinstance(command, click.Group):
            yield from ((("pandaprobe-proxy", name, inner), found) for inner, found in command.commands.items())


def settings() -> str:
    """Every setting, its flag, its variable, its default."""
    lines = [
        "# Settings",
        "",
        "From the strongest source to the weakest: flags of `serve` (of `eval run` where a name begins with `judge_`),",
        "`PANDAPROBE_*` variables (`PANDAPROBE_NAME_FILE` names a file that holds the value), `pandaprobe.toml` in the",
        "working directory, `[tool.pandaprobe]` in its `pyproject.toml`, the user's `config.toml`, defaults.",
        "`pandaprobe-proxy config show --origin` tells which.",
        "",
        "| setting | flag | default | |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        flag = flag_of(name) + (" NAME=URL" if name == "upstreams" else "")
        lines.append(f"| `{name}` | `{flag}` | {shown(name, field.default)} | {field.description} |")
    return "\n".join(lines) + "\n"


def dialects() -> str:
    """Every endpoint that is decoded, and what a call of it can have."""
    lines = [
        "# Dialects",
        "",
        "Everything is relayed. What follows is decoded, too: messages, tools, parameters, usage, errors. The rest is",
        "kept as it crossed the wire, without messages. Paths are known by their end, after any prefix.",
        "",
        "A WebSocket (the last lines of the table) is one exchange, and each of its turns is a call of its own, which",
        "names its connection; the bytes are kept there. Turns show while the connection is open, once nothing is",
        "half said on it: half a second after that, or ten where there is no lull, and of a very long one later, since",
        "reading it again takes at most a twentieth of the time.",
        "",
        "| endpoint | dialect | version | relayed | decoded | streamed | usage | cost | tools |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for dialect in (*DIALECTS, *SOCKETS):
        offers = [("yes" if name in dialect.offers else "–") for name in ("streamed", "usage", "cost", "tools")]
        for endpoint in dialect.endpoints:
            cells = (f"`{endpoint}`", dialect.name, str(dialect.version), "yes", "yes", *offers)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def shown(name: str, default: object) -> str:
    if name == "data_dir":
        return "the user's data directory"
    if default is False:
        return "no"
    if default in ({}, (), ""):
        return "none"
    return f"`{default}`"


def sessions() -> str:
    """The page as it is, with its tables written anew, each between two comments."""
    page = (DOCS / "sessions.md").read_text()
    for name, lines in {"ladder": ladder(), "never": never()}.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        page = head + begin + "\n".join(["", *lines, "", end]) + rest.partition(end)[2]
    return page


def ladder() -> list[str]:
    """Every rung, strongest first, and where the user's own names belong."""
    lines = ["| where | name | from | source | confidence | a value can be |", "|---|---|---|---|---|---|"]
    for rung in RUNGS:
        lines.append(row(rung))
        if rung == OURS[-1]:
            lines.append("| header | those of `--session-header` | you | header | 1 | text |")
    return lines


def row(rung: Rung) -> str:
    name = f"`{rung.name}`" + (f", its `{rung.field}`" if rung.field else "")
    cells = (rung.where, name, rung.senders, rung.source, f"{rung.confidence:g}", rung.form)
    return f"| {' | '.join(cells)} |"


def never() -> list[str]:
    return [", ".join(f"`{name}`" for name in sorted(NEVER)) + "."]


WRITTEN = {"commands.md": commands, "settings.md": settings, "dialects.md": dialects, "sessions.md": sessions}


def main() -> None:
    for name, write in WRITTEN.items():
        (DOCS / name).write_text(write())


if __name__ == "__main__":
    sys.exit(main())
