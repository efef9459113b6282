"""api: what a route says about its answers, for the OpenAPI document.

    @router.get("/accounts/{key}", responses=problems(404))
    async def show(caller: Reader, key: AccountKey) -> AccountShape: ...

A route answers with a `Shape` or a list of them; what it may refuse with beside that
are `Problem`s.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """What a route answers. Its fields are a promise: docs/api.md, a test pins them."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class FieldError(Shape):
    """One value that is wrong, and what to do about it."""

    field: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. Some have more members than these; the docs name them."""

    type: str = Field(examples=["urn:wedding-wa:problem:error.not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["error.not_found"])
    field: str | None = None
    errors: list[FieldError] | None = None
    link: str | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these statuses.

    What any route may answer (401, 403, 422, 429, 503) is added for all of them.
    """
    content = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
