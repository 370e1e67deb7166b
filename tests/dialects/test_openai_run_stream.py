import json

import pytest
from pandaprobe_proxy.dialects.openai_run_stream import RunStream, read_part, read_run
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, UsageSource
from pandaprobe_proxy.wire.stream import StreamEvent

RUN = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "model": "m", "status": "queued"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
WAITING = RUN | {
    "status": "requires_action",
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_token_details": {"cached_tokens": 4}}
TOOL = ToolCall("call_1", "f", '{"a":1}')
DONE = ("done", "[DONE]")


def text(value, index=0, **more):
    part = {"index": index, "type": "text", "text": {"value": value} | more}
    return ("thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}})


def step(*calls):
    delta = {"step_details": {"type": "tool_calls", "tool_calls": list(calls)}}
    return ("thread.run.step.delta", {"id": "step_1", "object": "thread.run.step.delta", "delta": delta})


def message(status, **more):
    told = {"id": "msg_1", "object": "thread.message", "role": "assistant", "status": status, "metadata": {}, **more}
    return (f"thread.message.{status}", told)


def read(*told):
    datas = [(name, data if isinstance(data, str) else json.dumps(data)) for name, data in told]
    return RunStream().read(StreamEvent(name, data, "", end) for end, (name, data) in enumerate(datas, 1))


WHOLE = (
    ("thread.created", {"id": "thread_1", "object": "thread"}),
    ("thread.run.created", RUN),
    message("in_progress", content=[]),
    text("x "),
    text("= 1", annotations=[]),
    message("completed", content=[{"type": "text", "text": {"value": "x = 1", "annotations": []}}]),
    ("thread.run.completed", RUN | {"status": "completed", "usage": USAGE}),
    DONE,
)


def test_a_run_is_answered_later_until_it_is_over():
    assert read_run(RUN).pending and not read_run(RUN | {"status": "completed"}).pending
    over = read_run(RUN | {"status": "completed", "usage": USAGE, "metadata": {"k": "v"}})
    assert (over.response_id, over.conversation_id, over.model) == ("run_1", "thread_1", "m")
    assert (over.usage.input, over.usage.output, over.usage.cached) == (9, 2, 4)
    assert over.extra == {"metadata": {"k": "v"}, "status": "completed"} and over.messages == ()


def test_a_run_that_waits_for_tools_is_a_message():
    run = read_run(WAITING)
    assert run.messages == (Message("assistant", tool_calls=(TOOL,), finish_reason="requires_action"),)
    assert not run.pending and not run.lossy and "required_action" not in run.extra


@pytest.mark.parametrize("action", [5, {}, {"submit_tool_outputs": {}}, {"submit_tool_outputs": {"tool_calls": [1]}}])
def test_another_action_is_kept(action):
    run = read_run(RUN | {"required_action": action})
    assert run.messages == () and run.extra["required_action"] == action


def test_a_run_that_failed_is_an_error_and_one_without_a_status_a_surprise():
    failed = read_run(RUN | {"status": "failed", "last_error": {"code": "server_error", "message": "m"}})
    assert failed.error == CallError("m", "", "server_error") and not failed.lossy
    assert read_run({}).lossy and not read_run({"error": {"message": "m"}}).lossy


def test_a_stream_is_its_messages_and_its_run():
    answer = read(*WHOLE)
    (told,) = answer.messages
    assert (told.role, told.text, told.finish_reason) == ("assistant", "x = 1", "completed")
    assert told.extra == {"id": "msg_1"}
    assert (answer.response_id, answer.conversation_id, answer.usage.source) == (
        "run_1",
        "thread_1",
        UsageSource.REPORTED,
    )
    assert (answer.finished, answer.lossy, answer.pending, answer.first_content) == (True, False, False, 4)
    assert answer.extra == {"status": "completed", "thread": {"id": "thread_1", "object": "thread"}}


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_a_stream_that_breaks_off_has_what_came(end):
    answer = read(*WHOLE[:end])
    assert not answer.finished and not answer.lossy and not answer.pending
    texts = ("", "", "", "", "x ", "x = 1", "x = 1", "x = 1")
    assert "".join(told.text for told in answer.messages) == texts[end]
    assert answer.conversation_id == ("thread_1" if end else None)


def test_parts_of_a_message_are_kept_apart_by_index():
    note = {"index": 0, "type": "file_citation"}
    image = {"index": 1, "type": "image_file", "image_file": {"file_id": "f"}}
    answer = read(
        text("a"),
        ("thread.message.delta", {"id": "msg_1", "delta": {"content": [image]}}),
        text("b", annotations=[note]),
        ("thread.message.delta", {"id": "msg_1", "delta": {"content": [{"type": "refusal", "refusal": "n"}]}}),
        ("thread.message.delta", {"id": "msg_1", "delta": {"content": [{"index": 0, "refusal": "o"}]}}),
        DONE,
    )
    first, second = answer.messages[0].content
    assert first == {"type": "refusal", "text": "ab", "annotations": [note], "refusal": "no"}
    assert second == {"type": "image_file", "image_file": {"file_id": "f"}}


def test_calls_of_a_step_that_broke_off_are_tool_calls():
    answer = read(
        ("thread.run.step.created", {"id": "step_1", "step_details": {"type": "tool_calls", "tool_calls": []}}),
        step({"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}),
        step({"index": 0, "type": "function", "function": {"arguments": '{"a"', "output": None}}),
        step({"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "type": "file_search", "file_search": {}}),
    )
    assert answer.messages == (Message("assistant", tool_calls=(TOOL,)),) and answer.first_tool == 2
    (kept,) = answer.extra["steps"]
    assert kept["step_details"]["tool_calls"] == [CALL, {"type": "file_search", "file_search": {}}]


def test_a_step_told_whole_replaces_its_pieces():
    code = {"id": "c", "type": "code_interpreter", "code_interpreter": {"input": "1+1", "outputs": [{"logs": "2"}]}}
    answer = read(
        step({"index": 0, "id": "c", "type": "code_interpreter", "code_interpreter": {"input": "1+"}}),
        ("thread.run.step.completed", {"id": "step_1", "step_details": {"type": "tool_calls", "tool_calls": [code]}}),
        DONE,
    )
    assert answer.extra["steps"][0]["step_details"]["tool_calls"] == [code] and answer.messages == ()


def test_a_stream_that_waits_for_tools_has_their_calls_once():
    answer = read(step(CALL), ("thread.run.requires_action", WAITING), DONE)
    assert [told.tool_calls for told in answer.messages] == [(TOOL,)] and answer.finished


def test_a_step_that_writes_a_message_says_nothing_new():
    creation = {"step_details": {"type": "message_creation", "message_creation": {"message_id": "msg_1"}}}
    answer = read(("thread.run.step.delta", {"id": "step_1", "delta": creation}), DONE)
    assert not answer.extra and not answer.lossy and answer.messages == ()


def test_a_run_in_the_background_is_pending_when_its_stream_ends():
    assert read(("thread.run.queued", RUN), DONE).pending


def test_unknown_events_are_kept():
    odd = [
        ("thread.new.kind", {"id": "x"}),
        ("thread.run.created", {"object": "thread.run"}),
        ("thread.message.delta", {"id": "msg_1", "delta": 5}),
        ("thread.message.delta", {"id": "msg_1", "delta": {"content": 5}}),
        ("thread.message.delta", {"id": "msg_1", "delta": {"content": [5]}}),
        ("thread.run.step.delta", {"id": "step_1", "delta": {"step_details": 5}}),
    ]
    answer = read(*odd, ("error", {"error": {"message": "m"}}), DONE)
    assert answer.extra["events"] == [{"event": name} | data for name, data in odd]
    assert answer.error == CallError("m") and answer.finished


@pytest.mark.parametrize(
    "part", [5, {"type": "text"}, {"type": "text", "text": "a"}, {"type": "text", "text": {"x": 1}}]
)
def test_parts_of_another_shape_are_left(part):
    assert read_part(part) == part


def test_a_step_may_have_no_details():
    answer = read(("thread.run.step.created", {"id": "step_1"}), message("in_progress", role=5), DONE)
    assert answer.extra["steps"] == [{"id": "step_1", "step_details": {}}]
    assert (answer.messages[0].role, answer.messages[0].content, answer.messages[0].finish_reason) == (
        "assistant",
        None,
        None,
    )
