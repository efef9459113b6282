"""Messages of which nobody knows, what was looked at, and looking again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.builders import guest_wrote, message, put
from tests.integration.api_v1.conftest import Place, make_wedding, program_of
from tests.integration.auth.conftest import House
from tests.integration.conftest import World, _until
from wedding_wa.services.worker import AccountWorker

UNCONFIRMED = {
    "id",
    "task_id",
    "account",
    "who",
    "number",
    "text",
    "since",
    "chat",
    "last_try",
    "look",
}
LOOK = {
    "at",
    "acked",
    "echoed",
    "connected",
    "chat",
    "by_id",
    "call_over",
    "same_login",
    "missing",
    "goes_again_at",
    "error",
    "reason",
}


@pytest.fixture
def storing(world: World) -> World:
    """WAHA keeps the groom's chats, not the bride's."""
    httpx.put(
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    return world


@pytest.fixture
async def program(storing: World, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A program of the world's wedding, to whose groom a guest wrote."""
    guest_wrote(storing.database, storing.couple.groom)
    async with program_of(house, storing.couple.wedding, "read", "send") as client:
        yield client
    await house.runtime.rest()


async def lost(world: World, groom: AccountWorker, text: str, *, went: bool) -> str:
    """A message whose answer never came; its task id."""
    world.fault("lost" if went else "500", path="/api/sendText", times=1)
    made = put(world.database, world.couple, text=text).id
    await groom.step()
    row = message(world.database, made)
    assert row.status == "unconfirmed"
    return row.task_id


async def test_a_look_settles_what_it_can(
    world: World, program: httpx.AsyncClient, house: House, groom: AccountWorker
) -> None:
    """What went is found in the chat; of what is not there the evidence is told, until
    time has passed; only the named are looked at."""
    one = await lost(world, groom, "Uno", went=False)
    listed = (await program.get("/unconfirmed")).json()
    assert (set(listed), listed["total"]) == ({"items", "total"}, 1)
    (row,) = listed["items"]
    assert set(row) == UNCONFIRMED
    assert (row["task_id"], row["account"], row["look"]) == (one, "groom", None)
    house.clock.advance(60)
    looked = await program.post("/unconfirmed/settle", json={"task_ids": [one]})
    assert looked.json() == {"sent": 0, "not_sent": 0, "open": 1}
    (row,) = (await program.get("/unconfirmed")).json()["items"]
    assert set(row["look"]) == LOOK
    assert (row["look"]["missing"], row["look"]["chat"]) == (["time"], "absent")
    assert row["look"]["goes_again_at"] is not None
    house.clock.advance(300)
    looked = await program.post("/unconfirmed/settle", json={})
    assert looked.json() == {"sent": 0, "not_sent": 1, "open": 0}
    assert (await program.get("/unconfirmed")).json() == {"items": [], "total": 0}


async def test_what_went_is_found(
    world: World, program: httpx.AsyncClient, groom: AccountWorker
) -> None:
    """At once; nothing in doubt is nothing to do."""
    await lost(world, groom, "Uno", went=True)
    for sent in (1, 0):
        looked = await program.post("/unconfirmed/settle", json={})
        assert looked.json() == {"sent": sent, "not_sent": 0, "open": 0}


async def test_messages_of_another_wedding_are_not_there(house: House) -> None:
    """404, and not one is looked at."""
    place = Place(house, make_wedding(house.db), make_wedding(house.db))
    theirs = put(house.db, place.theirs.couple).id
    task = message(house.db, theirs).task_id
    async with place.program("read", "send") as program:
        for ids, status in (
            ([task], 404),
            (["nobody"], 404),
            ([""], 422),
            (["x"] * 51, 422),
        ):
            refused = await program.post("/unconfirmed/settle", json={"task_ids": ids})
            assert refused.status_code == status
