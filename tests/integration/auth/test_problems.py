"""What went wrong, told to a program."""

from __future__ import annotations

import httpx
import pytest
from fastapi import Request

from tests.integration.auth.conftest import House
from wedding_wa.domain.errors import Conflict, NoConsent, Unreachable


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoConsent(), 403, "error.no_consent"),
        (Conflict(), 409, "error.conflict"),
        (Unreachable("http://10.0.0.7:3000 refused"), 503, "error.waha.unreachable"),
        (RuntimeError("secret detail"), 500, "error.unknown"),
    ],
)
async def test_errors_are_problem_documents(
    house: House, anna: httpx.AsyncClient, error: Exception, status: int, code: str
) -> None:
    """One shape, the sentence in the reader's language, nothing from inside."""

    @house.api.get("/api/fails")
    async def fails(request: Request) -> None:
        del request
        raise error

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    answer = await anna.get("/api/fails", headers={"Accept-Language": "it"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["detail"]
    assert "secret" not in answer.text
    assert "10.0.0.7" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_wrong_value_names_its_place(
    house: House, anna: httpx.AsyncClient
) -> None:
    """422 with the fields, without repeating what was sent."""

    @house.api.get("/api/paged")
    async def paged(page: int) -> int:
        return page

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    answer = await anna.get("/api/paged", params={"page": "first"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"page": "int_parsing"}
    assert "first" not in answer.text
