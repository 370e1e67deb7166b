"""The part of JSON Schema that tools are defined with: what of a value is not as a schema says.

Types, required and unknown properties, enumerations, constants, items, unions and local references. What is not among
these allows everything.
"""

from collections.abc import Iterator, Mapping

from pandaprobe_proxy.model.call import Json

MOST_DEPTH = 30
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def find_violations(value: Json, schema: Json) -> Iterator[str]:
    """One sentence each."""
    return _Checking(schema).check(value, schema, "", 0)


class _Checking:
    def __init__(self, root: Json) -> None:
        self._root = root

    def check(self, value: Json, schema: Json, at: str, depth: int) -> Iterator[str]:
        if not isinstance(schema, dict) or depth > MOST_DEPTH:
            return
        if "$ref" in schema:
            yield from self.check(value, self._follow(schema["$ref"]), at, depth + 1)
        yield from _check_type(value, schema, at)
        yield from _check_choice(value, schema, at)
        yield from self._check_union(value, schema, at, depth)
        for part in _list(schema.get("allOf")):
            yield from self.check(value, part, at, depth + 1)
        if isinstance(value, dict):
            yield from self._check_object(value, schema, at, depth)
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from self.check(item, schema.get("items"), f"{at}[{number}]", depth + 1)

    def _follow(self, reference: Json) -> Json:
        """What a local reference names; None, which allows everything, if it names nothing here."""
        found = self._root
        for name in str(reference).removeprefix("#/").split("/"):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _check_union(self, value: Json, schema: dict[str, Json], at: str, depth: int) -> Iterator[str]:
        for name in ("anyOf", "oneOf"):
            choices = _list(schema.get(name))
            if choices and all(any(True for _ in self.check(value, choice, at, depth + 1)) for choice in choices):
                yield f"{at or 'the value'} is none of what it may be"

    def _check_object(self, value: dict[str, Json], schema: dict[str, Json], at: str, depth: int) -> Iterator[str]:
        given = schema.get("properties")
        properties = given if isinstance(given, dict) else {}
        for name in _list(schema.get("required")):
            if name not in value:
                yield f"{_join(at, name)} is missing"
        for name, inner in value.items():
            if name in properties:
                yield from self.check(inner, properties[name], _join(at, name), depth + 1)
            elif schema.get("additionalProperties") is False:
                yield f"{_join(at, name)} is not defined"


def _check_type(value: Json, schema: dict[str, Json], at: str) -> Iterator[str]:
    given = schema.get("type")
    names = [str(name).lower() for name in given] if isinstance(given, list) else [str(given).lower()] if given else []
    known = [name for name in names if name in _TYPES]
    if known and not schema.get("nullable", False) * (value is None) and not any(_is(value, name) for name in known):
        yield f"{at or 'the value'} is no {' or '.join(known)}"


def _is(value: Json, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _check_choice(value: Json, schema: dict[str, Json], at: str) -> Iterator[str]:
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(allowed, list) and allowed and value not in allowed:
        yield f"{at or 'the value'} is {value!r}, which is not allowed"


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _join(at: str, name: Json) -> str:
    return f"{at}.{name}" if at else str(name)
