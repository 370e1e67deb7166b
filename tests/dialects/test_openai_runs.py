import pytest
from pandaprobe_proxy.dialects.openai_runs import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import Message


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("POST", "/v1/threads/runs", True),
        ("POST", "/openai/threads/thread_1/runs", True),
        ("POST", "/v1/threads/t/runs/r/submit_tool_outputs", True),
        ("POST", "/v1/threads/t/runs/r/cancel", True),
        ("GET", "/v1/threads/t/runs/r", True),
        ("GET", "/v1/threads/t/runs", False),
        ("GET", "/v1/threads/t/runs/r/steps", False),
        ("POST", "/v1/threads/t/runs/r/other", False),
        ("DELETE", "/v1/threads/t/runs/r", False),
    ],
)
def test_the_path_and_the_method_tell(method, path, known):
    assert matches(method, path, ()) is known


def test_a_run_is_asked_with_instructions_and_what_is_added():
    read = asked(
        {
            "assistant_id": "asst_1",
            "model": "m",
            "instructions": "be brief",
            "additional_instructions": "and kind",
            "additional_messages": [{"role": "user", "content": "hi"}],
            "tools": [{"type": "code_interpreter"}],
            "stream": True,
        },
        "/v1/threads/thread_1/runs",
    )
    assert read.messages == (Message("system", "be brief"), Message("system", "and kind"), Message("user", "hi"))
    assert (read.model, read.tools, read.stream) == ("m", ({"type": "code_interpreter"},), True)
    assert (read.conversation_id, read.parameters) == ("thread_1", {"assistant_id": "asst_1", "stream": True})


def test_a_thread_may_come_with_the_run():
    read = asked({"thread": {"messages": [{"role": "user", "content": "hi"}], "metadata": {}}}, "/v1/threads/runs")
    assert read.messages == (Message("user", "hi"),) and read.parameters == {"thread": {"metadata": {}}}
    assert read.conversation_id is None


def test_outputs_of_tools_are_messages():
    read = asked({"tool_outputs": [{"tool_call_id": "c", "output": "12", "x": 1}, "odd"]}, "/v1/threads/t/runs/r/x")
    assert read.messages == (Message("tool", "12", tool_call_id="c", extra={"x": 1}), Message("tool", "odd"))


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/threads/runs", None),
        ("/v1/threads/t/runs", None),
        ("/v1/threads/t/runs/r/submit_tool_outputs", None),
        ("/v1/threads/t/runs/r", "retrieve"),
        ("/v1/threads/t/runs/r/cancel", "cancel"),
    ],
)
def test_what_only_tells_of_a_run_is_no_run_of_its_own(path, operation):
    assert asked({}, path).operation == operation


def test_the_dialect_has_a_name():
    assert (DIALECT.name, DIALECT.operation) == ("openai_runs", "run")
    assert answered({"id": "run_1", "status": "queued"}).pending and not streamed([]).finished
