import pytest
from exchanges import events
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_files import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError

LINES = b'{"custom_id": "a", "response": {"status_code": 200}}\n{"custom_id": "b", "response": {"status_code": 500}}\n'


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files",
        "/openai/files/f",
        "/v1/files/f/content",
        "/v1/uploads",
        "/v1/uploads/u/parts",
        "/v1/containers/c/files",
    ],
)
def test_files_and_uploads_are_known_by_their_path(path):
    assert all(matches(method, path, ()) for method in ("GET", "POST", "DELETE"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/files"),
        ("GET", "/v1/vector_stores/v/files"),
        ("GET", "/v1/files/f/other"),
        ("GET", "/v1beta/files/f"),
        ("POST", "/v1/uploads/u/other"),
    ],
)
def test_other_paths_are_not(method, path):
    assert not matches(method, path, ())


def test_a_file_is_described():
    blob = Blob("text/csv", b"a,b", "a.csv")
    assert asked({"purpose": "x", "file": blob}, "/v1/files").parameters == {"purpose": "x", "file": blob.describe()}
    assert answered(Blob("text/csv", b"a,b")).extra == {"file": Blob("text/csv", b"a,b").describe()}


def test_fields_are_kept():
    read = answered({"id": "file-1", "object": "file", "expires_at": None})
    assert read.extra == {"id": "file-1", "object": "file"} and read.error is None and not read.lossy
    assert answered({"error": {"message": "m"}}).error == CallError("m")


def test_the_output_of_a_batch_says_how_many_answers_have_which_status():
    blob = Blob("application/octet-stream", LINES)
    told = {"lines": 2, "statuses": {"200": 1, "500": 1}}
    assert answered(blob).extra == {"file": blob.describe()} | told
    assert streamed(events(*LINES.decode().splitlines(), done=False)).extra == told


def test_an_output_of_one_line_is_that_line():
    assert answered({"custom_id": "a", "error": {"code": "x"}}).extra["lines"] == 1
    assert answered({"custom_id": "a", "error": {"code": "x"}}).error is None


def test_the_dialect_counts_no_tokens():
    assert (DIALECT.operation, DIALECT.counts_tokens, DIALECT.blobs) == ("files", False, True)
