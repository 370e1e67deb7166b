"""The command line as a whole: quick, lazy, and true about its exit codes."""

import json
import subprocess
import sys

import click
import pytest
from pandaprobe_proxy.cli import COMMANDS, cli
from sidecar import clean_environment


def ours(*words, **more):
    return subprocess.run(
        [sys.executable, "-m", "pandaprobe_proxy", *words],
        capture_output=True,
        text=True,
        check=False,
        **{"env": clean_environment(), **more},
    )


def every_command():
    context = click.Context(cli)
    for name in COMMANDS:
        found = cli.get_command(context, name)
        yield (name,), found
        if isinstance(found, click.Group):
            yield from ((((name, inner), command)) for inner, command in found.commands.items())


EVERY = list(every_command())


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(words) for words, _ in EVERY])
def test_every_command_has_help_with_an_example(words, command):
    assert command.help
    if not isinstance(command, click.Group):
        assert f"Example: pandaprobe-proxy {' '.join(words)}" in command.help or words[0] == "completion"


def test_every_command_that_prints_data_can_print_json():
    without = {"serve", "run", "demo", "completion", "open"}
    lacking = [
        words
        for words, command in every_command()
        if words[0] not in without
        and not isinstance(command, click.Group)
        and "json" not in [option.name for option in command.params]
    ]
    assert lacking == []


def test_help_loads_nothing_that_a_command_needs():
    code = "import sys; from pandaprobe_proxy.cli import main\ntry: main()\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    modules = set(done.stdout.splitlines()[-1].split())
    assert not modules & {"pydantic", "aiohttp", "sqlite3", "asyncio", "msgspec", "structlog", "zstandard"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--version",), 0),
        (("--help",), 0),
        (("nonsense",), 2),
        (("serve", "--nonsense"), 2),
        (("calls", "ls", "-n", "0"), 2),
        (("status", "--data-dir", "/nonexistent"), 4),
        (("sessions", "show", "x", "--data-dir", "/nonexistent"), 4),
    ],
)
def test_exit_codes_are_as_documented(words, code):
    done = ours(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_what_is_not_found_is_3(terminal, place):
    assert terminal.fails("calls", "show", "x")[0] == 3


def test_a_pipe_that_closes_is_no_error(place):
    command = f"{sys.executable} -m pandaprobe_proxy config show --json | head -c 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("env", "colored"), [({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"FORCE_COLOR": "1"}, True)]
)
def test_colors_obey_the_environment(env, colored):
    done = ours("config", "show", env={**clean_environment(), **env})
    assert ("\x1b[" in done.stdout) is colored


def test_data_goes_to_standard_output_and_talk_to_standard_error():
    done = ours("config", "show", "--json", env={**clean_environment(), "PANDAPROBE_PROT": "1"})
    assert json.loads(done.stdout)["port"] == 4100
    assert done.stderr.startswith("Warning: ")
