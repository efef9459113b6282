"""A program is named by its key in all that it leaves in the audit.

That each request names somebody is looked at in every test of this folder
(`audited.watched`); here, that it is the key that was shown.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, select

import wedding_wa.api
from tests.fakes import NOON
from tests.integration.api_v1.audited import lines, watched
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.doors import anywhere, ask, doors, things
from wedding_wa.models import ApiKey
from wedding_wa.services import apikeys, audit
from wedding_wa.services.apikeys import Scope

RIGHTS = [one.value for one in Scope]


async def test_every_route_names_the_key(place: Place) -> None:
    """Whatever it is asked, by its example; many leave a line, so this is no empty
    proof."""
    mine = await things(place, place.mine)
    telling, wrong = 0, {}
    async with anywhere(place, *RIGHTS) as client:
        key = audit.Program(key_of(place, client))
        for door in [one for one in doors() if one.method != "GET"]:
            known = len(lines(place.house.db))
            await ask(client, door, mine, mine)
            new = lines(place.house.db)[known:]
            telling += bool(new)
            if others := [one.action for one in new if audit.by_of(one) != key]:
                wrong[door.name] = others
    assert wrong == {}
    assert telling >= 20


async def test_a_token_of_a_key_is_the_key(place: Place) -> None:
    """A program with a short-lived token is named as the key that gave it."""
    async with anywhere(place, *RIGHTS) as client:
        key = audit.Program(key_of(place, client))
        given = await client.post("/api/v1/token")
        client.headers["Authorization"] = f"Bearer {given.json()['access']}"
        made = await client.post("/api/v1/guests", json={"name": "Nino"})
        assert made.status_code == 201
    last = lines(place.house.db)[-1]
    assert (last.action, audit.by_of(last)) == ("guest_added", key)


def test_routes_hand_on_who_asks_and_not_only_the_person() -> None:
    """`Caller.by` names a program, too; `user_id` is for the column of a message that
    names the person who wrote it."""
    rooms = Path(wedding_wa.api.__file__).parent
    asking = [
        str(one.relative_to(rooms))
        for one in rooms.rglob("*.py")
        if "caller.user_id" in one.read_text()
    ]
    assert sorted(asking) == ["v1/inbox.py", "v1/whatsapp.py"]


async def test_a_line_without_a_name_fails_whoever_asked(place: Place) -> None:
    """The watch over all tests here can bark."""

    async def nameless(_request: httpx.Request) -> httpx.Response:
        place.house.db.write_now(
            audit.record,
            "guest_added",
            wedding_id=place.mine.couple.wedding,
            by=None,
            now=NOON,
        )
        return httpx.Response(200)

    wire = httpx.MockTransport(nameless)
    async with httpx.AsyncClient(transport=wire) as client:
        with pytest.raises(AssertionError, match="guest_added"):
            await watched(client, place.house.db).post("http://localhost/guests")


def key_of(place: Place, client: httpx.AsyncClient) -> int:
    """The id of the key that a program shows."""
    shown = client.headers["Authorization"].removeprefix("Bearer ")
    prefix = apikeys.prefix_of(shown)

    def read(session: Session) -> int | None:
        return session.exec(select(ApiKey.id).where(ApiKey.prefix == prefix)).one()

    return place.house.db.read_now(read) or 0
