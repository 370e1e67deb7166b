"""`tool_schema`: whether tools are called as the request defined them.

Each call of a tool is checked against the definitions that came with the session's own requests: an unknown tool,
arguments that are no JSON, and what `json_schema` finds. Evaluation reference §4.1.
"""

from collections.abc import Iterator, Mapping

from pandaprobe_proxy.evaluate.json_schema import find_violations
from pandaprobe_proxy.evaluate.session import Session, Use
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "tool_schema", 1
MOST_EVIDENCE = 20
_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parameter_definitions")


def evaluate(session: Session) -> Judgement:
    """1 − calls with a violation / calls checked; null if no request defined tools, or none was called."""
    tools = session.tools
    checked = [use for use in session.uses if tools and use.tool.type == "function"]
    wrong = [(use, found) for use in checked if (found := list(_check(use, tools)))]
    counts = {"checked": len(checked), "bad": len(wrong), "violations": sum(len(found) for _, found in wrong)}
    if not checked:
        return Judgement(NAME, VERSION, None, "no defined tool was called", counts)
    evidence = tuple(use.quote("; ".join(found[:3])) for use, found in wrong)[:MOST_EVIDENCE]
    label = f"{len(wrong)} of {len(checked)} calls break a definition"
    return Judgement(NAME, VERSION, 1 - len(wrong) / len(checked), label, counts, evidence)


def _check(use: Use, tools: Mapping[str, Json]) -> Iterator[str]:
    if use.name not in tools:
        yield f"no tool {use.name!r} was offered"
    elif use.arguments is None:
        yield "the arguments are no JSON"
    else:
        yield from find_violations(use.arguments, read_schema(tools[use.name]))


def read_schema(tool: Json) -> Json:
    """The JSON Schema of a tool's arguments, as any dialect defines it; {} if there is none."""
    inner = tool.get("function", tool.get("toolSpec", tool))
    schema: dict[str, Json] = next((inner[name] for name in _SCHEMAS if isinstance(inner.get(name), dict)), {})
    return schema.get("json", schema) if set(schema) == {"json"} else schema
