"""The proof that nothing is lost and nothing went twice, for programs."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import Session

from tests.builders import message, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from wedding_wa.models import DuplicateSeen
from wedding_wa.services import never_twice
from wedding_wa.services.duplicate_records import PAGE_SIZE


def seen_twice(place: Place, message_id: int, n: int = 1) -> None:
    """WhatsApp has this message of Luca's again, `n` times."""

    def write(session: Session) -> None:
        for number in range(n):
            session.add(
                DuplicateSeen(
                    wedding_id=place.mine.couple.wedding,
                    account_id=place.mine.couple.groom,
                    message_id=message_id,
                    whatsapp_id=f"true_393331112222@c.us_{number}",
                    sent_at=NOON,
                    seen_at=NOON,
                )
            )

    place.house.db.write_now(write)


async def test_the_sum_is_that_of_the_page(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Every message is in one line; the count of the rows agrees."""
    db, couple = place.house.db, place.mine.couple
    for text in ("Uno", "Due"):
        put(db, couple, to=CARLA, text=text)
    told = (await program.get("/never-twice")).json()
    page = db.read_now(never_twice.proof, couple.wedding)
    assert told == {
        "planned": 2,
        "lines": dict(page.lines),
        "archived": 0,
        "settled": {},
        "duplicates": 0,
        "since": "2026-06-20T12:00:00Z",
    }
    assert sum(told["lines"].values()) == told["planned"]
    again = (await program.get("/never-twice/recount")).json()
    assert again == {
        "rows": 2,
        "counted": 2,
        "sent_twice": 0,
        "shared": 0,
        "in_order": True,
        "at": "2026-06-20T12:00:00Z",
    }


async def test_what_whatsapp_has_twice_is_listed(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Page by page, with the message; the other wedding sees none of it."""
    db = place.house.db
    made = put(db, place.mine.couple, to=CARLA)
    seen_twice(place, made.id, PAGE_SIZE + 1)
    first = (await program.get("/never-twice/duplicates")).json()
    params = {"after": first["next"]}
    last = (await program.get("/never-twice/duplicates", params=params)).json()
    assert (len(first["items"]), len(last["items"])) == (PAGE_SIZE, 1)
    assert last["next"] is None
    one = first["items"][0]
    assert one == {
        "id": one["id"],
        "account": "groom",
        "message_id": made.id,
        "task_id": message(db, made.id).task_id,
        "whatsapp_id": "true_393331112222@c.us_0",
        "sent_at": "2026-06-20T12:00:00Z",
        "seen_at": "2026-06-20T12:00:00Z",
    }
    assert (await program.get("/never-twice")).json()["duplicates"] == PAGE_SIZE + 1
    async with place.program("read", made=place.theirs) as other:
        assert (await other.get("/never-twice/duplicates")).json()["items"] == []


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "x" * 500])
async def test_a_cursor_is_one_of_ours(program: httpx.AsyncClient, after: str) -> None:
    """422 for any other."""
    asked = await program.get("/never-twice/duplicates", params={"after": after})
    assert asked.status_code == 422
