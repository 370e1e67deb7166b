"""Flags before environment before files before defaults; each value knows its origin."""

import pytest
from pandaprobe_proxy.settings import Settings, SettingsError
from pandaprobe_proxy.sources import load


@pytest.fixture(autouse=True)
def own_files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_without_any_source_all_are_defaults(tmp_path):
    loaded = load({"port": None, "redact": ()}, {}, tmp_path)
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_each_source_wins_over_the_one_below(tmp_path):
    user = tmp_path / "config" / "pandaprobe" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("port = 1\nweb_port = 1\nkeep_days = 1\nring_bytes = 1000000\ndrain_s = 1")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pandaprobe]\nport = 2\nweb_port = 2\nkeep_days = 2\nring_bytes = 2000000"
    )
    (tmp_path / "pandaprobe.toml").write_text("port = 3\nweb_port = 3\nkeep_days = 3")
    loaded = load({"port": "5"}, {"PANDAPROBE_PORT": "4", "PANDAPROBE_WEB_PORT": "4"}, tmp_path)
    found = {
        name: getattr(loaded.settings, name) for name in ("port", "web_port", "keep_days", "ring_bytes", "drain_s")
    }
    assert found == {"port": 5, "web_port": 4, "keep_days": 3, "ring_bytes": 2_000_000, "drain_s": 1}
    assert loaded.origins["port"] == "flag --port"
    assert loaded.origins["web_port"] == "environment PANDAPROBE_WEB_PORT"
    assert loaded.origins["keep_days"] == f"file {tmp_path}/pandaprobe.toml"
    assert loaded.origins["ring_bytes"] == f"file {tmp_path}/pyproject.toml"
    assert loaded.origins["drain_s"] == f"file {user}"
    assert loaded.origins["host"] == "default"


def test_a_pyproject_without_our_table_is_nobodys_mistake(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1")
    assert load({}, {}, tmp_path).settings == Settings()


def test_lists_come_from_the_environment_as_text(tmp_path):
    env = {"PANDAPROBE_UPSTREAMS": "a=http://a,b=http://b", "PANDAPROBE_REDACT": "one\ntwo"}
    settings = load({}, env, tmp_path).settings
    assert settings.upstreams == {"a": "http://a", "b": "http://b"}
    assert settings.redact == ("one", "two")


def test_a_value_may_lie_in_a_file_of_its_own(tmp_path):
    (tmp_path / "secret").write_text("acme-[0-9]+\n")
    loaded = load({}, {"PANDAPROBE_REDACT_FILE": str(tmp_path / "secret")}, tmp_path)
    assert loaded.settings.redact == ("acme-[0-9]+",)
    assert loaded.origins["redact"] == "environment PANDAPROBE_REDACT_FILE"
    with pytest.raises(SettingsError, match=r"PANDAPROBE_REDACT_FILE names .*nowhere, which cannot be read"):
        load({}, {"PANDAPROBE_REDACT_FILE": str(tmp_path / "nowhere")}, tmp_path)


@pytest.mark.parametrize(
    ("flags", "env", "file", "words"),
    [
        ({"port": "x"}, {}, "", ("port = 'x'", "flag --port")),
        ({}, {"PANDAPROBE_PORT": "70000"}, "", ("port = '70000'", "environment PANDAPROBE_PORT")),
        ({}, {}, "port = -1", ("port = '-1'", "pandaprobe.toml")),
        ({}, {}, "prot = 1", ("'prot'", "did you mean 'port'?")),
        ({}, {}, "zzz = 1", ("'zzz'", "config show")),
        ({}, {}, "port = ", ("pandaprobe.toml", "cannot be read as TOML", "correct it")),
        ({"upstreams": ("x",)}, {}, "", ("flag --upstream", "write NAME=URL")),
        ({"prt": 1}, {}, "", ("'prt'", "did you mean 'port'?")),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_origin(tmp_path, flags, env, file, words):
    (tmp_path / "pandaprobe.toml").write_text(file)
    with pytest.raises(SettingsError) as caught:
        load(flags, env, tmp_path)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value).strip()


def test_a_misspelled_variable_is_a_warning_and_foreign_ones_are_not(tmp_path):
    env = {"PANDAPROBE_PROT": "1", "PANDAPROBE_SESSION": "s", "PANDAPROBE_API_KEY": "k", "PANDAPROBE_ZZZ": "z"}
    loaded = load({}, env, tmp_path)
    assert loaded.settings == Settings()
    assert loaded.warnings == ("PANDAPROBE_PROT is not a setting; did you mean 'port'?",)


def test_session_headers_come_from_flags_and_from_a_variable(tmp_path):
    assert load({"session_headers": ("A", "B")}, {}, tmp_path).settings.session_headers == ("A", "B")
    loaded = load({}, {"PANDAPROBE_SESSION_HEADERS": "A,B"}, tmp_path)
    assert loaded.settings.session_headers == ("A", "B")
    assert load({"session_headers": ("A",)}, {}, tmp_path).origins["session_headers"] == "flag --session-header"
