# /// script
# dependencies = ["langchain-openai", "langgraph"]
# ///
"""langchain-openai and langgraph: a graph with tools, invoked and streamed, on chat completions and on responses."""

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from telling import tell


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


def graph(model):
    bound = model.bind_tools([weather])
    built = StateGraph(MessagesState)
    built.add_node("ask", lambda state: {"messages": [bound.invoke(state["messages"])]})
    built.add_node("tools", ToolNode([weather]))
    built.add_edge(START, "ask")
    built.add_conditional_edges("ask", tools_condition)
    built.add_edge("tools", "ask")
    return built.compile()


def told(messages):
    return [[type(message).__name__, message.content, getattr(message, "tool_calls", None)] for message in messages]


for name, more in {"chat": {}, "responses": {"use_responses_api": True}}.items():
    model = ChatOpenAI(model="m", max_retries=0, **more)
    question = {"messages": [HumanMessage("What is the weather?")]}
    tell(f"{name} graph", told(graph(model).invoke(question)["messages"]))
    tell(f"{name} stream", [[chunk.content, chunk.usage_metadata] for chunk in model.stream("Say ü.")])
    pieces = graph(ChatOpenAI(model="m", streaming=True, **more)).stream(question, stream_mode="messages")
    tell(f"{name} streamed graph", [piece.content for piece, _ in pieces])
tell("embeddings", OpenAIEmbeddings(model="e", check_embedding_ctx_length=False).embed_documents(["a", "b"]))
