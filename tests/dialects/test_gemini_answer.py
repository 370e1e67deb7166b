from time import process_time

import pytest
from alike import claims
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.gemini_answer import ALIKE, GeminiAnswer, grow
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.model.call import CallError, Message


def read(*responses, streamed=False):
    answer = GeminiAnswer()
    for end, response in enumerate(responses, 1):
        answer.take(response, end)
    return answer.finish(streamed)


def said(*parts, **candidate):
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}} | candidate]}


def test_candidates_are_messages_by_index():
    second, first = said({"text": "b"}, index=1)["candidates"], said({"text": "a"}, index=0, finishReason="STOP")
    answer = read(
        {"candidates": second + first["candidates"], "modelVersion": "m", "responseId": "r", "createTime": "t"}
    )
    assert answer.messages == (
        Message("assistant", [{"text": "a"}], finish_reason="STOP"),
        Message("assistant", [{"text": "b"}]),
    )
    assert (answer.model, answer.response_id, answer.extra) == ("m", "r", {"createTime": "t"})
    assert answer.finished and not answer.lossy


def test_pieces_are_appended_and_the_last_reason_counts():
    answer = read(
        said({"text": "a"}, finishReason="MAX_TOKENS", avgLogprobs=-1),
        said({"text": "b"}, finishReason=1, avgLogprobs=None, index=0),
        {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}},
        streamed=True,
    )
    assert answer.messages == (Message("assistant", [{"text": "ab"}], finish_reason="STOP", extra={"avgLogprobs": -1}),)
    assert (answer.usage.input, answer.usage.output, answer.finished) == (1, 2, True)


@pytest.mark.parametrize(("reason", "name"), [(3, "SAFETY"), (99, "99"), ("NEW", "NEW"), (-1, "-1")])
def test_a_reason_may_be_a_number(reason, name):
    assert read(said(finishReason=reason)).messages[0].finish_reason == name


def test_a_stream_is_whole_when_each_candidate_says_why_it_ended():
    assert not read(said({"text": "a"}), streamed=True).finished
    assert not read(streamed=True).finished
    assert read(said({"text": "a"})).finished


def test_what_stands_beside_the_text_grows():
    first = {"citationMetadata": {"citations": [1]}, "groundingMetadata": {}, "logprobsResult": {"chosen": [1]}}
    second = {
        "citationMetadata": {"citations": [2], "n": 1},
        "groundingMetadata": {"chunks": [1]},
        "logprobsResult": {"chosen": [1]},
    }
    third = {"groundingMetadata": {"chunks": [1, 2]}, "safetyRatings": [3]}
    answer = read(said({"text": "a"}, **first), said(**second), said(**third))
    assert answer.messages[0].extra == {
        "citationMetadata": {"citations": [1, 2], "n": 1},
        "groundingMetadata": {"chunks": [1, 2]},
        "logprobsResult": {"chosen": [1, 1]},
        "safetyRatings": [3],
    }


def test_growing_leaves_alone_what_was_taken_in():
    value = {"list": [1]}
    held = {}
    grow(held, "a", value)
    grow(held, "a", {"list": [2]})
    assert (held, value) == ({"a": {"list": [1, 2]}}, {"list": [1]})


def test_a_blocked_prompt_is_an_error_and_whole():
    answer = read({"promptFeedback": {"blockReason": "SAFETY"}}, streamed=True)
    assert answer.error == CallError("the prompt was blocked", "prompt_blocked", "SAFETY")
    assert answer.finished and not answer.lossy
    assert read(said({"text": "a"}) | {"promptFeedback": {"safetyRatings": []}}).error is None


def test_an_error_keeps_what_was_said():
    error = {"code": 503, "message": "busy", "status": "UNAVAILABLE"}
    answer = read(said({"text": "a"}), {"error": error}, streamed=True)
    assert answer.error == CallError("busy", "UNAVAILABLE", "503")
    assert (answer.messages[0].text, answer.finished, answer.extra) == ("a", False, {"error": error})


def test_a_response_may_be_wrapped():
    assert read({"response": said({"text": "a"}), "traceId": "t"}).messages[0].text == "a"


def test_moments_are_those_of_the_first_that_says_something():
    call = {"functionCall": {"name": "f"}}
    answer = read(
        said({"text": "hm", "thought": True}), said({"text": "a"}), said({"text": "b"}, call), said(call), streamed=True
    )
    assert (answer.first_content, answer.first_tool) == (2, 3)
    assert read(said({"text": "a"})).first_content is None


@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        {"candidates": 5},
        {"candidates": ["x"]},
        {"usageMetadata": 5, "candidates": []},
        {"candidates": [{"content": "x"}]},
        {"candidates": [{"content": {"parts": 5}}]},
        {"candidates": [{"content": {"parts": ["x"]}}]},
        said({"functionCall": {"name": "f", "partialArgs": [5]}}),
    ],
)
def test_what_cannot_be_placed_is_told(response):
    assert read(response).lossy


def test_a_candidate_without_content_and_a_count_of_tokens_are_whole():
    assert not read({"candidates": [{"finishReason": "SAFETY"}]}).lossy
    assert not read({"totalTokens": 5, "promptFeedback": None}).lossy
    assert read({"candidates": [{"content": {"role": "model", "odd": 1}}]}).messages[0].extra == {"odd": 1}


def test_a_hundred_thousand_responses_are_read_in_one_pass():
    one = said({"text": "word "}, index=0, logprobsResult={"chosen": [1]}) | {"usageMetadata": {"totalTokenCount": 1}}
    began = process_time()
    answer = read(*[one] * 100_000, streamed=True)
    assert (
        len(answer.messages[0].text) == 500_000 and len(answer.messages[0].extra["logprobsResult"]["chosen"]) == 100_000
    )
    assert process_time() - began < 5


def read_stream(told):
    answer = GeminiAnswer()
    for response, event in read_objects(told):
        answer.take(response, event.end)
    return answer.finish(streamed=True)


_RESPONSE = b'data: {"candidates": [%b]%b}'
_USAGE = b',"usageMetadata": {"promptTokenCount": 3,"candidatesTokenCount": #,"totalTokenCount": #},"responseId": "r"'
_PARTS = (
    b'{"text": "<>"}',
    b'{"text": "<>","thought": true}',
    b'{"text": "<>"},{"text": "<>"}',
    b'{"text": "<>","thoughtSignature": "s"}',
    b'{"functionCall": {"name": "<>","args": {}}}',
    b'"<>"',
    b"",
)
_TEXT = b'"content": {"parts": [{"text": "<>"}]}'
_CANDIDATES = (
    b'{%b,"index": 1}' % _TEXT,
    b'{%b,"finishReason": "STOP"}' % _TEXT,
    b'{%b,"avgLogprobs": -0.5}' % _TEXT,
    b'{"content": {"parts": [{"text": "<>"}],"x": {"l": [1]}}}',
    b'{"content": "<>"}',
    b'"<>"',
    b"{%b},{%b}" % (_TEXT, _TEXT),
)
_BESIDE = (
    b"",
    b',"usageMetadata": {"trafficType": "x"}',
    b',"usageMetadata": {"candidatesTokenCount": #,"d": [{"candidatesTokenCount": #}]}',
    b',"usageMetadata": []',
    b',"modelVersion": ["g"]',
    b',"x": {"l": ["g"]}',
)
ALIKES = (
    *(_RESPONSE % (b'{"content": {"parts": [%b],"role": "model"},"index": 0}' % part, _USAGE) for part in _PARTS),
    *(_RESPONSE % (candidate, _USAGE) for candidate in _CANDIDATES),
    *(_RESPONSE % (b"{%b}" % _TEXT, beside) for beside in _BESIDE),
    *(b'data: {"response": {"candidates": [{%b}]}}' % _TEXT, b'data: {"error": {"message": "<>"}}'),
)
"""Responses that may be of a run and responses that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(read_stream, ALIKE, ALIKES)
)


def test_there_are_no_more_candidates_than_are_decoded():
    answer = read(*(said({"text": "a"}, index=index) for index in range(MOST_ANSWERS + 5)), streamed=True)
    assert (len(answer.messages), answer.lossy) == (MOST_ANSWERS, True)
