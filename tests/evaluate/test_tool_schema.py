from dataclasses import replace

from pandaprobe_proxy.evaluate.tool_schema import evaluate, read_schema
from talks import asks, define, proofs, says, talk, user

TOOLS = [define("get", id={"type": "string"})]


def test_a_call_as_defined_is_good():
    assert evaluate(talk(user("go"), asks("get", id="a"), tools=TOOLS)).value == 1


def test_each_call_that_breaks_a_definition_is_cited_with_how():
    session = talk(user("go"), asks("get"), asks("put"), asks("get", "{bad"), asks("get", id="a"), tools=TOOLS)
    judged = evaluate(session)
    assert (judged.value, judged.counts) == (0.25, {"checked": 4, "bad": 3, "violations": 3})
    assert [quote.detail for quote in judged.evidence] == [
        "id is missing", "no tool 'put' was offered", "the arguments are no JSON",
    ]  # fmt: skip
    assert proofs(judged) == [2, 3, 4]


def test_without_definitions_or_calls_there_is_nothing_to_say():
    assert evaluate(talk(user("go"), asks("get"))).value is None
    assert evaluate(talk(user("go"), says("a"), tools=TOOLS)).value is None


def test_tools_whose_input_is_text_are_not_checked():
    free = asks("get", "any text")
    free = replace(free, tool_calls=(replace(free.tool_calls[0], type="custom"),))
    assert evaluate(talk(user("go"), free, tools=TOOLS)).value is None


def test_the_schema_is_found_in_every_dialect():
    schema = {"type": "object"}
    assert read_schema({"name": "a", "input_schema": schema}) == schema
    assert read_schema({"toolSpec": {"name": "a", "inputSchema": {"json": schema}}}) == schema
    assert read_schema({"function": {"name": "a", "parameters": schema}}) == schema
    assert read_schema({"name": "a"}) == {}
