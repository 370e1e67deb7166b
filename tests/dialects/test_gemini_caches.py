import pytest
import recorded
from dialects.samples.gemini_caches import SAMPLES
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.gemini_caches import answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message


@pytest.mark.parametrize("method", ["POST", "GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1beta/cachedContents", "/v1/projects/p/locations/l/cachedContents/1"])
def test_the_path_is_known_by_its_end(method, path):
    assert matches(method, path, ())


def test_other_paths_and_methods_are_not():
    assert not matches("OPTIONS", "/v1beta/cachedContents", ())
    assert not matches("GET", "/v1beta/cachedContents/1:generateContent", ())


def test_samples_are_read():
    create, delete = (decode(exchange) for _, exchange in SAMPLES)
    assert create.input == (Message("user", [{"text": "a book"}]),)
    assert (create.requested_model, create.response_id) == ("gemini-2.5-flash", "cachedContents/1")
    assert create.parameters == {"ttl": "300s"} and create.extra == {"usageMetadata": {"totalTokenCount": 9}}
    assert (delete.operation, delete.kind, delete.error, delete.lossy) == ("state", "OTHER", None, False)


def test_what_is_cached_may_be_instructions_and_tools():
    read = asked({"system_instruction": "s", "tools": [{"googleSearch": {}}], "model": 5}, "/")
    assert (read.messages, read.tools) == ((Message("system", "s"),), ({"googleSearch": {}},))
    assert (read.model, read.parameters) == (None, {"model": 5})


def test_an_error_is_one():
    assert answered({"error": {"message": "m"}}).error == CallError("m")


@pytest.mark.parametrize("name", recorded.names("cachedContents"))
def test_recorded_traffic_is_read_without_loss(name):
    assert not decode(recorded.exchange(name)).lossy
