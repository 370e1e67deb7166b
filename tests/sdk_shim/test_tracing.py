"""Traces and spans: what is posted of them."""

import asyncio
import threading
from datetime import datetime, timedelta

import pytest


def posted(shim, sink):
    assert shim.flush(5)
    return sink.posts("/traces")


def only(shim, sink):
    (trace,) = posted(shim, sink)
    return trace


def test_a_trace_says_what_it_was(shim, sink):
    shim.init(proxy=sink.url, endpoint=sink.url, environment="test", release="1.2")
    with shim.start_trace(
        "work", input={"q": 1}, session_id="s", user_id="u", tags=["a"], metadata={"k": "v"}
    ) as trace:
        trace.set_output({"a": 2})
        trace.set_metadata({"more": 1})
    told = only(shim, sink)
    assert told["trace_id"] == trace.trace_id
    assert (told["name"], told["status"], told["input"], told["output"]) == ("work", "COMPLETED", {"q": 1}, {"a": 2})
    assert (told["session_id"], told["user_id"], told["tags"]) == ("s", "u", ["a"])
    assert (told["metadata"], told["environment"], told["release"]) == ({"k": "v", "more": 1}, "test", "1.2")
    took = datetime.fromisoformat(told["ended_at"]) - datetime.fromisoformat(told["started_at"])
    assert timedelta(0) <= took < timedelta(seconds=5)
    assert "spans" not in told


def test_a_session_that_is_given_holds_for_what_is_inside(shim, sink):
    from pandaprobe.context import current_session, current_user

    with shim.session("outer"), shim.start_trace("work", session_id="own", user_id="me"):
        assert (current_session(), current_user()) == ("own", "me")
    assert current_session() is None
    assert only(shim, sink)["session_id"] == "own"


def test_without_one_it_is_the_one_around(shim, sink):
    with shim.session("outer"), shim.start_trace("work"):
        pass
    assert only(shim, sink)["session_id"] == "outer"


def test_spans_know_their_parents(shim, sink):
    with shim.start_trace("work") as trace:
        with trace.span("outer", kind="AGENT") as outer, trace.span("inner", kind="tool") as inner:
            pass
        with trace.span("next", kind="nonsense") as following:
            pass
    spans = {span["name"]: span for span in only(shim, sink)["spans"]}
    assert spans["inner"]["parent_span_id"] == outer.span_id
    assert "parent_span_id" not in spans["outer"] and "parent_span_id" not in spans["next"]
    assert [spans[name]["kind"] for name in ("outer", "inner", "next")] == ["AGENT", "TOOL", "OTHER"]
    assert {span["status"] for span in spans.values()} == {"OK"}
    assert {inner.span_id, following.span_id} <= {span["span_id"] for span in spans.values()}


def test_a_span_says_everything_that_can_be_said_of_it(shim, sink):
    with shim.start_trace("work") as trace, trace.span("llm", kind="LLM", model="m", metadata={"a": 1}) as span:
        span.set_input([1])
        span.set_output("out")
        span.set_token_usage(prompt_tokens=3, completion_tokens=4, reasoning_tokens=1)
        span.set_model("m-2026")
        span.set_model_parameters({"temperature": 0})
        span.set_cost(0.5, input=0.1)
        span.set_completion_start_time(datetime(2026, 1, 1))
        span.set_metadata({"b": 2})
    (told,) = only(shim, sink)["spans"]
    assert (told["input"], told["output"], told["model"]) == ([1], "out", "m-2026")
    assert told["token_usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "reasoning_tokens": 1}
    assert (told["cost"], told["model_parameters"]) == ({"total": 0.5, "input": 0.1}, {"temperature": 0})
    assert told["completion_start_time"] == "2026-01-01T00:00:00.000000+00:00"
    assert told["metadata"] == {"a": 1, "b": 2}


def test_an_error_passes_and_is_told(shim, sink):
    def work():
        with shim.start_trace("work") as trace, trace.span("step"):
            raise ValueError("it broke")

    with pytest.raises(ValueError, match="it broke"):
        work()
    told = only(shim, sink)
    assert (told["status"], told["metadata"]) == ("ERROR", {"error": "it broke"})
    assert (told["spans"][0]["status"], told["spans"][0]["error"]) == ("ERROR", "it broke")


def test_concurrent_spans_find_their_own_parents(shim, sink):
    async def step(trace, name):
        async with trace.span(name):
            await asyncio.sleep(0.01)
            async with trace.span(f"{name} inner"):
                await asyncio.sleep(0.01)

    async def work():
        async with shim.start_trace("work") as trace:
            await asyncio.gather(*(step(trace, f"s{i}") for i in range(5)))

    asyncio.run(work())
    spans = {span["name"]: span for span in only(shim, sink)["spans"]}
    for i in range(5):
        assert spans[f"s{i} inner"]["parent_span_id"] == spans[f"s{i}"]["span_id"]
        assert "parent_span_id" not in spans[f"s{i}"]


def test_spans_of_threads_belong_to_the_trace(shim, sink):
    with shim.start_trace("work") as trace, trace.span("outer") as outer:

        def step():
            with trace.span("in thread"):
                pass

        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    spans = {span["name"]: span for span in only(shim, sink)["spans"]}
    assert spans["in thread"]["parent_span_id"] == outer.span_id


def test_traces_nest_as_traces_of_their_own(shim, sink):
    with shim.start_trace("outer") as outer:
        with shim.start_trace("inner"):
            pass
        with outer.span("after"):
            pass
    inner_told, outer_told = posted(shim, sink)
    assert (inner_told["name"], outer_told["name"]) == ("inner", "outer")
    assert [span["name"] for span in outer_told["spans"]] == ["after"]


def test_many_spans_are_posted_in_several_posts(shim, sink):
    with shim.start_trace("work") as trace:
        for number in range(1201):
            with trace.span(f"s{number}"):
                pass
    assert shim.flush(10)
    rest = sink.posts(f"/traces/{trace.trace_id}/spans")
    assert len(sink.posts("/traces")[0]["spans"]) == 500
    assert [len(spans) for spans in rest] == [500, 201]


def test_a_span_that_outlives_its_trace_is_posted_on_its_own(shim, sink):
    with shim.start_trace("work") as trace:
        late = trace.span("late")
        late.__enter__()
    late.__exit__(None, None, None)
    assert shim.flush(5)
    ((span,),) = sink.posts(f"/traces/{trace.trace_id}/spans")
    assert span["name"] == "late"


def test_odd_values_are_told_as_they_can_be(shim, sink):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    loop = []
    loop.append(loop)
    with shim.start_trace("", input=float("nan"), metadata={"x": Odd()}) as trace, trace.span("s") as span:
        span.set_status("nonsense")
        span.set_completion_start_time("not a time")
        span.set_input(loop)
        trace.set_status("ERROR")
    told = only(shim, sink)
    assert (told["name"], told["status"], told["spans"][0]["status"]) == ("trace", "ERROR", "OK")


def test_with_no_sidecar_nothing_is_posted_and_sessions_still_hold(alone):
    from pandaprobe.context import current_session

    with alone.start_trace("work", session_id="s") as trace, trace.span("step", kind="TOOL") as span:
        span.set_output(1)
        trace.set_metadata({})
        assert current_session() == "s"
    assert alone.get_client() is None
    with pytest.raises(AttributeError):
        _ = trace.nonsense


def test_what_is_changed_after_it_was_told_is_told_as_it_was(shim, sink):
    messages = ["question"]
    with shim.start_trace("work", input=messages) as trace, trace.span("step") as span:
        span.set_input(messages)
        messages.append("answer")
    told = only(shim, sink)
    assert (told["input"], told["spans"][0]["input"]) == (["question"], ["question"])


def test_values_of_the_wrong_kind_cost_nothing_but_themselves(shim, sink):
    with shim.start_trace("work", metadata=5, tags="word") as trace:
        trace.set_metadata(None)
        with trace.span("step", metadata=3, model=7) as span:
            span.set_metadata(None)
            span.set_token_usage(None, 4, reasoning_tokens=2)
            span.set_model_parameters(None)
            span.set_cost(None, input=0.5)
    told = only(shim, sink)
    (step,) = told["spans"]
    assert (told["tags"], step["model"], step["cost"]) == (["word"], "7", {"input": 0.5})
    assert step["token_usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 4,
        "total_tokens": 4,
        "reasoning_tokens": 2,
    }


def test_an_error_that_cannot_say_itself_is_raised_and_told(shim, sink):
    class SilentError(Exception):
        def __str__(self):
            raise RuntimeError

    with pytest.raises(SilentError), shim.start_trace("work") as trace, trace.span("step"):
        raise SilentError
    assert only(shim, sink)["spans"][0]["error"] == "<SilentError>"


def test_traces_that_end_in_another_order_than_they_began_leave_nothing_behind(shim, sink):
    from pandaprobe.context import current_place

    first, second = shim.start_trace("first"), shim.start_trace("second")
    first.__enter__()
    step = first.span("step").__enter__()
    second.__enter__()
    step.__exit__(None, None, None)
    first.__exit__(None, None, None)
    assert current_place().trace is second
    second.__exit__(None, None, None)
    assert current_place() is None
