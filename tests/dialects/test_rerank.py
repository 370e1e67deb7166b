import pytest
import recorded
from dialects.samples.rerank import SAMPLES
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.rerank import answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message, Usage


@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/rerank", "/rerank", "/co/v2/rerank/"])
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ()) and not matches("GET", path, ())


def test_samples_are_read():
    cohere, voyage = (decode(exchange) for _, exchange in SAMPLES)
    for call in (cohere, voyage):
        assert (call.operation, call.kind, call.lossy) == ("rerank", "RETRIEVER", False)
        assert call.input == (Message("user", "capital"),)
        assert call.parameters["documents"] == ["Paris", "Rome"]
        assert call.extra == {"results": [{"index": 1, "relevance_score": 0.5}]}
    assert cohere.usage == Usage(raw={"billed_units": {"search_units": 1}})
    assert (voyage.usage.input, voyage.usage.output, voyage.model) == (43, None, "rerank-2")


def test_other_shapes_are_told():
    assert answered({}).lossy and answered({"results": "x"}).lossy
    assert answered({"error": "m"}).error == CallError("m") and not answered({"error": "m"}).lossy
    assert answered({"results": [], "usage": {"odd": 1}}).usage == Usage(raw={"odd": 1})
    assert asked({}, "/rerank").messages == ()


@pytest.mark.parametrize("name", recorded.names("_rerank_"))
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.error) == ("rerank", False, None)
    assert call.input and call.extra["results"]
