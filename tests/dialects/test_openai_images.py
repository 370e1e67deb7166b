import base64

import pytest
from exchanges import events
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_images import DIALECT, answered, asked, matches, read_image, streamed
from pandaprobe_proxy.model.call import CallError, Message, UsageSource

PNG = Blob("image/png", b"\x89PNG1")
OTHER = Blob("image/png", b"\x89PNG2")
TEXTS = {blob.data: base64.b64encode(blob.data).decode() for blob in (PNG, OTHER)}
USAGE = {"input_tokens": 8, "output_tokens": 90, "input_tokens_details": {"image_tokens": 3, "text_tokens": 5}}


def partial(index, blob=PNG, kind="image_generation"):
    return {"type": f"{kind}.partial_image", "b64_json": TEXTS[blob.data], "partial_image_index": index}


def completed(blob=OTHER, kind="image_generation", **more):
    return {"type": f"{kind}.completed", "b64_json": TEXTS[blob.data], "size": "1x1", "usage": USAGE} | more


def test_the_path_and_the_method_tell():
    for name in ("generations", "edits", "variations"):
        assert matches("POST", f"/openai/deployments/d/images/{name}", ())
        assert not matches("GET", f"/v1/images/{name}", ())
    assert not matches("POST", "/v1/images/other", ()) and not matches("POST", "/v1/ximages/edits", ())


def test_a_generation_asks_with_a_text():
    read = asked({"model": "m", "prompt": "a cat", "n": 2, "stream": True}, "/v1/images/generations")
    assert read.messages == (Message("user", "a cat"),)
    assert (read.model, read.parameters, read.stream) == ("m", {"n": 2, "stream": True}, True)
    assert asked({}, "/openai/deployments/d/images/generations").model == "d"


def test_an_edit_in_a_form_asks_with_images_that_are_described():
    read = asked(
        {"prompt": "a hat", "image[]": [PNG, OTHER], "mask": PNG, "stream": "true", "x": PNG}, "/v1/images/edits"
    )
    assert read.messages[0].text == "a hat" and read.stream
    assert read.messages[0].content[1:] == [
        {"type": "image", "field": "image[]"} | PNG.describe(),
        {"type": "image", "field": "image[]"} | OTHER.describe(),
        {"type": "image", "field": "mask"} | PNG.describe(),
    ]
    assert read.parameters["x"] == PNG.describe()


def test_an_edit_in_json_names_its_images():
    data = f"data:image/png;base64,{TEXTS[PNG.data]}"
    body = {"images": [{"image_url": data}, {"file_id": "file-1"}, 5], "image": "https://x.test/a.png"}
    (message,) = asked(body, "/v1/images/edits").messages
    assert message.content == [
        {"type": "image", "field": "image", "url": "https://x.test/a.png"},
        {"type": "image", "field": "images"} | PNG.describe(),
        {"type": "image", "field": "images", "file_id": "file-1"},
        {"type": "image", "field": "images", "value": 5},
    ]


def test_an_answer_is_a_message_for_each_image():
    body = {
        "created": 5,
        "data": [{"b64_json": TEXTS[PNG.data], "revised_prompt": "a big cat"}, {"url": "https://x.test/1", "x": None}],
        "usage": USAGE,
    }
    read = answered(body)
    assert read.messages == (
        Message("assistant", [{"type": "image"} | PNG.describe() | {"revised_prompt": "a big cat"}]),
        Message("assistant", [{"type": "image", "url": "https://x.test/1"}]),
    )
    assert (read.usage.input, read.usage.output, read.extra, read.lossy) == (8, 90, {"created": 5}, False)


@pytest.mark.parametrize("body", [{}, {"data": 5}, {"data": [1]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_error_is_an_error():
    assert answered({"error": {"message": "m"}}).error == CallError("m")
    assert not answered({"error": {"message": "m"}}).lossy


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
def test_a_stream_ends_with_its_image(kind):
    read = streamed(events(partial(0, kind=kind), partial(1, kind=kind), completed(kind=kind), done=False))
    assert read.messages == (Message("assistant", [{"type": "image"} | OTHER.describe()]),)
    assert [image["partial_image_index"] for image in read.extra["partial_images"]] == [0, 1]
    assert read.extra["size"] == "1x1" and read.usage.source is UsageSource.REPORTED and read.usage.output == 90
    assert (read.finished, read.lossy, read.first_content) == (True, False, 1)


def test_a_stream_that_breaks_off_has_its_last_partial_image():
    for end in range(3):
        read = streamed(events(*[partial(0), partial(1, OTHER)][:end], done=False))
        assert not read.finished and not read.lossy and len(read.messages) == min(end, 1)
    assert read.messages[0].content == [{"type": "image"} | OTHER.describe() | {"partial_image_index": 1}]


def test_a_stream_without_partial_images_is_one_image():
    read = streamed(events(completed()))
    assert "partial_images" not in read.extra and read.finished and read.first_content == 1


def test_unknown_events_and_those_of_another_shape_are_kept():
    odd = [
        {"type": "image_generation.queued"},
        {"type": "image_generation.completed"},
        completed() | {"type": "x.completed"},
    ]
    odd.append(completed() | {"type": "image_edit.started"})
    read = streamed(events(*odd, {"type": "error", "message": "m"}, done=False))
    assert read.extra == {"events": odd} and not read.finished and read.error == CallError("m", "error")


def test_base64_that_is_none_is_kept():
    assert read_image({"b64_json": "é"}) == {"type": "image", "base64": "é"}


def test_the_dialect_has_a_name():
    assert (DIALECT.name, DIALECT.operation, DIALECT.counts_tokens) == ("openai_images", "images", False)
