import pytest
from alike import claims
from exchanges import events
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.openai_completions import ALIKE, DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message


@pytest.mark.parametrize(
    "path", ["/v1/completions", "/completions", "/openai/deployments/d/completions", "/v1/completions/"]
)
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ())


@pytest.mark.parametrize("path", ["/v1/chat/completions", "chat/completions", "/chat/completions", "/v1/xcompletions"])
def test_chat_is_something_else(path):
    assert not matches("POST", path, ())
    assert not matches("GET", "/v1/completions", ())


def test_a_request_is_its_prompts_and_parameters():
    read = asked({"model": "m", "prompt": ["a", "b"], "suffix": "s", "stream": True}, "/v1/completions")
    assert read.messages == (Message("user", "a"), Message("user", "b"))
    assert (read.model, read.stream, read.parameters) == ("m", True, {"suffix": "s", "stream": True})
    assert asked({}, "/openai/deployments/d/completions").model == "d"


LOGPROBS = {"tokens": ["a"], "token_logprobs": [-1.5], "top_logprobs": None, "text_offset": [0]}


def test_an_answer_is_its_texts_by_index():
    read = answered(
        {
            "id": "c1",
            "object": "text_completion",
            "model": "m",
            "choices": [
                {"index": 1, "text": "b", "finish_reason": "length", "logprobs": None, "stop_reason": 3},
                {"index": 0, "text": "a", "finish_reason": "stop", "logprobs": LOGPROBS},
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        }
    )
    assert read.messages == (
        Message("assistant", "a", finish_reason="stop", extra={"logprobs": LOGPROBS}),
        Message("assistant", "b", finish_reason="length", extra={"stop_reason": 3}),
    )
    assert (read.response_id, read.model, read.usage.input, read.extra) == ("c1", "m", 1, {})
    assert read.finished and not read.lossy


def test_a_stream_gives_the_same_as_a_whole_answer():
    answer = streamed(
        events(
            {"id": "c1", "model": "m", "choices": [{"index": 0, "text": "", "finish_reason": None}]},
            {"choices": [{"index": 0, "text": "he", "logprobs": LOGPROBS}]},
            {"choices": [{"text": "llo", "logprobs": LOGPROBS, "finish_reason": "stop"}, {"index": 1, "text": "x"}]},
            {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        )
    )
    first, second = answer.messages
    assert (first.content, first.finish_reason, second.content) == ("hello", "stop", "x")
    assert first.extra["logprobs"]["tokens"] == ["a", "a"]
    assert (answer.usage.output, answer.first_content, answer.finished) == (2, 2, True)


def test_an_error_keeps_what_was_said():
    answer = streamed(events({"choices": [{"index": 0, "text": "a"}]}, {"error": "over"}, done=False))
    assert (answer.error, answer.messages[0].content, answer.finished) == (CallError("over"), "a", False)
    assert answered({"error": "over"}).error == CallError("over")


@pytest.mark.parametrize(
    "body", [{}, {"choices": 5}, {"choices": ["x"]}, {"choices": [{"text": 5}]}, {"choices": [{"finish_reason": []}]}]
)
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_a_choice_without_a_text_has_none():
    assert answered({"choices": [{"index": 0, "finish_reason": ""}]}).messages == (Message("assistant"),)
    assert DIALECT.operation == "text_completion"


_CHUNK = b'data: {"id":"c","object":"t","created":5,"model":"m","choices":[%b]%b}'
_CHOICES = (
    b'{"index":@,"text":"<>"}',
    b'{"index":0,"text":"<>","logprobs":null,"finish_reason":null}',
    b'{"index":1,"text":"<>"}',
    b'{"text":"<>","logprobs":{"tokens":["<>"]}}',
    b'{"text":"<>","finish_reason":"stop"}',
    b'{"text":"<>","x":[1]}',
    b'{"text":#}',
    b'{"text":"<>"},{"index":1,"text":"<>"}',
    b'"<>"',
)
ALIKES = (
    *(_CHUNK % (choice, b',"obfuscation":"##"') for choice in _CHOICES),
    _CHUNK % (b'{"text":"<>"}', b',"usage":{"prompt_tokens":#}'),
    _CHUNK % (b'{"text":"<>"}', b',"usage":{"prompt_tokens":7,"total_tokens":#,"completion_tokens":#}'),
    *(b"data: [DONE]", b'data: {"error":"<>"}'),
)
"""Chunks that may be of a run and chunks that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES)
)


def test_there_are_no_more_choices_than_are_decoded():
    answer = streamed(events(*({"choices": [{"index": at, "text": "a"}]} for at in range(MOST_ANSWERS + 5))))
    assert (len(answer.messages), answer.lossy) == (MOST_ANSWERS, True)
