import json

import pytest
from alike import claims
from dialects.samples.llamacpp import END, PIECE, PIECES, REQUEST, WHOLE
from exchanges import events, make_exchange
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.llamacpp import ALIKE, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource

COUNTS = {"tokens_evaluated": 7, "tokens_predicted": 2}


def test_the_paths_are_known_by_their_end():
    assert matches("POST", "/llama/completion", ()) and matches("POST", "infill/", ())
    assert not matches("GET", "/completion", ()) and not matches("POST", "/v1/completions", ())


def test_a_request_is_a_prompt():
    read = asked(REQUEST | {"stream": True, "model": "m"}, "/completion")
    assert (read.model, read.messages, read.stream) == ("m", (Message("user", "Why is the sky blue?"),), True)
    assert read.parameters == {"n_predict": 32, "cache_prompt": True, "stream": True}
    assert asked({"input_prefix": "def f("}, "/infill").messages == ()


def test_an_answer_is_one_text_with_its_counts():
    read = answered(WHOLE)
    (message,) = read.messages
    assert (message.content, message.finish_reason, read.model) == (" Light scatters.", "stop", "qwen3-8b")
    assert read.usage == Usage(7, 2, 4, source=UsageSource.REPORTED, raw=COUNTS)
    assert message.extra["timings"]["predicted_n"] == 2 and message.extra["tokens_cached"] == 8
    assert (read.finished, read.lossy, read.error) == (True, False, None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"stop_type": "limit"}, "length"),
        ({"stop_type": "word", "stopping_word": "|"}, "stop"),
        ({"stop_type": "none"}, None),
        ({"stop_type": 5, "stopped_limit": True}, "length"),
        ({"stopped_eos": False, "stopped_word": True}, "stop"),
        ({}, None),
    ],
)
def test_why_it_ended_is_told_as_other_dialects_tell_it(said, reason):
    assert answered({"content": "a"} | said).messages[0].finish_reason == reason


def test_several_prompts_have_a_text_each():
    body = [WHOLE | {"index": 1, "content": "b"}, WHOLE | {"content": "a"}]
    exchange = make_exchange(json.dumps({"prompt": ["x", "y"]}).encode(), json.dumps(body).encode(), path="/completion")
    call = decode(exchange)
    assert [message.content for message in call.output] == ["a", "b"] and [m.content for m in call.input] == ["x", "y"]
    assert (call.usage.input, call.usage.output, call.usage.cached, call.lossy) == (14, 4, 8, False)


def test_what_is_no_json_is_no_answer():
    with pytest.raises(ValueError, match="Expecting value"):
        answered(Blob("text/html", b"<p>"))


def test_an_answer_without_counts_has_none():
    assert answered({"content": "a"}).usage == Usage()


def test_a_stream_is_its_pieces():
    read = streamed(events(*PIECES, done=False))
    assert read.messages == answered(WHOLE).messages and read.usage == answered(WHOLE).usage
    assert (read.finished, read.lossy, read.first_content) == (True, False, 1)


def test_tokens_and_probabilities_are_put_together():
    pieces = [PIECE | {"content": "a", "tokens": [1]}, PIECE | {"content": "b", "tokens": [2]}, END]
    assert streamed(events(*pieces, done=False)).messages[0].extra["tokens"] == [1, 2]


@pytest.mark.parametrize("length", range(len(PIECES)))
def test_a_stream_that_breaks_off_gives_what_came(length):
    read = streamed(events(*PIECES[:length], done=False))
    assert not read.finished and not read.lossy and len(read.messages) == (length > 0)
    assert read.usage.output == (length or None)


def test_a_stream_of_several_texts_has_ended_when_all_have():
    pieces = [PIECE | {"content": "a"}, PIECE | {"index": 1, "content": "b"}, END]
    assert not streamed(events(*pieces, done=False)).finished
    read = streamed(events(*pieces, END | {"index": 1}, done=False))
    assert read.finished and [message.content for message in read.messages] == ["a", "b"]


def test_a_stream_may_end_in_an_error():
    read = streamed(events(PIECES[0], {"error": {"code": 500, "message": "m"}}, done=False))
    assert read.error == CallError("m", code="500") and read.messages[0].content == " Light"
    assert (read.finished, read.lossy) == (False, False) and answered({"error": {"message": "m"}}).error


@pytest.mark.parametrize("chunk", ["{broken", "5", {"content": 5}, {"text": "a"}])
def test_what_cannot_be_placed_is_told(chunk):
    read = streamed(events(PIECES[0], chunk, done=False))
    assert read.messages[0].content == " Light" and read.lossy


def test_so_many_texts_are_read_and_no_more():
    body = json.dumps([{"index": index, "content": "a"} for index in range(MOST_ANSWERS + 1)])
    read = answered(Blob("application/json", body.encode()))
    assert len(read.messages) == MOST_ANSWERS and read.lossy


_EVENT = b'data: {"index":0,"content":"<>","tokens":[],"stop":false,"id_slot":0,"tokens_predicted":#}'
ALIKES = (
    _EVENT[:-1] + b',"tokens_evaluated":7}',
    _EVENT.replace(b'"index":0', b'"index":#'),
    _EVENT[:-1] + b',"x":1}',
    _EVENT.replace(b"[]", b"[#]"),
    _EVENT.replace(b"false", b"true"),
    b'data: {"content":"<>"}',
    b'data: {"error":"<>"}',
    b"data: []",
)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES)
)
