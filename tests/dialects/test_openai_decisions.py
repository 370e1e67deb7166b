from pandaprobe_proxy.dialects.openai_decisions import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message

USAGE = {
    "input_tokens": 7,
    "output_tokens": 1,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
}


def test_the_path_and_the_method_tell():
    assert matches("POST", "/v1/decisions", ())
    assert not matches("GET", "/v1/decisions", ()) and not matches("POST", "/v1/xdecisions", ())


def test_a_request_is_its_input_and_its_questions():
    read = asked({"model": "m", "input": "It rains.", "questions": [{"name": "wet"}]}, "/v1/decisions")
    assert (read.model, read.messages) == ("m", (Message("user", "It rains."),))
    assert read.parameters == {"questions": [{"name": "wet"}]}


def test_an_answer_is_one_message_of_its_answers():
    answers = [{"type": "predicate", "probability": 0.9}]
    read = answered({"id": "d", "model": "m", "answers": answers, "usage": USAGE, "x": 1})
    assert read.messages == (Message("assistant", answers),) and read.extra == {"x": 1} and not read.lossy
    assert (read.usage.cached, read.usage.cache_written) == (4, 2)


def test_an_error_is_an_error_and_anything_else_a_surprise():
    assert answered({"error": {"message": "m"}}).error == CallError("m") and answered({}).lossy
    assert not answered({"error": {"message": "m"}}).lossy and not answered({"answers": []}).lossy
    assert DIALECT.operation == "decision"
