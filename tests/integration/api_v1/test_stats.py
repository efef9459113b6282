"""The figures of all pages, in one answer."""

from __future__ import annotations

import httpx

from tests.builders import put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from wedding_wa.models import BUCKETS
from wedding_wa.services import pausing
from wedding_wa.services.strip import strip

ACCOUNT = {
    "account",
    "ready",
    "linked",
    "paused",
    "hour",
    "day",
    "rule",
    "next_free",
    "waiting",
    "done_at",
    "buckets",
}


async def test_figures_are_those_of_the_pages(
    place: Place, program: httpx.AsyncClient
) -> None:
    """What waits, against which limits, until about when; every bucket is named."""
    db, couple = place.house.db, place.mine.couple
    for text in ("Uno", "Due"):
        put(db, couple, to=CARLA, text=text)
    told = (await program.get("/stats")).json()
    assert set(told) == {
        "paused",
        "unread",
        "accounts",
        "steps",
        "concerns",
        "stages",
    }
    groom, bride = told["accounts"]
    assert set(groom) == set(bride) == ACCOUNT
    assert (groom["account"], bride["account"]) == ("groom", "bride")
    assert set(groom["buckets"]) == set(BUCKETS)
    assert (groom["waiting"], groom["buckets"]["waiting"]) == (2, 2)
    assert (bride["waiting"], bride["done_at"]) == (0, None)
    assert groom["hour"] == {"sent": 0, "limit": 10}
    assert groom["day"] == {"sent": 0, "limit": 80}
    assert (groom["ready"], groom["linked"], groom["rule"]) == (True, True, None)
    page = db.read_now(strip, couple.wedding, now=NOON)
    assert groom["done_at"] == page.accounts[0].done_at.isoformat().replace(
        "+00:00", "Z"
    )
    assert told["unread"] == page.unread == 3
    assert told["stages"] == {
        "not_invited": {"households": 0, "guests": 0},
        "link_sent": {"households": 0, "guests": 0},
        "opened": {"households": 0, "guests": 0},
        "active": {"households": 1, "guests": 1},
        "opted_out": {"households": 1, "guests": 1},
    }


async def test_a_pause_is_told(place: Place, program: httpx.AsyncClient) -> None:
    """And what holds each account, by its rule's name."""
    place.house.db.write_now(pausing.pause_all, place.mine.couple.wedding, now=NOON)
    told = (await program.get("/stats")).json()
    assert told["paused"] is True
    assert [one["rule"] for one in told["accounts"]] == ["paused", "paused"]
    async with place.program("read", made=place.theirs) as other:
        assert (await other.get("/stats")).json()["paused"] is False
