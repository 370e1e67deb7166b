"""`config show`: every setting and its origin."""

from pandaprobe_proxy.settings import Settings


def test_every_setting_is_shown_with_its_origin(terminal):
    shown = terminal.json("config", "show", "--origin")
    assert set(shown) == set(Settings.model_fields)
    assert shown["data_dir"] == {"value": str(terminal.directory), "origin": "environment PANDAPROBE_DATA_DIR"}
    assert terminal.json("config", "show")["port"] == 4100
    assert "environment PANDAPROBE_DATA_DIR" in terminal.out("config", "show", "--origin")


def test_a_bad_setting_is_one_sentence_and_a_usage_error(terminal):
    result = terminal.run("config", "show", env={"PANDAPROBE_PORT": "high"})
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: port = 'high' (environment PANDAPROBE_PORT) cannot be used: ")
    assert result.stderr.count("\n") == 1


def test_a_misspelled_variable_is_a_warning(terminal):
    result = terminal.run("config", "show", env={"PANDAPROBE_WEBPORT": "1"})
    assert result.exit_code == 0
    assert "Warning: PANDAPROBE_WEBPORT is not a setting; did you mean 'web_port'?" in result.stderr
