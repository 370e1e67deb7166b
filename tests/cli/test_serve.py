"""`serve`: a flag for every setting."""

import click
from pandaprobe_proxy.cli.serve import command
from pandaprobe_proxy.settings import JUDGING, Settings


def test_every_setting_has_a_flag_with_a_description():
    flags = {option.name: option for option in command.params if isinstance(option, click.Option)}
    assert set(flags) == {name for name in Settings.model_fields if not name.startswith(JUDGING)}
    assert all(option.help for option in flags.values())


def test_what_cannot_be_set_is_a_usage_error_of_one_sentence(terminal):
    for words, said in (
        (("--port", "x"), "port = 'x' (flag --port) cannot be used"),
        (("--upstream", "x"), "write NAME=URL"),
        (("--redact", "("), "is not a regular expression"),
    ):
        result = terminal.run("serve", *words)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert said in result.stderr


def test_what_cannot_be_served_is_told(terminal):
    for words, said in (
        (("--web-host", "0.0.0.0"), "--unsafe-web-bind"),
        (("--default-upstream", "mine"), "--upstream mine=URL"),
        (("--host", "256.1.1.1"), "--host"),
    ):
        result = terminal.run("serve", "--port", "0", "--web-port", "0", *words)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.startswith("Error: ")
