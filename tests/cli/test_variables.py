"""Which variables point clients at the sidecar."""

import pytest
from pandaprobe_proxy.cli.variables import VARIABLES, plan, strays

RELAY, WEB = "127.0.0.1:4100", "127.0.0.1:4101"


def test_every_client_that_is_always_set_leads_to_the_relay_as_it_expects_it():
    variables = plan({}, RELAY, WEB, None).variables
    assert variables["OPENAI_BASE_URL"] == "http://127.0.0.1:4100/v1"
    assert variables["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:4100"
    assert variables["GOOGLE_GEMINI_BASE_URL"] == "http://127.0.0.1:4100/gemini"
    assert variables["GROQ_BASE_URL"] == "http://127.0.0.1:4100/groq"
    assert variables["PANDAPROBE_PROXY"] == "http://127.0.0.1:4100"
    assert variables["PANDAPROBE_ENDPOINT"] == "http://127.0.0.1:4101"
    assert "OLLAMA_HOST" not in variables


def test_a_base_url_that_is_set_is_kept_as_an_upstream():
    made = plan({"OPENAI_BASE_URL": "https://llm.example/v1", "OLLAMA_HOST": "box:11434"}, RELAY, WEB, None)
    (name,) = [name for name, url in made.upstreams.items() if url == "https://llm.example/v1"]
    assert made.variables["OPENAI_BASE_URL"].startswith(f"http://127.0.0.1:4100/{name}")
    assert any("box:11434" in url for url in made.upstreams.values())
    assert made.variables["OLLAMA_HOST"].startswith("http://127.0.0.1:4100/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:4100/v1", "http://localhost:4100/v1"])
def test_a_base_url_that_leads_to_the_relay_already_is_no_upstream(url):
    assert plan({"OPENAI_BASE_URL": url}, RELAY, WEB, None).upstreams == {}


def test_a_session_goes_into_the_environment_and_into_custom_headers():
    environ = {"OPENAI_CUSTOM_HEADERS": "X-Team: a\nx-pandaprobe-session: old"}
    variables = plan(environ, RELAY, WEB, "trip").variables
    assert variables["PANDAPROBE_SESSION"] == "trip"
    assert variables["OPENAI_CUSTOM_HEADERS"] == "X-Team: a\nX-PandaProbe-Session: trip"
    assert variables["ANTHROPIC_CUSTOM_HEADERS"] == "X-PandaProbe-Session: trip"
    assert "OPENAI_CUSTOM_HEADERS" not in plan({}, RELAY, WEB, None).variables


def test_variables_that_lead_elsewhere_are_found():
    environ = {"OPENAI_BASE_URL": "https://api.openai.com/v1", "ANTHROPIC_BASE_URL": "http://localhost:4100"}
    assert strays(environ, RELAY) == ["OPENAI_BASE_URL"]


def test_names_are_unique():
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
