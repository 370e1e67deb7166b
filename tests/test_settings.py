"""What can be set, and what cannot be."""

from pathlib import Path

import pytest
from pandaprobe_proxy.settings import Settings, flag_of
from pydantic import ValidationError


def test_settings_are_frozen_and_know_no_others():
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1
    with pytest.raises(ValidationError):
        Settings(prot=1)


@pytest.mark.parametrize(
    "given",
    [{"mine": "https://a/v1", "b": "http://b"}, ("mine=https://a/v1", "b=http://b"), "mine=https://a/v1, b=http://b,"],
)
def test_upstreams_are_read_from_a_table_from_flags_and_from_text(given):
    assert Settings(upstreams=given).upstreams == {"mine": "https://a/v1", "b": "http://b"}


def test_a_url_may_hold_an_equals_sign():
    assert Settings(upstreams=("a=https://a/v1?b=c",)).upstreams == {"a": "https://a/v1?b=c"}


@pytest.mark.parametrize("given", ["https://a/v1", "mine=", "=https://a"])
def test_an_upstream_without_name_or_url_says_how_to_write_one(given):
    with pytest.raises(ValidationError, match="write NAME=URL"):
        Settings(upstreams=(given,))


def test_patterns_are_one_a_line_and_must_be_regular_expressions():
    assert Settings(redact="acme-[0-9]{2,4}\ninternal\n").redact == ("acme-[0-9]{2,4}", "internal")
    with pytest.raises(ValidationError, match="not a regular expression"):
        Settings(redact=("(",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70_000),
        ("port", "http"),
        ("default_session", " "),
        ("default_session", "x" * 256),
        ("capture", "some"),
        ("ring_bytes", 5),
        ("connect_timeout_s", 0),
        ("keep_days", -1),
        ("log_level", "loud"),
    ],
)
def test_what_cannot_be_is_refused(name, value):
    with pytest.raises(ValidationError):
        Settings(**{name: value})


def test_prices_are_a_table_or_a_file(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text("[m]\ninput = 1\noutput = 2\n")
    assert Settings(prices=str(path)).prices == Settings(prices={"m": {"input": 1, "output": 2}}).prices
    with pytest.raises(ValidationError, match="'output' of the price of 'm': field required"):
        Settings(prices={"m": {"input": 1}})


def test_settings_cross_to_the_recorder_as_json():
    prices = {"m": {"input": 1, "output": 2}}
    settings = Settings(data_dir=Path("/x"), upstreams={"a": "http://a"}, redact=("x",), prices=prices)
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize("given", [("X-My-Run", "x_run"), "X-My-Run, x_run,"])
def test_session_headers_are_names_in_a_list_or_a_text(given):
    assert Settings(session_headers=given).session_headers == ("X-My-Run", "x_run")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "naïve", "x" * 101])
def test_what_no_header_can_be_called_is_refused(name):
    with pytest.raises(ValidationError, match="not the name of a header"):
        Settings(session_headers=(name,))


def test_a_setting_that_may_be_given_again_has_a_flag_for_one_value():
    assert [flag_of(name) for name in ("upstreams", "session_headers", "web_port")] == [
        "--upstream", "--session-header", "--web-port",
    ]  # fmt: skip


def test_hooks_are_commands_and_urls_one_a_line():
    hooks = ("judge --fast 'a b'", "https://a.example/x")
    assert Settings(session_hooks="\n".join(hooks) + "\n").session_hooks == hooks
    assert flag_of("session_hooks") == "--session-hook"
    for odd in ("https://", "http://a.example:0/", "https://a.example:x/", " ", "judge 'open"):
        with pytest.raises(ValidationError):
            Settings(session_hooks=(odd,))
