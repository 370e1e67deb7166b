"""What is decrypted and what is not: exactly what is listed."""

import re

import pytest
from pandaprobe_proxy.intercept.hosts import Host, Hosts, parse_host


def test_a_host_without_a_port_is_that_of_https():
    assert parse_host("API.example.com", "openai") == Host("api.example.com", 443, "openai")
    assert parse_host("api.example.com:8443") == Host("api.example.com", 8443)
    assert parse_host("[::1]:8443") == Host("::1", 8443)


@pytest.mark.parametrize("text", ["", "https://api.example.com", "a b", "host:0", "host:70000", "host:x", "-x", "a/b"])
def test_what_is_no_host_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match="is not a host; write HOST or HOST:PORT"):
        parse_host(text)


@pytest.mark.parametrize(
    ("pattern", "authority", "matches"),
    [
        ("api.openai.com", "api.openai.com:443", True),
        ("api.openai.com", "API.OpenAI.com:443", True),
        ("api.openai.com", "api.openai.com:8443", False),
        ("api.openai.com", "evil-api.openai.com:443", False),
        ("api.openai.com", "api.openai.com.evil.test:443", False),
        ("api.openai.com", "apixopenai.com:443", False),
        ("*.openai.azure.com", "mine.openai.azure.com:443", True),
        ("*.openai.azure.com", "openai.azure.com:443", False),
        ("bedrock-runtime.*.amazonaws.com", "bedrock-runtime.eu-west-1.amazonaws.com:443", True),
        ("bedrock-runtime.*.amazonaws.com", "s3.eu-west-1.amazonaws.com:443", False),
        ("[::1]:8443", "::1:8443", True),
    ],
)
def test_a_pattern_matches_whole_names_only(pattern, authority, matches):
    regexes = Hosts([parse_host(pattern)]).regexes
    assert any(re.search(regex, authority, re.IGNORECASE) for regex in regexes) is matches


def test_a_call_has_the_name_of_the_first_entry_that_matches_one_of_its_hosts():
    hosts = Hosts(
        [parse_host("api.openai.com", "openai"), parse_host("*.openai.com", "more"), parse_host("*.own.test")]
    )
    assert hosts.name(["api.openai.com"], 443) == "openai"
    assert hosts.name(["eu.openai.com"], 443) == "more"
    assert hosts.name(["10.0.0.1", "LLM.own.test"], 443) == "llm.own.test"
    assert hosts.name(["api.openai.com"], 80) is None
    assert hosts.name([], 443) is None
