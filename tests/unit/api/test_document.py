"""The OpenAPI document: complete, true to itself, with an example of every call."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from wedding_wa.api.app import create_api
from wedding_wa.api.examples import UNKNOWN, example_in
from wedding_wa.api.openapi import SECURITY, document, operations, promised
from wedding_wa.api.openapi_words import TAGS
from wedding_wa.api.v1.shapes import BoundedBodies


@cache
def described() -> dict[str, Any]:
    return document(create_api())


OPERATIONS = [
    pytest.param(operation, id=f"{method.upper()} {path}")
    for method, path, operation in operations(described())
]


def wrong_in(value: object, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a value, by the document's schemas."""
    whole = {**schema, "components": described()["components"]}
    validator = Draft202012Validator(whole, validate_formats=True)
    return [
        f"{one.instance_path} {one.message}" for one in validator.iter_errors(value)
    ]


def contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Its body, and its good answers, where they are JSON."""
    good = [one for status, one in operation["responses"].items() if status < "300"]
    parts = [operation.get("requestBody", {}), *good]
    return [
        part["content"]["application/json"]
        for part in parts
        if "application/json" in part.get("content", {})
    ]


def test_it_is_openapi_3_1_with_both_ways_to_say_who_one_is() -> None:
    """And nothing of the framework's own shapes for errors."""
    assert described()["openapi"].startswith("3.1")
    assert set(described()["components"]["securitySchemes"]) == set(SECURITY)
    assert "ValidationError" not in json.dumps(described())
    assert len(OPERATIONS) >= 90


def test_every_schema_is_one() -> None:
    """By the rules of JSON Schema; no name holds the path of a module."""
    for name, schema in described()["components"]["schemas"].items():
        meta.validate(schema)
        assert "__" not in name, f"two shapes have the name of {name}: rename one"


def test_names_are_readable_and_used_once() -> None:
    """`guests_add`: clients are generated from them."""
    names = [one.values[0]["operationId"] for one in OPERATIONS]  # type: ignore[index,call-overload]
    assert len(names) == len(set(names))
    assert [n for n in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", n)] == []


def test_every_noun_is_explained() -> None:
    """In api/openapi_words.py, in the order in which it is shown."""
    shown = [tag["name"] for tag in described()["tags"]]
    assert [tag for tag in shown if tag not in TAGS] == []
    assert shown == [tag for tag in TAGS if tag in shown]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_route_says_what_it_does_and_who_may(operation: dict[str, Any]) -> None:
    """A sentence, one noun, the right; and what any route may answer."""
    assert len(operation["summary"]) > 7
    assert len(operation["tags"]) == 1
    answers = operation["responses"]
    if operation["security"]:
        assert operation["security"] == [
            {name: [operation["x-scope"]]} for name in SECURITY
        ]
        assert {"401", "403", "422", "429", "503"} <= set(answers)
    if "requestBody" in operation:
        assert {"400", "413", "422"} <= set(answers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_refusals_are_problems_and_answers_have_shapes(
    operation: dict[str, Any],
) -> None:
    """Every answer is described, down to its fields or its media type."""
    for status, answer in operation["responses"].items():
        kinds = answer.get("content", {})
        if status == "204":
            assert not kinds
        elif status < "300":
            assert kinds
            assert all(one.get("schema") for one in kinds.values())
        elif operation["operationId"] != "health_health":
            assert set(kinds) == {"application/problem+json"}, status


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_call_has_an_example_that_is_right(operation: dict[str, Any]) -> None:
    """Body, answer and parameters, made of values that mean something: by the table in
    api/examples_values.py, or declared at the route."""
    for content in contents(operation):
        example = example_in(content)
        assert example not in (None, {}), "no example"
        assert UNKNOWN not in json.dumps(example, ensure_ascii=False), example
        assert wrong_in(example, content["schema"]) == []
    for one in operation.get("parameters", ()):
        if one["required"] or "example" in one:
            value = one.get("example", example_in(one))
            assert wrong_in(value, one["schema"]) == [], one["name"]


def test_no_route_reads_a_body_without_end() -> None:
    """Each stops at its own limit, told beforehand or not."""
    without = [
        context.path
        for context in promised(create_api())
        if not isinstance(context.original_route, BoundedBodies)
    ]
    assert without == ["/api/health"]
