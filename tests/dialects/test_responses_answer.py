import pytest
from pandaprobe_proxy.dialects.responses_answer import read_conversation, read_response
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource
from responding import USAGE, call, message, response, text


def test_a_response_is_its_output_its_tokens_and_all_else():
    read = read_response(response(message(text("Hi.")), conversation={"id": "conv_1"}, service_tier="default"))
    assert [answer.text for answer in read.messages] == ["Hi."]
    assert (read.response_id, read.model, read.conversation_id) == ("resp_1", "gpt-4o-mini", "conv_1")
    assert read.usage == Usage(20, 10, 8, 3, UsageSource.REPORTED, USAGE, cache_written=4)
    assert read.extra["status"] == "completed" and read.extra["service_tier"] == "default"
    assert read.finished and not read.lossy and not read.pending and read.error is None


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_that_is_still_to_come_is_pending(status):
    read = read_response(response(status=status, background=True))
    assert read.pending and read.messages == () and not read.lossy and read.response_id == "resp_1"
    (begun,) = read_response(response(message(text("a")), status=status)).messages
    assert begun.finish_reason is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "completed"}, "completed"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "max_output_tokens"),
        ({"status": "incomplete", "incomplete_details": {}}, "incomplete"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": 5}, None),
    ],
)
def test_why_it_ended_is_in_the_providers_word(more, reason):
    (answer,) = read_response(response(call()) | more).messages
    assert answer.finish_reason == reason


def test_only_an_answer_ends():
    assert read_response(response({"role": "user", "content": "q"})).messages == (Message("user", "q"),)


def test_a_failed_response_is_an_error():
    failed = response(status="failed", error={"code": "server_error", "message": "m"})
    assert read_response(failed).error == CallError("m", "", "server_error")
    assert read_response(response(status="failed")).error == CallError("the response failed")
    assert read_response({"error": {"message": "m"}}).error == CallError("m")
    assert not read_response({"error": {"message": "m"}}).lossy


@pytest.mark.parametrize("body", [{}, {"output": "x", "status": "completed"}, {"output": [5]}, {"k": 1}])
def test_a_body_of_a_wrong_shape_is_told(body):
    assert read_response(body).lossy


def test_items_may_be_given_in_the_outputs_stead():
    read = read_response(response(), [message(text("a"))])
    assert read.messages[0].text == "a" and "output" not in read.extra and not read.lossy


def test_a_conversation_is_named_by_text_or_object():
    assert [read_conversation(value) for value in ("c", {"id": "c"}, {"id": 5}, None)] == ["c", "c", None, None]
