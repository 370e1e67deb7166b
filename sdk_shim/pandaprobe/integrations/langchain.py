"""A LangChain callback: a run as a trace, its chains, tools and retrievers as spans, its session on every call inside.

State is kept per run, so one callback may serve many concurrent runs. A model call that went through the sidecar is
recorded there, as a span of this trace; only one that did not is told from here.
"""

from typing import Any
from uuid import UUID

try:
    from langchain_core.callbacks import BaseCallbackHandler
except ImportError as error:
    raise ImportError("this callback needs langchain-core; install it with `pip install langchain-core`.") from error

from pandaprobe.context import NOTHING, restore, snapshot
from pandaprobe.tracing import current_trace, start_trace


class _Run:
    """One run that is open: what was opened for it, and the context to go back to."""

    __slots__ = ("before", "opened", "stamped", "trace")

    def __init__(self, opened: Any, trace: Any, before: Any) -> None:
        self.opened = opened
        self.trace = trace
        self.before = before
        self.stamped = trace.stamped


class LangChainCallbackHandler(BaseCallbackHandler):
    """Put it in `config={"callbacks": [handler]}`.

    Args:
        session_id, user_id, tags, metadata: Of every trace; what is current where they are not given.
    """

    run_inline = True  # in the caller's context, so that what is set here holds for the calls inside
    root_name = "LangChain"

    def __init__(
        self,
        *,
        client: Any = None,
        session_id: str | None = None,
        user_id: str | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._given: dict[str, Any] = {"session_id": session_id, "user_id": user_id, "tags": tags, "metadata": metadata}
        self._runs: dict[UUID, _Run] = {}

    def _begin(self, run_id: UUID, parent: UUID | None, name: str, kind: str, given: Any) -> None:
        before = snapshot()
        outer = self._runs.get(parent) if parent else None
        trace = outer.trace if outer else current_trace()
        if trace is None:
            trace = start_trace(self._name(name), input=given, **self._given)
            trace.__enter__()
            self._runs[run_id] = _Run(trace, trace, before)
            if kind == "CHAIN":
                return
            self._runs[run_id].opened = _Both(trace, trace.span(name, kind=kind))
            self._runs[run_id].opened.span.__enter__()
        else:
            opened = trace.span(name, kind="AGENT" if kind == "CHAIN" and outer else kind)
            opened.__enter__()
            self._runs[run_id] = _Run(opened, trace, before)
        self._runs[run_id].opened.set_input(given)

    def _name(self, name: str) -> str:
        return self.root_name if name in ("RunnableSequence", "LangGraph", "chain") else name

    def _end(self, run_id: UUID, output: Any = None, error: BaseException | None = None, keep: bool = True) -> None:
        run = self._runs.pop(run_id, None)
        if run is None:
            return
        if output is not None:
            run.opened.set_output(output)
        if keep:
            run.opened.__exit__(type(error) if error else None, error, None)
        else:
            _discard(run.opened)
        if run.before is not None or run.opened is run.trace:
            restore(run.before or NOTHING)

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: Any = None, **more: Any
    ) -> None:
        self._begin(run_id, parent_run_id, _title(serialized, more, "chain"), "CHAIN", inputs)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, outputs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, error=error)

    def on_tool_start(
        self, serialized: Any, input_str: str, *, run_id: UUID, parent_run_id: Any = None, **more: Any
    ) -> None:
        given = more.get("inputs") or input_str
        self._begin(run_id, parent_run_id, _title(serialized, more, "tool"), "TOOL", given)

    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, getattr(output, "content", output))

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, error=error)

    def on_retriever_start(
        self, serialized: Any, query: str, *, run_id: UUID, parent_run_id: Any = None, **more: Any
    ) -> None:
        self._begin(run_id, parent_run_id, _title(serialized, more, "retriever"), "RETRIEVER", query)

    def on_retriever_end(self, documents: Any, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, [getattr(document, "page_content", document) for document in documents])

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, error=error)

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, parent_run_id: Any = None, **more: Any
    ) -> None:
        given = {"messages": [_message(message) for batch in messages for message in batch]}
        self._begin_model(run_id, parent_run_id, _title(serialized, more, "model"), given)

    def on_llm_start(
        self, serialized: Any, prompts: Any, *, run_id: UUID, parent_run_id: Any = None, **more: Any
    ) -> None:
        self._begin_model(run_id, parent_run_id, _title(serialized, more, "model"), prompts)

    def _begin_model(self, run_id: UUID, parent: UUID | None, name: str, given: Any) -> None:
        """A model call. Its span does not become the parent of calls inside: what the sidecar records is that span."""
        here = snapshot()
        self._begin(run_id, parent, name, "LLM", given)
        run = self._runs[run_id]
        if not isinstance(run.opened, _Both) and here is not None:
            restore(here)

    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        run = self._runs.get(run_id)
        recorded = run is not None and run.trace.stamped > run.stamped
        self._end(run_id, _generations(response), keep=not recorded)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        run = self._runs.get(run_id)
        recorded = run is not None and run.trace.stamped > run.stamped
        self._end(run_id, error=error, keep=not recorded)


class _Both:
    """A model call without a chain: a trace, and the one span in it."""

    def __init__(self, trace: Any, span: Any) -> None:
        self.trace = trace
        self.span = span

    def set_input(self, value: Any) -> None:
        self.span.set_input(value)

    def set_output(self, value: Any) -> None:
        self.span.set_output(value)
        self.trace.set_output(value)

    def __exit__(self, *arguments: Any) -> None:
        self.span.__exit__(*arguments)
        self.trace.__exit__(*arguments)


def _discard(opened: Any) -> None:
    """Leaves without a span: the sidecar has recorded this call."""
    if isinstance(opened, _Both):
        opened.trace.__exit__(None, None, None)


def _title(serialized: Any, more: dict[str, Any], default: str) -> str:
    name = more.get("name") or (serialized or {}).get("name") or ((serialized or {}).get("id") or [default])[-1]
    return str(name)


def _message(message: Any) -> Any:
    return {"role": getattr(message, "type", "unknown"), "content": getattr(message, "content", str(message))}


def _generations(response: Any) -> Any:
    texts = [generation.text for batch in getattr(response, "generations", ()) for generation in batch]
    return {"messages": [{"role": "assistant", "content": text} for text in texts]}
