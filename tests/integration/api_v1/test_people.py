"""Who may log in, for programs that may do everything."""

from __future__ import annotations

import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Made, Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.models import Role
from wedding_wa.services import people, users
from wedding_wa.services.audit import Asking

PERSON = {"id", "email", "name", "role", "seen_at"}
ANNA = {"email": "anna@example.org", "name": "Anna", "password": "rose and thyme"}


def login(place: Place, made: Made, email: str, role: Role = Role.OWNER) -> int:
    """Somebody with a login to that wedding."""
    return place.house.db.write_now(
        users.add_login,
        wedding_id=made.couple.wedding,
        email=email,
        password="rose and thyme",
        role=role,
        by=None,
        now=NOON,
    )


async def test_a_login_from_first_to_last(place: Place) -> None:
    """Made as on the page, listed without a password, ended."""
    stays = login(place, place.mine, "luca@example.org")
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    async with place.program("admin") as owner:
        made = await owner.post("/people", json=ANNA)
        assert made.status_code == 201
        anna = made.json()
        assert set(anna) == PERSON
        assert (anna["email"], anna["role"], anna["seen_at"]) == (
            "anna@example.org",
            "owner",
            None,
        )
        place.house.db.write_now(
            people.let_in,
            Asking(place.theirs.couple.wedding, None),
            **{**ANNA, "email": "bea@example.org"},
            again=ANNA["password"],
            now=NOON,
        )
        twins.same("membership", "audit_entry")
        listed = (await owner.get("/people")).json()["items"]
        assert [one["id"] for one in listed] == [stays, anna["id"]]
        assert (await owner.delete(f"/people/{anna['id']}")).status_code == 204
        assert (await owner.delete(f"/people/{anna['id']}")).status_code == 404
        assert len((await owner.get("/people")).json()["items"]) == 1


async def test_the_last_one_who_may_do_everything_stays(place: Place) -> None:
    """A program cannot lock the couple out; somebody who may only look is no heir."""
    luca = login(place, place.mine, "luca@example.org")
    looks = login(place, place.mine, "zia@example.org", Role.VIEWER)
    async with place.program("admin") as owner:
        refused = await owner.delete(f"/people/{luca}")
        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "people.not_the_last",
        )
        assert (await owner.delete(f"/people/{looks}")).status_code == 204
        login(place, place.mine, "anna@example.org")
        assert (await owner.delete(f"/people/{luca}")).status_code == 204


async def test_logins_of_another_wedding_are_not_there(place: Place) -> None:
    """Neither listed nor ended."""
    login(place, place.mine, "luca@example.org")
    other = login(place, place.theirs, "gino@example.org")
    async with place.program("admin") as owner:
        emails = [one["email"] for one in (await owner.get("/people")).json()["items"]]
        assert emails == ["luca@example.org"]
        assert (await owner.delete(f"/people/{other}")).status_code == 404
    found = place.house.db.read_now(
        people.people, place.theirs.couple.wedding, now=NOON
    )
    assert [one.user_id for one in found] == [other]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "anna"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": ""}, "password"),
        ({"role": "viewer"}, "role"),
        ({"name": "a\0b"}, "name"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    place: Place, change: dict[str, str], field: str
) -> None:
    """As on the page, by the field; and nothing is repeated."""
    async with place.program("admin") as owner:
        refused = await owner.post("/people", json=ANNA | change)
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == [field]
        assert "short" not in refused.json()["detail"]
        assert (await owner.get("/people")).json()["items"] == []
