"""`completion`: code that a shell accepts."""

import subprocess

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_code(terminal, shell):
    assert "_PANDAPROBE_PROXY_COMPLETE" in terminal.out("completion", shell)


def test_bash_accepts_it(terminal):
    code = terminal.out("completion", "bash")
    assert subprocess.run(["bash", "-n"], input=code, text=True, check=False).returncode == 0


def test_another_shell_is_a_usage_error(terminal):
    result = terminal.run("completion", "tcsh")
    assert (result.exit_code, "'bash', 'zsh', 'fish'" in result.stderr) == (2, True)
