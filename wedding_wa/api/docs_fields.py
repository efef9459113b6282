"""api: a schema as rows that a person reads: name, kind, bounds, what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SCHEMAS = "#/components/schemas/"
# Fields inside fields inside fields: further in, the example says it.
_DEEPEST = 4
# The smallest, the largest, and what is counted.
_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minimum", "maximum", ""),
)
# The largest number of a row: a bound that tells nobody anything.
_LARGEST_ID = 2**31 - 1
_OR_NULL = ", or null"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One field. `name` is its path: `items[].name`."""

    name: str
    kind: str
    required: bool
    about: str
    bounds: str = ""


class Fields:
    """Reads schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = document.get("components", {}).get("schemas", {})

    def rows(self, schema: Schema, prefix: str = "", depth: int = 0) -> Iterator[Row]:
        """The fields of an object, or of the objects in a list, and those inside."""
        schema = self._one(schema)
        if schema.get("type") == "array":
            yield from self.rows(schema.get("items", {}), f"{prefix}[]", depth)
        if depth > _DEEPEST:
            return
        needed = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            path = f"{prefix}.{name}".lstrip(".")
            kind, bounds = self.kind(inner), self.bounds(inner)
            yield Row(path, kind, name in needed, self.about(inner), bounds)
            yield from self.rows(inner, path, depth + 1)

    def kind(self, schema: Schema) -> str:
        """What it is: "integer", "list of text", "groom | bride, or null"."""
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices and "enum" not in schema:
            said = {"format": schema["format"]} if "format" in schema else {}
            named = dict.fromkeys(self.kind({**said, **one}) for one in choices)
            null = named.pop("null", "missing") is None
            return " | ".join(named) + (_OR_NULL if null else "")
        schema = self._resolved(schema)
        if "enum" in schema:
            values = [str(one) for one in schema["enum"] if one is not None]
            told = " | ".join(one or '""' for one in values)
            return told + (_OR_NULL if None in schema["enum"] else "")
        if "const" in schema:
            return str(schema["const"])
        kind = str(schema.get("type", "any"))
        if kind == "array":
            return f"list of {self.kind(schema.get('items', {}))}"
        return str(schema.get("format", kind)) if kind == "string" else kind

    def about(self, schema: Schema) -> str:
        """What a value means, and what it is when left out."""
        return " ".join(self._about(schema))

    def bounds(self, schema: Schema) -> str:
        """How small and how large it may be: "≥ 1, ≤ 200 characters"."""
        found: dict[str, None] = {}
        for one in map(self._resolved, [schema, *schema.get("anyOf", ())]):
            for least, most, what in _BOUNDS:
                if told := _span(one.get(least), one.get(most)):
                    found[told + what] = None
            if "pattern" in one:
                found[one["pattern"]] = None
        return ", ".join(found)

    def title(self, schema: Schema) -> str:
        """What the whole of an object means."""
        return str(self._resolved(schema).get("description", ""))

    def _about(self, schema: Schema) -> Iterator[str]:
        if "description" in schema:
            yield str(schema["description"])
        if schema.get("default") not in (None, "", [], {}):
            yield f"Left out: `{schema['default']}`."

    def _one(self, schema: Schema) -> Schema:
        """The schema itself, or of several ways the first that has fields."""
        choices = schema.get("anyOf") or schema.get("oneOf")
        if not choices:
            return self._resolved(schema)
        resolved = [self._resolved(one) for one in choices]
        with_fields = (r for r in resolved if "properties" in r or "items" in r)
        return next(with_fields, resolved[0])

    def _resolved(self, schema: Schema) -> Schema:
        reference = str(schema.get("$ref", ""))
        found: Schema = self._schemas.get(reference.removeprefix(_SCHEMAS), schema)
        return found


def _span(least: float | None, most: float | None) -> str:
    """Two bounds, of which either may be missing: "1–200"."""
    if most is not None and most >= _LARGEST_ID:
        most = None
    if least is None or most is None:
        one = ("≥", least) if most is None else ("≤", most)
        return "" if one[1] is None else f"{one[0]} {one[1]:.10g}"
    return f"{least:.10g}–{most:.10g}"
