import json

import pytest
from exchanges import events, make_exchange
from pandaprobe_proxy.dialects.anthropic_batches import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.bounds import MOST_TINY
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Usage, UsageSource

BATCH = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress", "results_url": None}


def succeeded(custom_id, text, model="m-1", **usage):
    message = {
        "id": f"msg_{custom_id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 4, "service_tier": "batch"} | usage,
    }
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}


FAILED = {"custom_id": "c", "result": {"type": "errored", "error": {"type": "error", "error": {"message": "m"}}}}
LINES = [succeeded("a", "A"), FAILED, succeeded("b", "B", cache_read_input_tokens=10)]
JSONL = b"".join(json.dumps(line).encode() + b"\n" for line in LINES)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/messages/batches"),
        ("GET", "/v1/messages/batches"),
        ("GET", "/anthropic/v1/messages/batches/msgbatch_1"),
        ("POST", "/v1/messages/batches/msgbatch_1/cancel"),
        ("GET", "/v1/messages/batches/msgbatch_1/results"),
        ("DELETE", "/v1/messages/batches/msgbatch_1"),
    ],
)
def test_the_path_is_known_by_its_end(method, path):
    assert matches(method, path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v1/messages/batches"), ("POST", "/v1/batches"), ("GET", "/v1/messages/batches/a/b")],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_a_request_keeps_what_is_asked_of_each():
    body = {"requests": [{"custom_id": "a", "params": {"model": "m"}}, {"custom_id": "b", "params": {"model": "m"}}]}
    read = asked(body, "/v1/messages/batches")
    assert (read.model, read.parameters, read.messages) == ("m", body, ())
    mixed = [{"params": {"model": "m"}}, {"params": {"model": 5}}, {"params": "x"}, "odd"]
    assert asked({"requests": mixed}, "/").model is None
    assert asked({}, "/v1/messages/batches/msgbatch%5F1/results").parameters == {"batch_id": "msgbatch_1"}


@pytest.mark.parametrize("status", ["in_progress", "canceling", "ended"])
def test_a_batch_is_answered_by_its_results_which_come_later(status):
    read = answered(BATCH | {"processing_status": status})
    assert (read.response_id, read.pending, read.lossy) == ("msgbatch_1", True, False)
    assert read.extra == {"type": "message_batch", "processing_status": status}


@pytest.mark.parametrize(
    ("path", "operation", "fetched"),
    [
        ("", None, None),
        ("/b%5F1", "retrieve", None),
        ("/b%5F1/cancel", "cancel", None),
        ("/b%5F1/results", "retrieve", "b_1"),
    ],
)
def test_what_tells_of_a_batch_is_none_of_its_own(path, operation, fetched):
    read = asked({}, f"/v1/messages/batches{path}")
    assert (read.operation, read.fetched_id) == (operation, fetched)


def test_lists_and_deletions_are_kept():
    assert not answered({"data": [BATCH], "has_more": False}).lossy
    deleted = answered({"id": "msgbatch_1", "type": "message_batch_deleted"})
    assert not deleted.lossy and deleted.response_id is None and deleted.extra["id"] == "msgbatch_1"
    assert answered({"x": 1}).lossy and not answered({"x": 1}).pending


def test_results_are_the_answers_of_a_batch():
    read = streamed(events(*LINES, done=False))
    assert [(message.text, message.extra["custom_id"]) for message in read.messages] == [("A", "a"), ("B", "b")]
    assert read.messages[0].extra["id"] == "msg_a"
    assert (read.model, read.lossy, read.finished, read.extra) == ("m-1", False, True, {"unanswered": [FAILED]})


def test_the_tokens_of_all_results_are_added_up():
    raw = {"input_tokens": 6, "output_tokens": 8, "service_tier": "batch", "cache_read_input_tokens": 10}
    assert streamed(events(*LINES, done=False)).usage == Usage(16, 8, 10, source=UsageSource.REPORTED, raw=raw)
    other = succeeded("x", "X", "m-2", service_tier="standard")
    mixed = streamed(events(LINES[0], other, done=False))
    assert mixed.usage.raw == {"input_tokens": 6, "output_tokens": 8} and mixed.model is None
    assert streamed(events(FAILED, done=False)).usage == Usage()


@pytest.mark.parametrize("line", ["{broken", [1], {"custom_id": "x"}, {"result": {"message": {"x": 1}}}])
def test_what_cannot_be_placed_is_told(line):
    assert streamed(events(line, done=False)).lossy


@pytest.mark.parametrize("content_type", [b"application/x-jsonl", b"application/x-ndjson", b"application/binary"])
def test_results_are_read_whatever_they_claim_to_be(content_type):
    path, headers = "/v1/messages/batches/msgbatch_1/results", ((b"content-type", content_type),)
    call = decode(make_exchange(b"", JSONL, method="GET", path=path, headers=headers))
    assert call is not None and [message.text for message in call.output] == ["A", "B"]
    assert (call.operation, call.kind, call.lossy, call.usage.output) == ("retrieve", "OTHER", False, 8)
    assert call.response_id == "msgbatch_1"


def test_of_very_many_lines_that_say_nothing_some_are_read():
    body = JSONL + b"{}\n" * (MOST_TINY + 100)
    headers = ((b"content-type", b"application/binary"),)
    call = decode(make_exchange(b"", body, method="GET", path="/v1/messages/batches/b/results", headers=headers))
    assert call is not None and [message.text for message in call.output] == ["A", "B"] and call.lossy
    assert len(call.extra["unanswered"]) < MOST_TINY + 10


def test_results_that_cannot_be_had_are_no_answer_of_the_batch():
    call = decode(make_exchange(b"", b"{}", method="GET", path="/v1/messages/batches/b/results", status=404))
    assert call is not None and call.error and call.response_id is None


def test_one_result_may_look_like_json():
    body = json.dumps(LINES[0]).encode()
    call = decode(make_exchange(b"", body, method="GET", path="/v1/messages/batches/b/results"))
    assert call is not None and call.output[0].text == "A" and not call.lossy


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("anthropic_batches", "batches") and DIALECT.version >= 1
