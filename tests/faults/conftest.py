import pytest
from openai_upstream import openai_upstream
from sidecar import sidecar


@pytest.fixture
def upstream():
    with openai_upstream() as running:
        yield running


@pytest.fixture
def recording(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url) as running:
        yield running
