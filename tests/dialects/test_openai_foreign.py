import pytest
from pandaprobe_proxy.dialects.openai_foreign import is_foreign


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/files",
        "/v1alpha1/batches",
        "/v1/organization/usage/vector_stores",
        "/v1/projects/p/evals",
        "/v1/messages/batches/b",
        "/upload/v1/files",
        "/mistral/v1/conversations",
    ],
)
def test_what_is_of_another_is_foreign(path):
    assert is_foreign(path, ())


def test_the_rest_is_not_unless_its_headers_say_so():
    assert not is_foreign("/v1/files", ()) and not is_foreign("/openai/v1/batches/b", ())
    assert is_foreign("/v1/files", ((b"Anthropic-Version", b"2023-06-01"),))
    assert is_foreign("/v1/conversations", ((b"User-Agent", b"mistral-client-python/3.7.0"),))
