import pytest
from pandaprobe_proxy.dialects.openai_moderations import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message


def test_the_path_and_the_method_tell():
    assert matches("POST", "/v1/moderations", ()) and matches("POST", "/v1/chat/moderations", ())
    assert not matches("GET", "/v1/moderations", ()) and not matches("POST", "/v1/moderation", ())


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("a", (Message("user", "a"),)),
        (["a", "b"], (Message("user", "a"), Message("user", "b"))),
        ([{"type": "text", "text": "a"}], (Message("user", [{"type": "text", "text": "a"}]),)),
        (None, ()),
    ],
)
def test_the_input_is_messages(value, messages):
    read = asked({"model": "m", "input": value, "x": 1}, "/v1/moderations")
    assert (read.model, read.messages, read.parameters) == ("m", messages, {"x": 1})


def test_results_are_kept_and_what_is_flagged_is_counted():
    results = [{"flagged": True, "categories": {"hate": True}}, {"flagged": False}]
    read = answered({"id": "modr-1", "model": "m", "results": results})
    assert (read.response_id, read.model, read.lossy) == ("modr-1", "m", False)
    assert read.extra == {"results": results, "flagged": 1} and read.messages == ()


@pytest.mark.parametrize("body", [{}, {"results": "x"}, {"results": [1]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy and answered(body).extra == body


def test_no_results_and_errors_are_whole():
    assert not answered({"results": []}).lossy
    read = answered({"error": {"message": "m"}})
    assert read.error == CallError("m") and not read.lossy


def test_the_dialect_counts_no_tokens():
    assert (DIALECT.operation, DIALECT.counts_tokens) == ("moderation", False)
