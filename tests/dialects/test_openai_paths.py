import pytest
from pandaprobe_proxy.dialects.openai_paths import read_deployment


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/openai/deployments/gpt%2D4o/chat/completions", "gpt-4o"),
        ("/openai/deployments//chat", None),
        ("/v1/chat/completions", None),
    ],
)
def test_a_deployment_names_the_model(path, model):
    assert read_deployment(path) == model
