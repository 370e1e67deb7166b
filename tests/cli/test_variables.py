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


@pytest.mark.parametrize(
    ("kept", "twin"), [("OPENAI_BASE_URL", "OPENAI_API_BASE"), ("OPENAI_API_BASE", "OPENAI_BASE_URL")]
)
def test_the_other_name_of_a_base_url_that_is_set_does_not_beat_it(kept, twin):
    made = plan({kept: "https://llm.example/v1"}, RELAY, WEB, None)
    assert kept in made.variables
    assert twin not in made.variables
    assert twin in plan({kept: "http://127.0.0.1:4100/v1"}, RELAY, WEB, None).variables


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("box", "http://box:11434"),
        ("box:80", "http://box:80"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("https://box/ollama", "https://box/ollama"),
    ],
)
def test_an_address_of_ollama_is_read_as_its_clients_do(value, url):
    assert list(plan({"OLLAMA_HOST": value}, RELAY, WEB, None).upstreams.values()) == [url]


def test_clients_whose_server_only_they_know_are_led_through_the_relay():
    environ = {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com", "CO_API_URL": "https://api.cohere.com"}
    made = plan(environ, RELAY, WEB, None)
    assert set(made.upstreams.values()) == set(environ.values())
    assert "AZURE_API_BASE" not in made.variables


def test_a_proxy_for_plain_http_is_not_asked_for_the_relay():
    assert "NO_PROXY" not in plan({"HTTPS_PROXY": "http://proxy:3128"}, RELAY, WEB, None).variables
    environ = {"http_proxy": "http://proxy:3128", "NO_PROXY": "intern.example"}
    variables = plan(environ, RELAY, WEB, None).variables
    assert (variables["NO_PROXY"], variables["no_proxy"]) == ("intern.example,127.0.0.1",) * 2


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
