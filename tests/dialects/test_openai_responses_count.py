import pytest
import recorded
from exchanges import make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_responses_count import answered, matches
from pandaprobe_proxy.model.call import CallError, UsageSource


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v1/responses/input_tokens", ()) and not matches("POST", "/v1/input_tokens", ())
    assert not matches("GET", "/v1/responses/input_tokens", ())


def test_the_tokens_that_would_be_taken_in_are_counted():
    request, path = b'{"model":"m","input":"Hi"}', "/v1/responses/input_tokens"
    made = decode(make_exchange(request, b'{"object":"response.input_tokens","input_tokens":18}', path=path))
    assert (made.operation, made.kind, made.usage.input, made.usage.output) == ("count_tokens", "OTHER", 18, None)
    assert made.usage.source is UsageSource.REPORTED and made.input[0].text == "Hi"
    assert made.output == () and made.extra == {} and not made.lossy


@pytest.mark.parametrize("body", [{}, {"input_tokens": "18"}, {"input_tokens": -1}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    read = answered(body)
    assert read.lossy and read.extra == body and read.usage.source is UsageSource.NONE


def test_an_error_in_a_successful_answer_is_an_error():
    assert answered({"error": {"message": "m"}}).error == CallError("m") and not answered({"error": "m"}).lossy


@pytest.mark.parametrize("name", recorded.names("responses.input_tokens"))
def test_recorded_exchanges_are_whole(name):
    made = decode(recorded.exchange(name))
    assert made.operation == "count_tokens" and made.usage.input and not made.lossy
