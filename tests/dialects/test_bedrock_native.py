import pytest
from pandaprobe_proxy.dialects.bedrock_native import read_native_answer, read_native_request
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, UsageSource


def ask(body, model="m"):
    return read_native_request(body, model, stream=False)


def test_requests_of_anthropic_are_anthropics():
    body = {"anthropic_version": "v", "system": "s", "messages": [{"role": "user", "content": "hi"}]}
    assert [message.role for message in ask(body).messages] == ["system", "user"]


@pytest.mark.parametrize("more", [{"schemaVersion": "messages-v1"}, {"inferenceConfig": {}}, {}])
def test_requests_of_nova_are_those_of_converse(more):
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}
    read = ask({"messages": [{"role": "assistant", "content": [use]}], **more})
    assert read.messages[0].tool_calls == (ToolCall("t", "f", "{}"),)


def test_requests_of_others_with_messages_are_those_of_openai():
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    read = ask({"messages": [{"role": "assistant", "tool_calls": [call]}], "tools": [{"type": "function"}]})
    assert read.messages == (Message("assistant", tool_calls=(ToolCall("a", "f", "{}"),)),)
    assert read.tools == ({"type": "function"},) and read.operation is None
    typed = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
    assert ask({"messages": [typed]}).messages[0].text == "hi"


@pytest.mark.parametrize(
    ("body", "model", "operation"),
    [
        ({"prompt": "hi", "max_gen_len": 5}, "meta.llama", "text_completion"),
        ({"inputText": "hi", "textGenerationConfig": {}}, "amazon.titan-text-lite-v1", "text_completion"),
        ({"inputText": "hi"}, "amazon.titan-embed-text-v2:0", "embeddings"),
        ({"texts": ["hi"], "input_type": "search_query"}, "cohere.embed-v4", "embeddings"),
        ({"query": "hi", "documents": []}, "cohere.rerank-v3-5:0", "rerank"),
    ],
)
def test_a_text_is_a_message(body, model, operation):
    read = ask(body, model)
    assert (read.model, read.messages, read.operation) == (model, (Message("user", "hi"),), operation)


def test_images_are_asked_for_as_a_task():
    body = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a house"}}
    assert (ask(body).operation, ask(body).parameters) == ("images", body)


def test_a_chat_of_cohere_has_a_preamble_a_history_and_a_message():
    history = [{"role": "USER", "message": "a"}, {"role": "CHATBOT", "message": "b"}, {"role": "X", "n": 1}, "odd"]
    read = ask({"preamble": "s", "chat_history": history, "message": "c", "temperature": 0})
    assert read.messages == (
        Message("system", "s"),
        Message("user", "a"),
        Message("assistant", "b"),
        Message("X", extra={"n": 1}),
        Message("", "odd"),
        Message("user", "c"),
    )
    assert (read.operation, read.parameters) == (None, {"temperature": 0})


def test_a_request_that_names_no_model_is_read_all_the_same():
    assert read_native_request({"messages": ["odd"]}, None, stream=True).stream
    assert read_native_request({"messages": [{"content": []}]}, None, stream=True).messages[0].content == []


def test_answers_of_anthropic_and_nova_are_theirs():
    block = {"type": "text", "text": "a"}
    assert read_native_answer({"type": "message", "content": [block]}).messages[0].text == "a"
    assert read_native_answer({"type": "error", "error": {"message": "m"}}).error == CallError("m")
    assert read_native_answer({"output": {"message": {"content": [{"text": "a"}]}}}).messages[0].text == "a"


def test_answers_with_choices_are_those_of_openai():
    message = {"role": "assistant", "content": "a"}
    read = read_native_answer(
        {
            "id": "c1",
            "model": "gpt-oss",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        }
    )
    assert read.messages == (Message("assistant", "a", finish_reason="stop"),)
    assert (read.model, read.response_id, read.usage.output, read.lossy) == ("gpt-oss", "c1", 2, False)


def test_choices_may_be_texts():
    read = read_native_answer({"choices": [{"text": "a", "stop_reason": "stop", "index": 0, "logprob": 1}, None]})
    assert read.messages == (Message("assistant", "a", finish_reason="stop", extra={"logprob": 1}),) and read.lossy


def test_a_text_is_an_answer():
    assert read_native_answer({"generation": "a", "stop_reason": "stop"}).messages[0].content == "a"


@pytest.mark.parametrize(
    ("body", "number", "dimensions"),
    [
        ({"embedding": [1, 2, 3], "embeddingsByType": {"float": [1, 2, 3]}}, 1, 3),
        ({"embeddings": [[1, 2], [3, 4]]}, 2, 2),
        ({"embeddings": {"int8": [[1, 2]], "float": [[1, 2]]}}, 1, 2),
        ({"embeddings": [{"embedding": [1, 2]}, {"embedding": [1]}]}, 2, [1, 2]),
    ],
)
def test_embeddings_are_kept_as_their_number_and_length(body, number, dimensions):
    read = read_native_answer(body | {"inputTextTokenCount": 5, "id": "e"})
    assert read.extra == {"inputTextTokenCount": 5, "id": "e", "count": number, "dimensions": dimensions}
    assert (read.usage.input, read.usage.source, read.lossy) == (5, UsageSource.REPORTED, False)


@pytest.mark.parametrize("body", [{"images": ["aGk="]}, {"artifacts": []}, {"results": [{"relevance_score": 1}]}])
def test_images_and_ranks_are_kept(body):
    assert read_native_answer(body).extra == body and not read_native_answer(body).lossy


@pytest.mark.parametrize("body", [{}, {"x": 1}, {"embeddings": {}}, {"embedding": "x"}])
def test_an_answer_of_no_known_shape_is_told_and_kept(body):
    assert read_native_answer(body).extra == body and read_native_answer(body).lossy
