import json

import pytest
from pandaprobe_proxy.dialects.errors import MAX_CHARS, read_error, read_failure
from pandaprobe_proxy.model.call import CallError


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("quota exceeded", CallError("quota exceeded")),
        ({"message": "m", "type": "t", "code": "c", "param": None}, CallError("m", "t", "c")),
        ({"error": {"message": "m", "type": "t", "code": 429}}, CallError("m", "t", "429")),
        ({"error": "text"}, CallError("text")),
        ({"detail": "Not Found"}, CallError("Not Found")),
        ({"detail": [{"loc": ["body"], "msg": "bad"}]}, CallError('[{"loc": ["body"], "msg": "bad"}]')),
        ([{"error": {"code": 400, "message": "m", "status": "INVALID"}}], CallError("m", "INVALID", "400")),
        ({"object": "error", "message": "m", "code": 40303}, CallError("m", "", "40303")),
        ({"message": "", "error": ""}, CallError('{"message": "", "error": ""}')),
        ({"code": True, "type": ["x"]}, CallError('{"code": true, "type": ["x"]}')),
        ({"message": {"detail": 1}}, CallError('{"detail": 1}')),
        ([1, 2], CallError("[1, 2]")),
        (None, CallError("null")),
    ],
)
def test_an_error_is_read_in_whatever_shape(value, error):
    assert read_error(value) == error


def test_a_page_of_error_is_cut():
    assert len(read_error("x" * 10_000).message) == MAX_CHARS


def test_a_failed_answer_keeps_the_fields_of_its_body():
    body = {"error": {"message": "m", "metadata": {"raw": 1}}, "user_id": "u"}
    assert read_failure(json.dumps(body).encode(), 429) == (CallError("m"), body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the provider answered 503 Busy"),
        (b" \n", "the provider answered 503 Busy"),
        (b" <html>Bad\xff</html> ", "<html>Bad\ufffd</html>"),
        (b'"text"', "text"),
        (b'event: error\ndata: {"error": "over"}\n\n', "over"),
        (b": wait\n\ndata: plain\n\n", "plain"),
        (b": wait\n\n", "the provider answered 503 Busy"),
    ],
)
def test_a_failed_answer_of_another_shape_says_what_it_can(body, message):
    error, fields = read_failure(body, 503, "Busy")
    assert error.message == message
    assert fields in ({}, {"error": "over"})


def test_a_failed_answer_without_a_reason():
    assert read_failure(b"", 500)[0].message == "the provider answered 500"
