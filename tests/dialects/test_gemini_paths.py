import pytest
from pandaprobe_proxy.dialects.gemini_paths import bare_model, read_method, read_model


@pytest.mark.parametrize(
    ("path", "model", "method"),
    [
        ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", "generateContent"),
        ("/gem/v1/models/m%2F1%3AcountTokens/", "m/1", "countTokens"),
        ("/v1/projects/p/locations/l/publishers/google/models/m:predict", "m", "predict"),
        ("/v1internal:generateContent", None, "generateContent"),
        ("/v1beta/models", None, None),
    ],
)
def test_a_path_says_the_model_and_the_method(path, model, method):
    assert (read_model(path), read_method(path)) == (model, method)


def test_a_model_goes_by_its_bare_name():
    assert (bare_model("models/m"), bare_model("m"), bare_model(None)) == ("m", "m", None)
