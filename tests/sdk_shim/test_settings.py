"""What the environment says of the sidecar."""

import pytest
from pandaprobe.settings import add_origin, current, origin_of, read, use


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith(("PANDAPROBE_", "OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)


def test_with_nothing_said_there_is_no_sidecar_in_sight():
    settings = read()
    assert (settings.enabled, settings.endpoint) == (False, "")


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GROQ_BASE_URL", "PANDAPROBE_PROXY"])
def test_a_base_url_on_this_machine_is_a_sidecar(monkeypatch, name):
    monkeypatch.setenv(name, "http://localhost:4200/v1")
    settings = read()
    assert settings.enabled
    assert ("loopback", 4200) in settings.origins
    assert settings.endpoint == "http://127.0.0.1:4101"


def test_a_base_url_elsewhere_is_not(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
    settings = read()
    assert not settings.enabled
    assert ("api.openai.com", 443) not in settings.origins


def test_a_proxy_in_a_container_beside_is_named(monkeypatch):
    monkeypatch.setenv("PANDAPROBE_PROXY", "http://sidecar:4100")
    monkeypatch.setenv("PANDAPROBE_ENDPOINT", "http://sidecar:4101/")
    settings = read()
    assert ("sidecar", 4100) in settings.origins
    assert settings.endpoint == "http://sidecar:4101"


def test_where_the_proxy_is_named_no_other_address_is_taken_for_it(alone, monkeypatch):
    monkeypatch.setenv("PANDAPROBE_PROXY", "http://127.0.0.1:4777")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    use(read())
    add_origin(("loopback", 8000))
    assert current().origins == {("loopback", 4777)}


def test_what_is_switched_off_stays_off_whatever_comes_in_sight(alone, monkeypatch):
    monkeypatch.setenv("PANDAPROBE_ENABLED", "false")
    use(read())
    add_origin(("loopback", 8000))
    assert ("loopback", 8000) in current().origins
    assert not current().enabled


def test_settings_of_the_wrong_kind_are_as_if_they_were_not_there():
    settings = read(object(), object(), max_queue_size="many", environment=7, is_off=3)
    assert (settings.enabled, settings.max_queue_size, settings.environment) == (False, 1000, "7")


@pytest.mark.parametrize("text", ["false", "0", "no", "off"])
def test_it_can_be_switched_off(monkeypatch, text):
    monkeypatch.setenv("PANDAPROBE_PROXY", "http://localhost:4100")
    monkeypatch.setenv("PANDAPROBE_ENABLED", text)
    assert not read().enabled


def test_parameters_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("PANDAPROBE_ENDPOINT", "http://localhost:1")
    settings = read(endpoint="http://localhost:2", environment="test", nonsense=1)
    assert (settings.endpoint, settings.environment) == ("http://localhost:2", "test")


@pytest.mark.parametrize("value", ["http://[", "nonsense://x", "", "http://x:99999"])
def test_what_cannot_be_read_is_as_if_it_were_not_there(monkeypatch, value):
    monkeypatch.setenv("PANDAPROBE_PROXY", value)
    monkeypatch.setenv("PANDAPROBE_MAX_QUEUE_SIZE", "many")
    settings = read()
    assert (settings.enabled, settings.max_queue_size) == (False, 1000)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://LOCALHOST:4100/v1", ("loopback", 4100)),
        ("https://api.openai.com/v1", ("api.openai.com", 443)),
        ("ws://127.0.0.1:80/x", ("loopback", 80)),
        ("http://[::1]:4100", ("loopback", 4100)),
        ("box:11434", ("box", 11434)),
        ("http://127.evil.example", ("127.evil.example", 80)),
        ("ftp://x", None),
        ("http://", None),
    ],
)
def test_origins(url, origin):
    assert origin_of(url) == origin
