import pytest
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_videos import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message

JOB = {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0}


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("POST", "/v1/videos", True),
        ("POST", "/v1/videos/edits", True),
        ("POST", "/v1/videos/video_1/remix", True),
        ("POST", "/v1/videos/characters", True),
        ("GET", "/v1/videos/video_1/content", True),
        ("GET", "/v1/videos/characters/c", True),
        ("DELETE", "/v1/videos/video_1", True),
        ("POST", "/v1/videos/generations", False),
        ("PUT", "/v1/videos", False),
        ("GET", "/v1/videos/video_1/other", False),
    ],
)
def test_the_path_and_the_method_tell(method, path, known):
    assert matches(method, path, ()) is known


def test_a_request_is_its_prompt():
    reference = Blob("image/png", b"x")
    read = asked({"model": "sora-2", "prompt": "a cat", "input_reference": reference}, "/v1/videos")
    assert (read.model, read.messages, read.operation) == ("sora-2", (Message("user", "a cat"),), None)
    assert read.parameters == {"input_reference": reference.describe()}


def test_what_asks_for_no_video_is_state():
    assert asked({}, "/v1/videos").operation == asked({}, "/v1/videos/video_1").operation == "state"
    assert asked({}, "/v1/videos").messages == ()


@pytest.mark.parametrize(
    ("status", "pending"), [("queued", True), ("in_progress", True), ("completed", False), ([], False)]
)
def test_a_job_is_answered_later_under_its_id(status, pending):
    read = answered(JOB | {"status": status})
    assert (read.response_id, read.model, read.pending) == ("video_1", "sora-2", pending)
    assert read.extra == {"status": status, "progress": 0}


def test_a_job_that_failed_is_an_error():
    assert answered(JOB | {"status": "failed", "error": {"code": "c", "message": "m"}}).error == CallError("m", "", "c")


def test_what_is_no_job_is_kept():
    deleted = {"id": "video_1", "object": "video.deleted", "deleted": True}
    assert answered(deleted).extra == {"id": "video_1", "deleted": True} and answered(deleted).response_id is None


def test_a_video_is_told_by_type_size_and_hash():
    (message,) = answered(Blob("video/mp4", b"x")).messages
    assert message.content == [{"type": "file"} | Blob("video/mp4", b"x").describe()]
    assert (DIALECT.operation, DIALECT.blobs) == ("video", True)
