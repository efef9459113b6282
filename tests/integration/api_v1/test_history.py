"""Guests who wrote before the app was there: programs look, then record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.accounts import consents, inbound
from tests.builders import Couple
from tests.fakes import NOON
from tests.integration.api_v1.conftest import program_of
from tests.integration.api_v1.twins import audits, changes, trace
from tests.integration.auth.conftest import House
from tests.integration.conftest import World, _until
from wedding_wa.services.guests import GuestForm, add_guest
from wedding_wa.services.history_look import Look, Progress, Verdict
from wedding_wa.services.history_looks import Looks

MARIA, PIETRO, LINA = "+393331110001", "+393331110002", "+393331110003"

LOOK = {"account", "step", "chats", "read", "found", "known", "trouble"}
WRITER = {
    "account",
    "guest_id",
    "household_id",
    "name",
    "household",
    "wrote_at",
    "verdict",
    "sentence",
}


@dataclass
class Before:
    """The groom's chats before the app, its guest list, and the owner's program."""

    world: World
    house: House
    owner: httpx.AsyncClient

    @property
    def couple(self) -> Couple:
        return self.world.couple

    def guest(self, name: str, phone: str) -> int:
        form = GuestForm(name=name, phone=phone)
        return self.house.db.write_now(
            add_guest, self.couple.wedding, form, by=None, now=NOON
        )

    def wrote(self, phone: str, text: str) -> None:
        at = int(time.time()) - 30 * 86_400
        self.world.post(
            "/__world/messages",
            session="groom",
            **{"from": phone},
            text=text,
            at=at,
        )

    async def over(self) -> dict[str, object]:
        """Follow the look to its end."""
        for _ in range(2000):
            found = (await self.owner.get("/history")).json()
            if not found["looking"]:
                return found  # type: ignore[no-any-return]
            await asyncio.sleep(0.01)
        raise AssertionError("the look never ended")


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
async def before(storing: World, house: House) -> AsyncIterator[Before]:
    """Nobody of the list has written to the app yet."""
    async with program_of(house, storing.couple.wedding, "admin") as owner:
        yield Before(storing, house, owner)
    await house.runtime.rest()


async def test_a_program_looks_and_records_as_the_owner_does(before: Before) -> None:
    """Looking stores nothing; recording keeps one message of each guest named, and by
    it the consent."""
    maria = before.guest("Zia Maria", MARIA)
    before.guest("Pietro", PIETRO)
    lina = before.guest("Nonna Lina", LINA)
    for phone, text in ((MARIA, "A presto!"), (PIETRO, "Ciao"), (LINA, "STOP")):
        before.wrote(phone, text)
    db, wedding = before.house.db, before.couple.wedding
    rows = trace(db, wedding)
    assert (await before.owner.get("/history")).json() == {
        "looking": False,
        "looks": [],
        "items": [],
    }
    begun = await before.owner.post("/history/look")
    assert (begun.status_code, begun.json()["looking"]) == (202, True)
    assert (await before.owner.post("/history/look")).status_code == 409
    assert (await before.owner.delete("/history")).status_code == 409
    found = await before.over()
    groom, bride = found["looks"]  # type: ignore[misc]
    assert set(groom) == set(bride) == LOOK
    assert (groom["step"], groom["chats"], groom["read"]) == ("done", 3, 3)
    assert (bride["step"], bride["trouble"]) == ("trouble", "store_off")
    items = {one["name"]: one for one in found["items"]}  # type: ignore[attr-defined]
    assert all(set(one) == WRITER for one in items.values())
    verdicts = {name: one["verdict"] for name, one in items.items()}
    assert verdicts == {
        "Zia Maria": Verdict.FREE,
        "Pietro": Verdict.FREE,
        "Nonna Lina": Verdict.STOPPED,
    }
    assert changes(rows, trace(db, wedding)) == {}
    chosen = [{"account": "groom", "guest_id": one} for one in (maria, lina)]
    done = await before.owner.post("/history/record", json={"guests": chosen})
    assert done.json() == {"recorded": 1}
    [kept] = inbound(db, before.couple.groom)
    [given] = consents(db, before.couple.groom)
    assert (kept.body, kept.source, given.inbound_id) == (
        "A presto!",
        "history",
        kept.id,
    )
    action, params = audits(db, wedding)[-1]
    assert (action, params["guests"]) == ("history_consent_recorded", [maria])
    left = (await before.owner.get("/history")).json()["items"]
    assert [one["name"] for one in left] == ["Pietro"]
    assert (await before.owner.delete("/history")).status_code == 204
    assert (await before.owner.get("/history")).json()["items"] == []


async def test_only_who_was_found_is_recorded(before: Before) -> None:
    """404 for anybody else, and nobody is recorded beside them."""
    maria, pietro = before.guest("Zia Maria", MARIA), before.guest("Pietro", PIETRO)
    before.wrote(MARIA, "Ciao")
    await before.owner.post("/history/look")
    await before.over()
    for account, guest in (("groom", pietro), ("bride", maria)):
        chosen = [
            {"account": "groom", "guest_id": maria},
            {"account": account, "guest_id": guest},
        ]
        refused = await before.owner.post("/history/record", json={"guests": chosen})
        assert refused.status_code == 404
    assert consents(before.house.db, before.couple.groom) == []
    for wrong in ([], [{"account": "uncle", "guest_id": 1}], [{"guest_id": 0}]):
        refused = await before.owner.post("/history/record", json={"guests": wrong})
        assert refused.status_code == 422


async def test_a_look_is_stopped_and_ends_with_its_process(
    before: Before, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the chat it is at, and before the next account."""
    seen: list[int] = []

    async def slow(*args: object, told: object, **_: object) -> Look:
        seen.append(1)
        while await told(Progress(0, 1, 0)):  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0)
        return Look(NOON, finished=False)

    monkeypatch.setattr("wedding_wa.services.history_looks.history_consent.look", slow)
    await before.owner.post("/history/look")
    assert (await before.owner.post("/history/stop")).status_code == 202
    await before.over()
    assert seen == [1]
    app, looks = before.house.runtime, Looks()
    run = looks.begin(
        before.couple.wedding,
        [before.couple.groom],
        db=app.db,
        clients=app.clients,
        clock=app.clock,
    )
    await asyncio.sleep(0)
    await looks.aclose()
    assert run.ended
