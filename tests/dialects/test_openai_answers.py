import pytest
from pandaprobe_proxy.dialects.openai_answers import read_answer
from pandaprobe_proxy.model.call import CallError


def test_an_answer_is_its_choices_by_index():
    choices = [{"index": index, "message": {"content": text}} for index, text in ((1, "b"), (0, "a"))]
    read = read_answer({"id": "c1", "model": "m", "choices": [*choices, {"message": {"content": "?"}}], "created": 5})
    assert [message.text for message in read.messages] == ["a", "?", "b"]
    assert (read.response_id, read.model, read.extra, read.lossy) == ("c1", "m", {"created": 5}, False)


def test_an_error_in_an_answer_is_an_error():
    assert read_answer({"error": {"message": "m"}}).error == CallError("m")


@pytest.mark.parametrize("body", [{}, {"choices": "x"}, {"choices": ["x", {"message": {"content": "a"}}]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert read_answer(body).lossy


def test_an_answer_may_have_no_choice():
    assert read_answer({"choices": []}).messages == ()
