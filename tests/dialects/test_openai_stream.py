import pytest
from exchanges import events
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.openai_stream import ChunkFold, find_only_choice
from pandaprobe_proxy.model.call import CallError, Message, UsageSource
from pandaprobe_proxy.wire.stream import StreamEvent

SAID = (Message("assistant", "hi", finish_reason="stop"),)
CUT = (Message("assistant", "h"),)


def fold(*chunks: object, done: bool = True, messages: tuple[Message, ...] = SAID) -> Answered:
    reading = ChunkFold(lambda choice, position, end: bool(choice))
    reading.read(events(*chunks, done=done))
    return reading.finish(messages)


def test_the_first_name_that_is_not_empty_counts():
    answer = fold({"id": "", "model": ""}, {"id": "a", "model": None}, {"id": "b", "model": "m"}, {"model": "n"})
    assert (answer.response_id, answer.model) == ("a", "m")


def test_what_describes_the_answer_is_said_first_and_everything_else_last():
    answer = fold(
        {"created": 1, "service_tier": "auto", "provider": "x", "citations": ["a"], "object": "o", "obfuscation": "zz"},
        {"created": 2, "service_tier": None, "provider": "y", "citations": [], "system_fingerprint": "f"},
    )
    assert answer.extra == {
        "created": 1,
        "service_tier": "auto",
        "provider": "y",
        "citations": ["a"],
        "system_fingerprint": "f",
    }


def test_usage_is_the_last_that_is_not_null_wherever_it_sits():
    answer = fold(
        {"usage": {"prompt_tokens": 3, "completion_tokens": 1}},
        {"usage": {"completion_tokens": 2}},
        {"usage": None},
        {"choices": [], "usage": {"total_tokens": 5}},
        {"moderation": {}},
    )
    assert (answer.usage.input, answer.usage.output, answer.usage.source) == (3, 2, UsageSource.REPORTED)


def test_usage_of_groq_is_found_in_its_extra():
    answer = fold({"x_groq": {"id": "r"}}, {"x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}})
    assert (answer.usage.input, answer.usage.output) == (3, 1)
    assert answer.extra["x_groq"]["id"] == "r"
    assert fold({"x_groq": "odd"}, {"x_groq": {"error": "over capacity"}}).error == CallError("over capacity")


def test_nothing_after_done_is_read():
    reading = ChunkFold(lambda *_: True)
    reading.read(events("[DONE] bye", {"error": "late"}, done=False))
    answer = reading.finish(CUT)
    assert answer.error is None and answer.finished


@pytest.mark.parametrize(
    ("chunk", "error", "kept"),
    [
        (
            {"error": {"message": "m", "type": "t", "code": 1}},
            CallError("m", "t", "1"),
            {"message": "m", "type": "t", "code": 1},
        ),
        ({"error": "text"}, CallError("text"), "text"),
        ("Number of choices must be 1", CallError("Number of choices must be 1"), None),
        ('"just text"', CallError("just text"), None),
    ],
)
def test_an_error_in_the_stream_keeps_what_was_said(chunk, error, kept):
    answer = fold({"id": "a"}, chunk, done=False, messages=CUT)
    assert answer.error == error and answer.messages == CUT and answer.response_id == "a"
    assert answer.extra.get("error") == kept
    assert not answer.finished and not answer.lossy


def test_an_event_of_type_error_is_an_error_whatever_is_in_it():
    reading = ChunkFold(lambda *_: True)
    reading.read([StreamEvent("error", '{"message": "m"}', "", 1), StreamEvent("error", '{"error": "n"}', "", 2)])
    answer = reading.finish(())
    assert answer.error == CallError("m") and answer.extra["error"] == "n"


def test_an_empty_error_is_none():
    answer = fold({"error": ""}, {"error": None})
    assert answer.error is None


def test_the_reason_error_is_an_error_unless_one_was_told():
    failed = (Message("assistant", finish_reason="error"),)
    assert fold(messages=failed).error == CallError("the answer ended with finish_reason error")
    assert fold({"error": "why"}, messages=failed).error == CallError("why")


@pytest.mark.parametrize(
    "chunk", ['{"cut', "[1, 2", 5, [1], None, {"choices": "x"}, {"choices": [1]}, {"choices": [{}]}]
)
def test_what_cannot_be_placed_is_told(chunk):
    assert fold(chunk, {"id": "a"}).lossy


@pytest.mark.parametrize("chunk", [" ", {"choices": [{"index": 0}]}, {"choices": None}, {"id": 5}])
def test_what_says_nothing_is_no_loss(chunk):
    assert not fold(chunk).lossy


def test_a_stream_of_something_else_is_a_loss():
    assert fold({"value": "a"}, {"value": "b"}, messages=()).lossy
    assert not fold({"error": "e"}, messages=()).lossy


@pytest.mark.parametrize(
    ("messages", "done", "finished"), [(SAID, False, True), (CUT, False, False), (CUT, True, True), ((), False, False)]
)
def test_a_stream_is_finished_when_it_says_so_or_every_choice_does(messages, done, finished):
    assert fold(done=done, messages=messages).finished is finished


def test_choices_are_handed_on_with_their_place_and_offset():
    seen = []
    reading = ChunkFold(lambda choice, position, end: not seen.append((choice["index"], position, end)))
    reading.read(events({"choices": [{"index": 4}, {"index": 2}]}, {"choices": [{"index": 1}]}))
    assert seen == [(4, 0, 1), (2, 1, 1), (1, 0, 2)]
    assert reading.finish(SAID, 3, 7).first_tool == 7


def test_a_chunk_that_adds_nothing_but_its_choice_is_told_by_that():
    choice = {"index": 0}
    assert find_only_choice({"id": "c", "created": 1, "usage": None, "choices": [choice]}, "message") is choice
    counts = {"prompt_tokens": 1, "total_tokens": 2, "prompt_tokens_details": None}
    assert find_only_choice({"usage": counts, "choices": [choice]}, "message") is choice


@pytest.mark.parametrize(
    "beside",
    [
        {"choices": []},
        {"choices": [{}, {}]},
        {"choices": ["x"]},
        {"choices": {}},
        {"error": "e"},
        {"usage": {"total_tokens": 1, "details": {"a": 1}}},
        {"usage": {"total_tokens": True}},
        {"usage": [1]},
        {"x": [1]},
        {"x": {"total_tokens": 1}},
    ],
)
def test_a_chunk_that_may_add_something_else_is_not(beside):
    assert find_only_choice({"choices": [{}]} | beside, "message") is None
    assert find_only_choice({"choices": [{}]}, "error") is None
