import pytest
from pandaprobe_proxy.dialects.bedrock_paths import read_path


@pytest.mark.parametrize(
    ("path", "model", "verb"),
    [
        ("/model/us.anthropic.claude-v1%3A0/converse", "us.anthropic.claude-v1:0", "converse"),
        ("/bedrock/model/amazon.titan/converse-stream/", "amazon.titan", "converse-stream"),
        ("model/m/invoke", "m", "invoke"),
        ("/model/m/invoke-with-response-stream", "m", "invoke-with-response-stream"),
        (
            "/model/arn%3Aaws%3Abedrock%3A%3A1%3Aprofile%2Fm/count-tokens",
            "arn:aws:bedrock::1:profile/m",
            "count-tokens",
        ),
        ("/model/arn:aws:bedrock::1:profile/m/converse", "arn:aws:bedrock::1:profile/m", "converse"),
    ],
)
def test_a_path_names_the_model_and_what_is_asked(path, model, verb):
    assert read_path(path) == (model, verb)


@pytest.mark.parametrize("path", ["/model/m", "/model/m/converses", "/models/m/converse", "/model//x", "/v1/messages"])
def test_other_paths_are_none_of_it(path):
    assert read_path(path) == (None, "")
