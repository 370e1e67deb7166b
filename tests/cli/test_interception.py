"""Which variables send a command through the forward proxy."""

import shlex
from pathlib import Path

import pytest
from pandaprobe_proxy.cli.interception import other_proxy, plan_interception
from pandaprobe_proxy.cli.variables import plan

FORWARD = "127.0.0.1:4102"


def made(environ, session=None):
    pointed = plan(environ, "127.0.0.1:4100", "127.0.0.1:4101", session)
    return plan_interception(pointed, environ, FORWARD, ["api.openai.com:443", "*.azure.test:443"])


def test_connections_go_through_the_proxy_but_those_to_this_machine():
    variables = made({}).variables
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        assert variables[name] == f"http://{FORWARD}"
    assert variables["NO_PROXY"] == variables["no_proxy"] == "localhost,127.0.0.1,::1"
    assert variables["NODE_USE_ENV_PROXY"] == "1"


def test_older_node_is_given_a_preload_beside_its_own_options():
    options = made({"NODE_OPTIONS": "--no-warnings"}).variables["NODE_OPTIONS"]
    own, flag, path = shlex.split(options)
    assert (own, flag) == ("--no-warnings", "--require") and Path(path).is_file()
    assert made({"NODE_OPTIONS": options}).variables["NODE_OPTIONS"] == options


def test_what_was_to_be_reached_directly_still_is():
    assert made({"NO_PROXY": ".corp,127.0.0.1"}).variables["no_proxy"] == ".corp,127.0.0.1,localhost,::1"


def test_base_urls_stay_and_their_hosts_become_known():
    result = made({"OPENAI_BASE_URL": "https://llm.corp/v1"})
    assert not any(name.endswith(("BASE_URL", "API_BASE")) for name in result.variables)
    assert list(result.upstreams.values()) == ["https://llm.corp/v1"]


def test_the_session_goes_along_in_headers_and_to_the_shim():
    variables = made({}, session="trip").variables
    assert variables["PANDAPROBE_SESSION"] == "trip"
    assert variables["OPENAI_CUSTOM_HEADERS"] == "X-PandaProbe-Session: trip"
    assert "OPENAI_CUSTOM_HEADERS" not in made({}).variables


def test_the_shim_is_told_which_calls_the_proxy_reads():
    variables = made({}).variables
    assert variables["PANDAPROBE_INTERCEPTED_BY"] == FORWARD
    assert variables["PANDAPROBE_INTERCEPTED"] == "api.openai.com:443,*.azure.test:443"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_another_proxy_is_seen(name):
    assert other_proxy({name: "http://proxy.corp:3128"}, FORWARD) == name
    assert other_proxy({name: f"http://{FORWARD}/"}, FORWARD) == other_proxy({}, FORWARD) == ""
