"""`@trace` and `@span` on functions of every kind."""

import asyncio
import functools
import inspect

import pytest
from pandaprobe.context import current_place, current_session


def told(shim, sink):
    assert shim.flush(5)
    (trace,) = sink.posts("/traces")
    return trace


def test_a_function_is_a_trace_with_its_arguments_and_result(shim, sink):
    @shim.trace
    def work(a, b=2, *rest, key=None):
        """Works."""
        return a + b

    assert work(1, key="k") == 3
    trace = told(shim, sink)
    assert (trace["name"], trace["input"], trace["output"]) == ("work", {"a": 1, "key": "k"}, 3)
    assert (work.__name__, work.__doc__) == ("work", "Works.")


def test_it_takes_what_a_trace_takes(shim, sink):
    @shim.trace(name="named", session_id="s", user_id="u", tags=["t"], metadata={"k": 1})
    def work():
        return current_session()

    assert work() == "s"
    trace = told(shim, sink)
    assert (trace["name"], trace["session_id"], trace["user_id"], trace["tags"]) == ("named", "s", "u", ["t"])


def test_a_coroutine_function_likewise(shim, sink):
    @shim.trace
    async def work(a):
        await asyncio.sleep(0)
        return a

    assert asyncio.run(work(1)) == 1
    assert told(shim, sink)["output"] == 1


def test_a_method_is_told_without_self(shim, sink):
    class Agent:
        @shim.trace
        def work(self, a):
            return a

    assert Agent().work(1) == 1
    assert told(shim, sink)["input"] == {"a": 1}


def test_of_a_conversation_only_the_last_word_is_told(shim, sink):
    @shim.trace
    def work(messages):
        return {"messages": [*messages, {"role": "assistant", "content": "there"}]}

    work([{"role": "user", "content": "first"}, {"role": "user", "content": "hi"}])
    trace = told(shim, sink)
    assert trace["input"] == {"messages": [{"role": "user", "content": "hi"}]}
    assert trace["output"] == {"messages": [{"role": "assistant", "content": "there"}]}


def test_a_generator_is_open_until_it_is_exhausted(shim, sink):
    @shim.trace
    def work():
        sent = yield 1
        yield sent
        return "end"

    steps = work()
    assert next(steps) == 1
    assert steps.send("x") == "x"
    with pytest.raises(StopIteration, match="end"):
        next(steps)
    trace = told(shim, sink)
    assert (trace["output"], trace["status"]) == ("end", "COMPLETED")


def test_a_generator_that_is_left_is_told_too(shim, sink):
    @shim.trace
    def work():
        yield from range(10)

    steps = work()
    next(steps)
    steps.close()
    trace = told(shim, sink)
    assert (trace["status"], trace["output"]) == ("COMPLETED", [0])


def test_whoever_iterates_a_generator_is_not_in_its_trace(shim, sink):
    @shim.trace(session_id="own")
    def work(own):
        yield current_session()
        yield current_place().trace.trace_id

    first, second = work(1), work(2)
    assert (next(first), next(second)) == ("own", "own")
    assert (current_session(), current_place()) == (None, None)
    assert next(first) != next(second)
    assert (list(first), list(second), current_place()) == ([], [], None)


def test_what_is_sent_to_an_async_generator_reaches_it_and_it_is_closed_at_once(shim, sink):
    seen = []

    @shim.trace
    async def work():
        try:
            sent = yield 1
            try:
                yield sent
            except KeyError:
                yield "thrown"
        finally:
            seen.append("closed")

    async def use():
        steps = work()
        given = [await anext(steps), await steps.asend("sent"), await steps.athrow(KeyError())]
        await steps.aclose()
        return given, seen

    assert asyncio.run(use()) == ([1, "sent", "thrown"], ["closed"])
    assert told(shim, sink)["output"] == [1, "sent", "thrown"]


def test_a_generator_in_a_scope_is_traced_as_a_generator(shim, sink):
    @shim.trace
    @shim.session("s")
    def work():
        yield 1

    @shim.session("s")
    async def stream():
        yield 1

    assert inspect.isasyncgenfunction(stream)
    assert list(work()) == [1]
    assert told(shim, sink)["output"] == [1]


def test_an_async_generator_is_told_with_what_it_gave(shim, sink):
    @shim.trace
    async def work():
        for i in range(3):
            yield i

    async def use():
        return [item async for item in work()]

    assert asyncio.run(use()) == [0, 1, 2]
    assert told(shim, sink)["output"] == [0, 1, 2]


def test_a_span_needs_a_trace(shim, sink):
    @shim.span(kind="TOOL")
    def look(at):
        return at * 2

    @shim.trace
    def work():
        return look(2)

    assert (look(1), work()) == (2, 4)
    (span,) = told(shim, sink)["spans"]
    assert (span["name"], span["kind"], span["input"], span["output"]) == ("look", "TOOL", {"at": 2}, 4)


def test_an_error_is_told_and_raised(shim, sink):
    @shim.trace
    def work():
        raise KeyError("x")

    with pytest.raises(KeyError):
        work()
    assert told(shim, sink)["status"] == "ERROR"


def test_with_no_sidecar_a_function_is_just_called(alone):
    @alone.trace
    @alone.span
    def work(a):
        return a

    @alone.trace(session_id="s")
    async def coroutine(a):
        return current_session(), a

    @alone.trace
    def generate():
        yield 1
        return 2

    @alone.trace
    async def stream():
        yield 1

    async def use():
        return [item async for item in stream()]

    assert (work(1), asyncio.run(coroutine(2)), list(generate()), asyncio.run(use())) == (1, ("s", 2), [1], [1])


def test_what_has_no_name_of_its_own_may_be_decorated(shim, sink):
    class Tool:
        def __call__(self):
            return 2

    assert shim.trace(functools.partial(max, 1))(0) == 1
    assert shim.trace(Tool())() == 2
    assert shim.flush(5)
    assert [trace["name"] for trace in sink.posts("/traces")] == ["max", "Tool"]
