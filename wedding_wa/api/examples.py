"""api: an example for every call, made from the document and from values by name.

What a route or a model declares itself counts. Everything else is made field by field:
fields are called as in the tables, so a value by name fits wherever the name stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wedding_wa.api.examples_values import BODIES, VALUES

Schema = Mapping[str, Any]
_SCHEMAS = "#/components/schemas/"
_FORMATS = {
    "date-time": "2027-06-12T16:30:00Z",
    "date": "2027-06-19",
    "uuid": "0d9f1c5e-6c1f-4a53-9d0e-2f6a9b7c4e11",
    "uri": "https://wedding.example.org",
    "binary": "…",
}
_NUMBERS = {"integer": 1, "number": 1.0, "boolean": False}
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
# Deep enough for every shape; a shape that holds itself ends here.
_DEEPEST = 8
#: Stands where no example is known. A test looks for it.
UNKNOWN = "…?"


def add_examples(document: dict[str, Any]) -> None:
    """Put an example on every body, every good answer and every parameter."""
    make = Examples(document)
    for item in document["paths"].values():
        for operation in item.values():
            _of_operation(make, operation)


def _of_operation(make: Examples, operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if "examples" not in parameter and "example" not in parameter:
            owner = operation["operationId"]
            value = make.of(parameter["schema"], parameter["name"], owner=owner)
            if parameter["required"] or value not in (UNKNOWN, "", None):
                parameter["example"] = value
    for content in operation.get("requestBody", {}).get("content", {}).values():
        declared = BODIES.get(operation["operationId"])
        if declared is not None:
            content["example"] = declared
        elif "example" not in content and "examples" not in content:
            content["example"] = make.body(content["schema"])
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if status < "300" and not content.keys() & {"example", "examples"}:
                content["example"] = make.of(content.get("schema", {}))


def example_in(content: Mapping[str, Any]) -> Any:
    """The (first) example of a body, an answer or a parameter."""
    if "example" in content:
        return content["example"]
    declared = content.get("examples", {})
    return next((one["value"] for one in declared.values()), None)


class Examples:
    """Makes examples by the schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = document.get("components", {}).get("schemas", {})

    def of(
        self, schema: Schema, name: str = "", depth: int = 0, *, owner: str = ""
    ) -> Any:
        """A value of `schema`, which stands under `name` in the shape `owner`."""
        if depth > _DEEPEST:
            return None
        shape = str(schema.get("$ref", "")).rpartition("/")[2].rpartition("__")[2]
        schema = self._resolved(schema)
        if (found := self._declared(schema, name, owner)) is not _NONE:
            return found
        if "anyOf" in schema or "oneOf" in schema:
            choices = schema.get("anyOf") or schema["oneOf"]
            return self.of(_first(choices), name, depth + 1, owner=owner)
        return self._made(schema, shape, name, depth)

    def body(self, schema: Schema) -> Any:
        """What must be sent, and what the model gives an example of."""
        schema = self._resolved(schema)
        if (found := self._declared(schema, "", "")) is not _NONE:
            return found
        required = schema.get("required", ())
        return {
            name: self.of(one, name)
            for name, one in schema.get("properties", {}).items()
            if name in required or self._has_examples(one)
        }

    def _has_examples(self, schema: Schema) -> bool:
        inner = schema.get("anyOf", ())
        return "examples" in schema or any("examples" in one for one in inner)

    def _resolved(self, schema: Schema) -> Schema:
        reference: str = schema.get("$ref", "")
        found: Schema = self._schemas.get(reference.removeprefix(_SCHEMAS), schema)
        return found

    def _declared(self, schema: Schema, name: str, owner: str) -> Any:
        """What the schema says itself, or the table by name where it fits."""
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        for key in (f"{owner}.{name}", name):
            if key in VALUES and self._fits(schema, VALUES[key]):
                return VALUES[key]
        return schema["enum"][0] if schema.get("enum") else _NONE

    def _fits(self, schema: Schema, value: object) -> bool:
        return any(self._takes(one, value) for one in self._ways(schema))

    def _ways(self, schema: Schema) -> Iterator[Schema]:
        schema = self._resolved(schema)
        inner = schema.get("anyOf") or schema.get("oneOf")
        for one in inner or ():
            yield from self._ways(one)
        if not inner:
            yield schema

    def _takes(self, schema: Schema, value: object) -> bool:
        if "enum" in schema:
            return value in schema["enum"]
        kind = schema.get("type", "")
        if kind == "array" and isinstance(value, list):
            inner = list(self._ways(schema.get("items", {})))
            return all(any(self._takes(o, v) for o in inner) for v in value)
        if schema.get("format") in _FORMATS or kind == "object":
            return False
        whole = isinstance(value, bool) == (kind == "boolean")
        return whole and isinstance(value, _KINDS.get(kind, ()))

    def _made(self, schema: Schema, shape: str, name: str, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, shape, name, depth)
        if kind == "array":
            return [self.of(schema.get("items", {}), name.removesuffix("s"), depth + 1)]
        if "default" in schema and schema["default"] not in ("", None):
            return schema["default"]
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if kind in _NUMBERS:
            return schema.get("minimum", _NUMBERS[kind])
        return schema.get("default", UNKNOWN) if kind == "string" else None

    def _object(
        self, schema: Schema, shape: str, name: str, depth: int
    ) -> dict[str, Any]:
        properties = schema.get("properties", {})
        found = {
            key: self.of(one, key, depth + 1, owner=shape)
            for key, one in properties.items()
        }
        more = schema.get("additionalProperties")
        if not properties and isinstance(more, dict) and more:
            names = schema.get("propertyNames", {})
            keys = self._resolved(names).get("enum", [name or "key"])
            found[keys[0]] = self.of(more, keys[0], depth + 1)
        return found


_NONE = object()


def _first(choices: list[Schema]) -> Schema:
    """The first that is not null."""
    return next((one for one in choices if one.get("type") != "null"), choices[0])
