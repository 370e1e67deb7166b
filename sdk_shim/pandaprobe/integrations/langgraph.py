"""The same for LangGraph: a graph's run as a trace."""

from pandaprobe.integrations.langchain import LangChainCallbackHandler


class LangGraphCallbackHandler(LangChainCallbackHandler):
    """Put it in `config={"callbacks": [handler]}` of a graph's `invoke`, `ainvoke`, `stream` or `astream`."""

    root_name = "LangGraph"
