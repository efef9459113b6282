"""What the owner must know, told to programs, and letting paused sending go on."""

from __future__ import annotations

import httpx
import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.models import Account, Wedding
from wedding_wa.services import notices, pausing

NOTICE = {"id", "kind", "account", "params", "at", "ended_at", "resumable"}


def pause(place: Place, what: str) -> None:
    """Stop the groom's number, or everything, in both weddings."""
    db = place.house.db
    for made in (place.mine, place.theirs):
        if what == "paused_all":
            db.write_now(pausing.pause_all, made.couple.wedding, now=NOON)
        else:
            db.write_now(pausing.set_account_paused, made.couple.groom, True, now=NOON)


@pytest.mark.parametrize(
    ("what", "account"), [("paused", "groom"), ("paused_all", None)]
)
async def test_go_on_does_what_the_ribbon_s_button_does(
    place: Place, program: httpx.AsyncClient, what: str, account: str | None
) -> None:
    """What stood still goes on and the notice is over; a second time is refused."""
    pause(place, what)
    db, theirs = place.house.db, place.theirs.couple
    twins = Twins(db, place.mine.couple.wedding, theirs.wedding)
    (one,) = (await program.get("/notices", params={"active": True})).json()["items"]
    assert set(one) == NOTICE
    assert (one["kind"], one["account"], one["resumable"]) == (what, account, True)
    path = f"/notices/{one['id']}"
    assert (await program.get(path)).json() == one
    ended = await program.post(f"{path}/go-on")
    assert ended.status_code == 200
    assert (ended.json()["ended_at"], ended.json()["resumable"]) == (
        "2026-06-20T12:00:00Z",
        False,
    )
    if what == "paused_all":
        db.write_now(pausing.resume_all, theirs.wedding, now=NOON)
    else:
        db.write_now(pausing.set_account_paused, theirs.groom, False, now=NOON)
    twins.same("notice", "audit_entry")
    wedding, groom = db.read_now(
        lambda s: (
            s.get_one(Wedding, place.mine.couple.wedding).paused_at,
            s.get_one(Account, place.mine.couple.groom).paused_at,
        )
    )
    assert (wedding, groom) == (None, None)
    again = await program.post(f"{path}/go-on")
    assert (again.status_code, again.json()["code"]) == (
        409,
        "notice.nothing_to_resume",
    )


async def test_what_ends_by_itself_cannot_be_ended(
    place: Place, program: httpx.AsyncClient
) -> None:
    """An account that is down is down until it is up."""
    place.house.db.write_now(
        notices.open_notice,
        place.mine.couple.wedding,
        notices.ACCOUNT_DOWN,
        now=NOON,
        account_id=place.mine.couple.groom,
        status="FAILED",
    )
    (one,) = (await program.get("/notices")).json()["items"]
    assert (one["params"], one["resumable"]) == ({"status": "FAILED"}, False)
    assert (await program.post(f"/notices/{one['id']}/go-on")).status_code == 409


async def test_open_and_over_are_told_apart(
    place: Place, program: httpx.AsyncClient
) -> None:
    """And a notice of another wedding does not exist."""
    pause(place, "paused")
    (one,) = (await program.get("/notices", params={"active": True})).json()["items"]
    await program.post(f"/notices/{one['id']}/go-on")
    for active, ids in ((True, []), (False, [one["id"]])):
        found = (await program.get("/notices", params={"active": active})).json()
        assert [row["id"] for row in found["items"]] == ids
    async with place.program("read", "control", made=place.theirs) as other:
        assert (await other.get(f"/notices/{one['id']}")).status_code == 404
        refused = await other.post(f"/notices/{one['id']}/go-on")
        assert refused.status_code == 404
