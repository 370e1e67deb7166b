"""The LangGraph callback on real graphs: one trace a run, spans inside, its session on every call."""

import asyncio
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict

import pytest

pytest.importorskip("langgraph")
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from pandaprobe.integrations.langgraph import LangGraphCallbackHandler


class State(TypedDict):
    value: int
    url: str


@tool
def double(value: int) -> int:
    """Doubles."""
    return value * 2


def ask(url):
    request = urllib.request.Request(f"{url}/v1/chat", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        json.load(response)


def make_graph():
    def first(state: State, config: RunnableConfig) -> dict[str, int]:
        ask(state["url"])
        return {"value": double.invoke({"value": state["value"]}, config)}

    def second(state: State) -> dict[str, int]:
        if state["value"] > 100:
            raise ValueError("too much")
        return {"value": state["value"] + 1}

    graph = StateGraph(State)
    graph.add_node("first", first)
    graph.add_node("second", second)
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    graph.add_edge("second", END)
    return graph.compile()


def posted(shim, sink):
    assert shim.flush(5)
    return sink.posts("/traces")


def test_a_run_is_a_trace_with_its_nodes_and_tools(shim, sink):
    handler = LangGraphCallbackHandler(session_id="g-1", user_id="u", tags=["t"])
    result = make_graph().invoke({"value": 2, "url": sink.url}, config={"callbacks": [handler]})
    assert result["value"] == 5
    (trace,) = posted(shim, sink)
    assert (trace["name"], trace["session_id"], trace["user_id"]) == ("LangGraph", "g-1", "u")
    assert trace["status"] == "COMPLETED"
    spans = {span["name"]: span for span in trace["spans"]}
    assert {"first", "second", "double"} <= set(spans)
    assert (spans["double"]["kind"], spans["first"]["kind"]) == ("TOOL", "AGENT")
    assert spans["double"]["parent_span_id"] == spans["first"]["span_id"]
    assert trace["output"]["value"] == 5


def test_calls_made_inside_carry_its_session_and_trace(shim, sink):
    handler = LangGraphCallbackHandler(session_id="g-1")
    make_graph().invoke({"value": 2, "url": sink.url}, config={"callbacks": [handler]})
    (trace,) = posted(shim, sink)
    ((_, headers, _),) = [got for got in sink.got if got[0] == "/v1/chat"]
    assert headers["x-pandaprobe-session"] == "g-1"
    assert headers["x-pandaprobe-trace"].startswith(trace["trace_id"])


def test_afterwards_nothing_of_it_is_left(shim, sink):
    from pandaprobe.context import snapshot

    handler = LangGraphCallbackHandler(session_id="g-1")
    make_graph().invoke({"value": 2, "url": sink.url}, config={"callbacks": [handler]})
    assert snapshot() is None


def test_an_error_ends_the_trace_as_one(shim, sink):
    handler = LangGraphCallbackHandler(session_id="g-1")
    with pytest.raises(ValueError, match="too much"):
        make_graph().invoke({"value": 99, "url": sink.url}, config={"callbacks": [handler]})
    (trace,) = posted(shim, sink)
    spans = {span["name"]: span for span in trace["spans"]}
    assert (trace["status"], spans["second"]["status"]) == ("ERROR", "ERROR")


def test_one_callback_serves_many_runs_at_once(shim, sink):
    graph, handler = make_graph(), LangGraphCallbackHandler()

    def run(number):
        with shim.session(f"s{number}"):
            return graph.invoke({"value": number, "url": sink.url}, config={"callbacks": [handler]})["value"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(8))) == [2 * number + 1 for number in range(8)]
    traces = posted(shim, sink)
    assert sorted(trace["session_id"] for trace in traces) == [f"s{number}" for number in range(8)]
    for trace in traces:
        assert trace["output"]["value"] == 2 * int(trace["session_id"][1:]) + 1


def test_async_runs_are_kept_apart(shim, sink):
    graph = StateGraph(State)

    async def step(state: State) -> dict[str, int]:
        await asyncio.sleep(0.01)
        return {"value": state["value"] + 1}

    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_edge("step", END)
    compiled = graph.compile()

    async def run(number):
        handler = LangGraphCallbackHandler(session_id=f"s{number}")
        return await compiled.ainvoke({"value": number, "url": ""}, config={"callbacks": [handler]})

    async def all_of_them():
        return await asyncio.gather(*(run(number) for number in range(5)))

    assert [result["value"] for result in asyncio.run(all_of_them())] == [1, 2, 3, 4, 5]
    traces = posted(shim, sink)
    assert sorted(trace["session_id"] for trace in traces) == [f"s{number}" for number in range(5)]


def test_inside_a_trace_a_run_is_a_part_of_it(shim, sink):
    handler = LangGraphCallbackHandler()
    with shim.start_trace("work", session_id="s"):
        make_graph().invoke({"value": 2, "url": sink.url}, config={"callbacks": [handler]})
    (trace,) = posted(shim, sink)
    assert trace["name"] == "work"
    assert {"first", "second", "double"} <= {span["name"] for span in trace["spans"]}


def test_with_no_sidecar_a_run_is_just_a_run(alone, sink):
    handler = LangGraphCallbackHandler(session_id="s")
    result = make_graph().invoke({"value": 2, "url": sink.url}, config={"callbacks": [handler]})
    assert result["value"] == 5
    assert sink.posts("/traces") == []
