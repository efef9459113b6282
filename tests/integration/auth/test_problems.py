"""What went wrong, told to a program."""

from __future__ import annotations

import json
from typing import Literal

import httpx
import pytest
from fastapi import Request
from pydantic import Field

from tests.integration.auth.conftest import House
from wedding_wa.api.v1.shapes import Body
from wedding_wa.domain.errors import (
    BadInput,
    Conflict,
    NoConsent,
    OptedOut,
    Unreachable,
    WeddingError,
)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoConsent(), 409, "error.no_consent"),
        (OptedOut(), 409, "error.opted_out"),
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
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:wedding-wa:problem:{code}"
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
    told = {"field": "page", "code": "api.wrong.whole"}
    assert answer.json()["errors"] == [
        {**told, "detail": "This must be a whole number."}
    ]
    assert "first" not in answer.text


async def _told(
    house: House, anna: httpx.AsyncClient, error: WeddingError, lang: str = "en"
) -> dict[str, object]:
    """What a route that raises `error` answers."""

    @house.api.get("/api/raises")
    async def raises() -> None:
        raise error

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    answer = await anna.get("/api/raises", headers={"Accept-Language": lang})
    return dict(answer.json())


async def test_a_value_that_a_rule_refuses_is_named_like_any_other(
    house: House, anna: httpx.AsyncClient
) -> None:
    """`errors` holds it with its own code and sentence; `field` is there besides."""
    told = await _told(house, anna, BadInput("error.name_missing", "name"))
    assert told["field"] == "name"
    assert told["errors"] == [
        {"field": "name", "code": "error.name_missing", "detail": told["detail"]}
    ]


async def test_who_has_not_written_is_handed_a_link(
    house: House, anna: httpx.AsyncClient
) -> None:
    """By which they may write first."""
    link = "https://wa.me/393331112222"
    told = await _told(house, anna, NoConsent(account="groom", link=link), "it")
    assert told["link"] == link
    assert "wa.me" in str(told["detail"])


class _Everything(Body):
    """One field for each kind of wrong value."""

    short: str = Field("xx", min_length=2)
    long: str = Field("", max_length=3)
    few: list[int] = Field([1], min_length=1)
    many: list[int] = Field([], max_length=1)
    low: int = Field(1, ge=1)
    high: int = Field(1, le=9)
    above: float = Field(1, gt=0)
    below: float = Field(0, lt=5)
    side: Literal["groom", "bride"] = "groom"
    word: str = Field("a", pattern="^[a-z]$")
    yes: bool = True
    text: str = ""
    whole: int = 1
    thing: dict[str, object] = {}
    there: str


WRONG: dict[str, tuple[object, str]] = {
    "short": ("x", "This must have 2 characters at least."),
    "long": ("S3CRET", "This must have 3 characters at most."),
    "few": ([], "There must be 1 of these at least."),
    "many": ([1, 2], "There may be 1 of these at most."),
    "low": (0, "This must be 1 or more."),
    "high": (10, "This must be 9 or less."),
    "above": (0.0, "This must be more than 0.0."),
    "below": (5.0, "This must be less than 5.0."),
    "side": ("S3CRET", "This must be one of: groom, bride."),
    "yes": ("S3CRET", "This must be true or false."),
    "text": (7, "This must be a text."),
    "whole": ("S3CRET", "This must be a whole number."),
    "thing": ({"S3CRET": "\0"}, "This text has a character that is none"),
    "word": ("S3CRET", "This has a length or characters that it must not have."),
    "nowhere": ("S3CRET", "There is no such field here."),
    "there": (None, "This must be a text."),
}


async def test_each_kind_of_wrong_value_has_its_sentence(
    house: House, anna: httpx.AsyncClient
) -> None:
    """All of them at once; what was sent is not repeated, in either language."""

    @house.api.post("/api/everything")
    async def everything(said: _Everything) -> None:
        del said

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    sent = {name: value for name, (value, _) in WRONG.items()}
    answer = await anna.post("/api/everything", json=sent)
    told = {one["field"]: one["detail"] for one in answer.json()["errors"]}
    assert set(told) == set(WRONG)
    for field, (_, sentence) in WRONG.items():
        assert told[field].startswith(sentence), field
    assert "S3CRET" not in answer.text
    italian = await anna.post("/api/everything?lang=it", json=sent)
    for one in italian.json()["errors"]:
        assert one["detail"] != told[one["field"]]
    del sent["there"]
    answer = await anna.post("/api/everything", json=sent)
    missing = {"field": "there", "code": "api.wrong.missing"}
    assert missing.items() <= answer.json()["errors"][-2].items()


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d", "\udc00"])
async def test_a_text_that_no_database_holds_is_refused(
    house: House, anna: httpx.AsyncClient, text: str
) -> None:
    """However deep it stands, and as a name too."""

    @house.api.post("/api/everything")
    async def everything(said: _Everything) -> None:
        del said

    house.api.router.routes.insert(0, house.api.router.routes.pop())
    for thing in ({"a": [[{"b": text}]]}, {text: 1}):
        body = json.dumps({"there": "x", "thing": thing})
        answer = await anna.post(
            "/api/everything",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        (wrong,) = answer.json()["errors"]
        assert (wrong["field"], wrong["code"]) == ("thing", "api.wrong.unstorable")
