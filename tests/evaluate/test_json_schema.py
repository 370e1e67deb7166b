import pytest
from pandaprobe_proxy.evaluate.json_schema import find_violations


def check(value, schema):
    return list(find_violations(value, schema))


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"a": 1}, {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
        (1.0, {"type": "integer"}),
        (1.5, {"type": "number"}),
        (None, {"type": ["string", "null"]}),
        (None, {"type": "string", "nullable": True}),
        ("a", {"type": "STRING"}),
        ("x", {"type": "unheard of"}),
        ("a", {"enum": ["a", "b"]}),
        ("a", {"enum": []}),
        (1, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ([1, 2], {"type": "array", "items": {"type": "integer"}}),
        ({"b": 1}, {"type": "object", "properties": "odd", "required": "odd"}),
        ({"a": 1}, {"$ref": "#/$defs/nothing"}),
        (1, True),
    ],
)
def test_what_is_as_it_should_be(value, schema):
    assert check(value, schema) == []


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        ({}, {"required": ["a"]}, "a is missing"),
        ({"a": {}}, {"properties": {"a": {"required": ["b"]}}}, "a.b is missing"),
        ({"b": 1}, {"additionalProperties": False}, "b is not defined"),
        (True, {"type": "integer"}, "the value is no integer"),
        (1.5, {"type": "integer"}, "the value is no integer"),
        ("1", {"type": ["integer", "null"]}, "the value is no integer or null"),
        ("c", {"enum": ["a"]}, "the value is 'c', which is not allowed"),
        ("c", {"const": "a"}, "the value is 'c', which is not allowed"),
        (1, {"oneOf": [{"type": "string"}]}, "the value is none of what it may be"),
        ([1], {"items": {"type": "string"}}, "[0] is no string"),
        (1, {"allOf": [{"type": "string"}]}, "the value is no string"),
        ({"a": 1}, {"$defs": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/t"}}}, "a is no string"),
    ],
)
def test_what_is_not(value, schema, said):
    assert check(value, schema) == [said]


def test_a_schema_that_refers_to_itself_ends():
    assert check({}, {"$ref": "#"}) == []
