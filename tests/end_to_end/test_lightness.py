"""What a sidecar that nobody uses yet has not loaded."""

import pytest
from asking import ask
from openai_upstream import openai_upstream
from sidecar import sidecar, wait_until


@pytest.fixture
def upstream():
    with openai_upstream() as running:
        yield running


def test_prices_and_a_client_and_a_server_for_http_are_loaded_by_those_who_need_them(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url, env={"PYTHONPROFILEIMPORTTIME": "1"}) as running:
        running.ready()
        assert not {"aiohttp", "genai_prices.data"} & loaded(running)
        ask(running.url, "s-1", "What is the capital of France?")
        wait_until(lambda: "genai_prices.data" in loaded(running))
        assert "aiohttp" not in loaded(running)


def loaded(running):
    """The modules that its processes have loaded."""
    lines = running.log.read_text(errors="replace").splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
