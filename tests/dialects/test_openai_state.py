import pytest
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_state import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/chatcmpl-1"),
        ("GET", "/v1/chat/completions/chatcmpl-1/messages"),
        ("DELETE", "/v1/conversations/conv_1/items/msg_1"),
        ("GET", "/openai/v1/threads/thread_1/messages"),
        ("GET", "/v1/threads/t/runs/r/steps/s"),
        ("POST", "/v1/batches/batch_1/cancel"),
        ("GET", "/v1/vector_stores/v/files/f/content"),
        ("GET", "/v1/skills/s/versions/1/content"),
        ("POST", "/v1/evals/e/runs"),
        ("POST", "/v1/fine_tuning/jobs/j/pause"),
    ],
)
def test_what_is_held_is_known_by_its_path(method, path):
    assert matches(method, path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/control"),
        ("POST", "/v1/chat/completions/input_tokens"),
        ("POST", "/v1/threads/runs"),
        ("POST", "/v1/threads/t/runs"),
        ("GET", "/v1/messages/batches"),
        ("POST", "/v1/vector_stores/v/search"),
        ("POST", "/v1/chatkit/sessions"),
        ("PUT", "/v1/batches"),
    ],
)
def test_other_paths_are_not(method, path):
    assert not matches(method, path, ())


@pytest.mark.parametrize(
    ("path", "operation", "conversation"),
    [
        ("/v1/conversations/conv_1/items", None, "conv_1"),
        ("/v1/threads/thread_1", None, "thread_1"),
        ("/v1/batches/batch_1", "batches", None),
        ("/v1/vector_stores", "vector_stores", None),
        ("/v1/assistants", None, None),
    ],
)
def test_the_path_says_the_operation_and_the_conversation(path, operation, conversation):
    read = asked({"k": 1}, path)
    assert (read.operation, read.conversation_id, read.parameters) == (operation, conversation, {"k": 1})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"items": [{"type": "message", "role": "user", "content": "hi"}]}, "/v1/conversations"),
        ({"items": [{"type": "message", "role": "user", "content": "hi"}]}, "/v1/conversations/c/items"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "/v1/threads"),
        ({"role": "user", "content": "hi"}, "/v1/threads/t/messages"),
    ],
)
def test_what_is_added_to_a_conversation_is_messages(body, path):
    read = asked(body | {"metadata": {}}, path)
    assert read.messages == (Message("user", "hi"),) and read.parameters == {"metadata": {}}


def test_messages_of_anything_else_are_fields():
    assert asked({"items": [1]}, "/v1/evals").messages == ()
    assert asked({"role": "user"}, "/v1/threads/t/messages/m").parameters == {"role": "user"}


def test_fields_are_kept_and_no_token_is_counted():
    body = {"id": "batch_1", "object": "batch", "usage": {"input_tokens": 5}, "error": {"code": "x"}, "x": None}
    read = answered(body)
    assert read.extra == {key: value for key, value in body.items() if value is not None}
    assert (read.usage.input, read.error, read.lossy, read.response_id) == (None, None, False, None)


def test_a_conversation_and_a_thread_name_themselves():
    assert answered({"id": "conv_1", "object": "conversation"}).conversation_id == "conv_1"
    assert answered({"id": "thread_1", "object": "thread"}).conversation_id == "thread_1"
    assert answered({"id": "x", "object": ["thread"]}).conversation_id is None
    assert answered({"id": 5, "object": "thread"}).conversation_id is None


def test_errors_and_files_are_told():
    assert answered({"error": {"message": "m"}}).error == CallError("m")
    assert answered(Blob("application/zip", b"PK")).extra == {"file": Blob("application/zip", b"PK").describe()}
    assert (DIALECT.operation, DIALECT.counts_tokens) == ("state", False)
