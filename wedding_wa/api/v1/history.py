"""api: /api/v1/history: guests who wrote before the app was there.

Looking stores nothing; recording keeps, of each guest named, the one message that
proves they wrote. Both read the couple's own chats, so both ask for the scope admin.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import AccountKey, Body, Id, Manager, SmallBodies
from wedding_wa.domain.errors import NotFound
from wedding_wa.services import history_consent
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history_look import Look, Trouble, Verdict, Writer
from wedding_wa.services.history_looks import LookRun

router = APIRouter(prefix="/history", route_class=SmallBodies)

KEYS: tuple[AccountKey, ...] = ("groom", "bride")
Step = Literal["looking", "done", "stopped", "trouble"]


class LookShape(Shape):
    """How the look through one account's chats stands: chats `read`, of `chats`; guests
    `found` who wrote, and `known` to have written already. `trouble`: why the chats
    could not be read."""

    account: AccountKey
    step: Step
    chats: int
    read: int
    found: int
    known: int
    trouble: Trouble | None


class WriterShape(Shape):
    """A guest who has written. `verdict` free, unsure (`sentence` may have meant STOP)
    or stopped (cannot be recorded)."""

    account: AccountKey
    guest_id: int
    household_id: int
    name: str
    household: str
    wrote_at: datetime
    verdict: Verdict
    sentence: str


class HistoryShape(Shape):
    """`looking`: a look is under way; ask again until it is over. What was found waits
    half an hour to be recorded."""

    looking: bool
    looks: list[LookShape]
    items: list[WriterShape]


class Guest(Body):
    """A guest of those found, by the account they wrote to."""

    account: AccountKey
    guest_id: Id


class Chosen(Body):
    """Whom to record."""

    guests: list[Guest] = Field(min_length=1, max_length=1_000)


class RecordedShape(Shape):
    """Of how many it was news."""

    recorded: int


@router.get("")
async def show(caller: Manager) -> HistoryShape:
    """How the look stands and whom it found."""
    return await _shown(caller.wedding_id)


@router.post("/look", status_code=202, responses=problems(409))
async def look(caller: Manager) -> HistoryShape:
    """Look through the chats of both accounts; what an earlier look found is forgotten.
    409 while one is under way."""
    app = runtime.current()
    ids = await app.db.read(_accounts, caller.wedding_id)
    app.looks.begin(
        caller.wedding_id,
        tuple(ids.values()),
        db=app.db,
        clients=app.clients,
        clock=app.clock,
    )
    return await _shown(caller.wedding_id)


@router.post("/stop", status_code=202)
async def stop(caller: Manager) -> HistoryShape:
    """End the look after the chat it is at; what it has found stays."""
    runtime.current().looks.stop(caller.wedding_id)
    return await _shown(caller.wedding_id)


@router.post("/record", responses=problems(404))
async def record(caller: Manager, chosen: Chosen) -> RecordedShape:
    """Keep one message of each guest, and by it their consent. 404 for one who is not
    among those found; nothing is kept then."""
    app = runtime.current()
    ids = await app.db.read(_accounts, caller.wedding_id)
    wanted = {
        key: [one.guest_id for one in chosen.guests if one.account == key]
        for key in KEYS
    }
    for key, guests in wanted.items():
        found = _kept(ids[key])
        known = {one.guest_id for one in found.writers} if found else set()
        if not set(guests) <= known:
            raise NotFound
    recorded = 0
    for key, guests in wanted.items():
        recorded += await _record(caller, ids[key], guests)
    return RecordedShape(recorded=recorded)


@router.delete("", status_code=204, responses=problems(409))
async def forget(caller: Manager) -> Response:
    """Throw away what was found. 409 while a look is under way."""
    app = runtime.current()
    app.looks.forget(caller.wedding_id)
    for account_id in (await app.db.read(_accounts, caller.wedding_id)).values():
        history_consent.forget(app.clients, account_id)
    return Response(status_code=204)


async def _record(caller: Caller, account_id: int, guests: list[int]) -> int:
    if not guests:
        return 0
    app = runtime.current()
    return await history_consent.record_kept(
        app.db,
        app.clients,
        account_id,
        guests,
        by=caller.by,
        now=app.clock.now(),
    )


async def _shown(wedding_id: int) -> HistoryShape:
    app = runtime.current()
    run = app.looks.of(wedding_id)
    ids = await app.db.read(_accounts, wedding_id)
    kept = {key: _kept(account_id) for key, account_id in ids.items()}
    looks = [_look(key, ids[key], run, kept[key]) for key in KEYS]
    return HistoryShape(
        looking=run is not None and not run.ended,
        looks=[one for one in looks if one],
        items=[
            _writer(key, one)
            for key in KEYS
            if (seen := kept[key])
            for one in seen.writers
        ],
    )


def _kept(account_id: int) -> Look | None:
    app = runtime.current()
    return history_consent.kept(app.clients, account_id, now=app.clock.now())


def _look(
    key: AccountKey, account_id: int, run: LookRun | None, seen: Look | None
) -> LookShape | None:
    """None: nobody looked. What is under way has no result yet."""
    if seen is not None:
        step: Step = "done" if seen.finished else "stopped"
        found = len(seen.writers)
        return _shape(key, step, seen.chats, seen.read, found, known=seen.known)
    if run is None:
        return None
    if (trouble := run.trouble.get(account_id)) is not None:
        return _shape(key, "trouble", 0, 0, 0, trouble=trouble)
    at = run.progress.get(account_id)
    if at is None or run.ended:
        return None
    return _shape(key, "looking", at.total, at.done, at.found)


def _shape(
    key: AccountKey,
    step: Step,
    chats: int,
    read: int,
    found: int,
    *,
    known: int = 0,
    trouble: Trouble | None = None,
) -> LookShape:
    return LookShape(
        account=key,
        step=step,
        chats=chats,
        read=read,
        found=found,
        known=known,
        trouble=trouble,
    )


def _writer(key: AccountKey, one: Writer) -> WriterShape:
    return WriterShape(
        account=key,
        guest_id=one.guest_id,
        household_id=one.household_id,
        name=one.name,
        household=one.household,
        wrote_at=one.wrote_at,
        verdict=one.verdict,
        sentence=one.sentence,
    )


def _accounts(session: Session, wedding_id: int) -> dict[AccountKey, int]:
    return {key: account_id_of(session, wedding_id, key) for key in KEYS}
