import pytest
from dialects.samples.mistral_ocr import SAMPLES
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.mistral_ocr import answered, asked, matches
from pandaprobe_proxy.model.call import CallError, UsageSource


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v1/ocr", ()) and matches("POST", "/mistral/v1/ocr/", ())
    assert not matches("GET", "/v1/ocr", ()) and not matches("POST", "/v1/xocr", ())


def test_each_page_is_a_part_of_the_answer():
    call = decode(SAMPLES[0][1])
    assert call.input[0].content == [{"type": "document_url", "document_url": "https://a/b.pdf"}]
    assert call.output[0].content == [
        {"type": "page", "text": "# A", "index": 0, "images": []},
        {"type": "page", "text": "b", "index": 1},
    ]
    assert (call.output[0].text, call.model, call.operation) == ("# A\nb", "mistral-ocr-2505", "ocr")
    assert call.usage.source is UsageSource.NONE and call.usage.raw == {"pages_processed": 2}


@pytest.mark.parametrize("page", ["odd", {"index": 0}])
def test_odd_pages_are_kept(page):
    assert answered({"pages": [page]}).messages[0].content == [page]


def test_other_shapes_are_told():
    assert answered({}).lossy and answered({"pages": []}).messages == ()
    assert answered({"error": "m"}).error == CallError("m") and not answered({"error": "m"}).lossy
    assert asked({"document": "x"}, "/v1/ocr").parameters == {"document": "x"}
