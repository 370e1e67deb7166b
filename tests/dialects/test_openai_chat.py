import pytest
from pandaprobe_proxy.dialects.openai_chat import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message, ToolCall


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/openai/v1/chat/completions",
        "/openai/deployments/d/chat/completions",
        "/api/v1/chat/completions",
        "/px/v1/v1/chat/completions",
        "/beta/chat/completions",
        "/chat/completions/",
    ],
)
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/xchat/completions"),
        ("POST", "/v1/chat/completions/c1"),
        ("GET", "/v1/chat/completions/c1/messages"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_a_request_is_its_messages_tools_and_parameters():
    tool, old = {"type": "function", "function": {"name": "f"}}, {"name": "g"}
    read = asked(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": [{"type": "text", "text": "u"}]},
            ],
            "tools": [tool],
            "functions": [old],
            "stream": True,
            "temperature": 0,
            "unknown": {"k": 1},
        },
        "/v1/chat/completions",
    )
    assert read.model == "m" and read.stream
    assert [message.text for message in read.messages] == ["s", "u"]
    assert read.tools == (tool, old)
    assert read.parameters == {"stream": True, "temperature": 0, "unknown": {"k": 1}}


def test_fields_of_a_wrong_type_are_kept_as_parameters():
    body = {"model": 5, "messages": "hi", "tools": {}, "stream": "true"}
    read = asked(body, "/openai/deployments/d/chat/completions")
    assert (read.model, read.messages, read.stream, read.parameters) == ("d", (), False, body)


def test_an_answer_is_its_choices_by_index():
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    read = answered(
        {
            "id": "c1",
            "object": "chat.completion",
            "created": 5,
            "model": "m-2024",
            "system_fingerprint": None,
            "choices": [
                {"index": 1, "message": {"role": "assistant", "content": "b"}, "finish_reason": "stop"},
                {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"},
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        }
    )
    assert read.messages == (
        Message("assistant", None, tool_calls=(ToolCall("a", "f", "{}"),), finish_reason="tool_calls"),
        Message("assistant", "b", finish_reason="stop"),
    )
    assert (read.response_id, read.model, read.usage.output, read.extra) == ("c1", "m-2024", 2, {"created": 5})
    assert read.finished and not read.lossy


@pytest.mark.parametrize(
    "extra",
    [
        {"citations": ["a"], "search_results": [{"url": "a"}]},
        {"x_groq": {"id": "r"}, "provider": "P", "timings": {"n": 1}, "kv_transfer_params": {"k": 1}},
        {"prompt_token_ids": [1], "prompt_filter_results": [{"prompt_index": 0}], "moderation": {"flagged": False}},
    ],
)
def test_extensions_of_an_answer_are_kept(extra):
    beside = {"native_finish_reason": "STOP", "content_filter_results": {"hate": {"filtered": False}}}
    within = {
        "annotations": [{"type": "url_citation"}],
        "executed_tools": [{"type": "search"}],
        "reasoning_details": [{"type": "reasoning.text", "text": "hm"}],
        "audio": {"id": "a", "data": "QQ==", "transcript": "t", "expires_at": 1},
    }
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"} | within, "finish_reason": "stop"} | beside
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0.1}
    read = answered({"choices": [choice], "usage": usage} | extra)
    (message,) = read.messages
    assert read.extra == extra and message.extra == within | beside and message.reasoning == "hm"
    assert read.usage.raw["cost"] == 0.1 and not read.lossy


def test_options_of_a_request_are_parameters():
    options = {"web_search_options": {"search_context_size": "low"}, "modalities": ["audio"], "audio": {"voice": "ash"}}
    assert asked({"messages": []} | options, "/v1/chat/completions").parameters == options


def test_an_error_in_a_successful_answer_is_an_error():
    read = answered({"error": {"message": "m", "code": 502}})
    assert read.error == CallError("m", "", "502") and read.finished and not read.lossy
    assert read.extra == {"error": {"message": "m", "code": 502}}


@pytest.mark.parametrize("body", [{}, {"choices": "x"}, {"choices": [1]}, {"choices": [{"index": "a"}, None]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_answer_of_no_choice_is_whole():
    assert answered({"choices": []}).finished and not answered({"choices": []}).lossy


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("openai_chat", "chat") and DIALECT.version >= 1
    assert not DIALECT.streamed([]).finished
