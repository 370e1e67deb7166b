"""`wrap_openai` and its kin."""

import pytest
from openai import OpenAI
from pandaprobe import settings
from pandaprobe.wrappers import wrap_anthropic, wrap_openai


def test_a_client_of_the_sidecar_makes_it_known(alone):
    client = OpenAI(base_url="http://localhost:4321/v1", api_key="x")
    assert wrap_openai(wrap_openai(client)) is client
    assert ("loopback", 4321) in settings.current().origins
    assert settings.current().enabled


def test_a_client_of_the_provider_is_left_alone(alone):
    client = OpenAI(base_url="https://api.openai.com/v1", api_key="x")
    assert wrap_openai(client) is client
    assert ("api.openai.com", 443) not in settings.current().origins


@pytest.mark.parametrize("thing", [None, object(), 7])
def test_anything_is_given_back(alone, thing):
    assert wrap_anthropic(thing) is thing
