"""api: the OpenAPI 3.1 document of all routes for programs, made from the routes.

A route says what it takes and answers; what is the same for all of them is added here:
who may, the refusals any route may answer with, names, tags and examples.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from wedding_wa.api.documented import Problem, problems
from wedding_wa.api.examples import add_examples
from wedding_wa.api.openapi_words import ABOUT, TAGS

#: The paths that are promised; the rest of /api is for the app's own pages and WAHA.
PROMISED = ("/api/v1/", "/api/admin/", "/api/whatsapp-service/", "/api/health")
VERSION = "1.0"

#: How one says who one is.
SECURITY = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "wwa_…",
        "description": "An API key, made under Settings → API keys.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A short-lived access token that a key was exchanged for.",
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")
# What any route may answer that must know who asks, and any that reads a body.
_KNOWN = (401, 403, 422, 429, 503)
_WITH_BODY = (400, 413, 422, 429, 503)
_WAIT = {
    "Retry-After": {
        "description": "Seconds after which it may be different.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
Operation = dict[str, Any]


def document(api: FastAPI) -> dict[str, Any]:
    """Return the document of all promised routes of `api`."""
    routes = list(promised(api))
    with warnings.catch_warnings():  # GET and HEAD of one route share a name
        warnings.simplefilter("ignore", UserWarning)
        made = get_openapi(
            title="Wedding messages",
            version=VERSION,
            summary="Doors for programs: enqueue messages to guests and follow them.",
            description=ABOUT,
            routes=routes,
            servers=[{"url": "/"}],
        )
    made = _short_names(made)
    _complete(made, routes)
    add_examples(made)
    return made


def promised(api: FastAPI) -> Iterator[RouteContext]:
    """The routes that stand in the document."""
    for context in iter_route_contexts(api.routes):
        path = context.path or ""
        if not isinstance(context.original_route, APIRoute):
            continue
        if path.startswith(PROMISED) and context.include_in_schema:
            yield context


def operations(made: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Every operation of a document: method, path, itself."""
    for path, item in made["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


def scope_of(context: RouteContext) -> str | None:
    """The right that a route asks for; None for one that asks for none."""
    parts = context.dependant.dependencies
    scopes = [part.call.scope for part in parts if hasattr(part.call, "scope")]
    return scopes[0].value if scopes else None


def tag_of(path: str) -> str:
    """The noun: `/api/v1/guests/{guest_id}` is about `guests`."""
    parts = path.removeprefix("/api/").split("/")
    return parts[1] if parts[0] in ("v1", "admin") else parts[0]


def _complete(made: dict[str, Any], routes: Iterable[RouteContext]) -> None:
    """Put in what is the same for all routes."""
    by_name = {
        (method.lower(), route.path_format): route
        for route in routes
        for method in route.methods or ()
    }
    for item in made["paths"].values():
        item.pop("head", None)
    for method, path, operation in operations(made):
        _name(operation, path, by_name[method, path])
        _say_who_may(operation, by_name[method, path])
        _add_refusals(operation)
    _schemas(made)
    used = {operation["tags"][0] for _, _, operation in operations(made)}
    told = {tag: text for tag, text in TAGS.items() if tag in used}
    made["tags"] = [
        {"name": tag, "description": told.get(tag, "")}
        for tag in (*told, *sorted(used - set(told)))
    ]


def _name(operation: Operation, path: str, route: RouteContext) -> None:
    """Summary, description, tag, and an id like `guests_add`."""
    text = " ".join(operation.get("description", "").split())
    summary, rest = _first_sentence(text)
    operation["summary"] = summary or operation["summary"]
    operation.pop("description", None)
    if rest:
        operation["description"] = rest
    operation["operationId"] = _id_of(route)
    operation["tags"] = [tag_of(path)]


def _id_of(route: RouteContext) -> str:
    """Module and function: `guests_add`, and `guests_list` for `list_guests`."""
    noun = (route.endpoint.__module__ if route.endpoint else "").rpartition(".")[2]
    return f"{noun}_{(route.name or '').removesuffix(f'_{noun}')}"


def _first_sentence(text: str) -> tuple[str, str]:
    """The first sentence without its full stop, and the rest."""
    head, stop, rest = text.partition(". ")
    return (head, rest) if stop else (text.removesuffix("."), "")


def _say_who_may(operation: Operation, route: RouteContext) -> None:
    scope = scope_of(route)
    if scope is None:
        operation["security"] = []
        return
    operation["x-scope"] = scope
    operation["security"] = [{name: [scope]} for name in SECURITY]


def _add_refusals(operation: Operation) -> None:
    """What the route itself says about a status counts; 422 is ours, not FastAPI's."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422")):
        del answers["422"]
    wanted = [*_KNOWN] if operation["security"] else []
    wanted += _WITH_BODY if "requestBody" in operation else ()
    for status, told in problems(*wanted).items():
        answers.setdefault(str(status), told)
    for status in ("429", "503"):
        if "Problem" in str(answers.get(status)):
            answers[status].setdefault("headers", {}).update(_WAIT)
    for status, answer in answers.items():
        kinds = answer.get("content", {})
        if status >= "300" and "application/problem+json" in kinds:
            kinds.pop("application/json", None)  # FastAPI's guess
        for kind, content in kinds.items():
            if not kind.endswith("json"):
                content.setdefault("schema", {"type": "string", "format": "binary"})
        if answer["description"] == "Successful Response":
            answer["description"] = HTTPStatus(int(status)).phrase
    operation["responses"] = dict(sorted(answers.items()))


def _short_names(made: dict[str, Any]) -> dict[str, Any]:
    """Two shapes of one name are told apart by their modules: `HistoryVerdict`."""
    text = json.dumps(made)
    for name in made.get("components", {}).get("schemas", {}):
        if "__" in name:
            *_, module, shape = name.split("__")
            words = module.removesuffix("_shapes").split("_")
            short = "".join(word.title() for word in words) + shape
            text = re.sub(rf"\b{name}\b", short, text)
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _schemas(made: dict[str, Any]) -> None:
    """Add the problem, drop FastAPI's own, and the titles that only repeat names."""
    components = made.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = SECURITY
    for schema in components["schemas"].values():
        untitled(schema)
    for _, _, operation in operations(made):
        for one in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in one.get("content", {}).values():
                untitled(content.get("schema", {}))
        for parameter in operation.get("parameters", ()):
            untitled(parameter["schema"])


def untitled(schema: dict[str, Any]) -> None:
    """Take away the titles of a schema and of all inside it: they repeat the names."""
    schema.pop("title", None)
    inner = [*schema.get("properties", {}).values()]
    inner += [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    inner += [schema[one] for one in ("items", "additionalProperties") if one in schema]
    for one in inner:
        if isinstance(one, dict):
            untitled(one)
