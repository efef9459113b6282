"""api: /api/v1/inbox/{chat}/…: who a writer is, and what only a person can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Fields,
    Id,
    Reader,
    RowId,
    Sender,
    SmallBodies,
)
from wedding_wa.services import inbox_marks, inbox_match, inbox_naming, opt_outs
from wedding_wa.services.audit import By
from wedding_wa.services.inbox_match import Match
from wedding_wa.services.inbox_people import Person, group_of

router = APIRouter(prefix="/inbox", route_class=SmallBodies)


class Looked(Fields):
    """What to look for; left out: who is called like the writer calls themselves."""

    q: str = Field("", max_length=80)


class Linked(Body):
    """A household, and if known which of its guests."""

    household_id: Id
    guest_id: Id | None = None


class Named(Body):
    """A new guest in a household of their own."""

    name: str = Field(min_length=1, max_length=200)
    side: AccountKey = "groom"


class Told(Body):
    """What they said, in the words of who notes it."""

    sentence: str = Field(min_length=1, max_length=1_000)


class MatchShape(Shape):
    """A guest, or with `guest_id` null a household. `wrote`: a chat is linked to them
    already."""

    household_id: int
    guest_id: int | None
    name: str
    household: str
    phone: str
    side: AccountKey
    wrote: bool


class MatchesShape(Shape):
    """The likeliest first; a few, however many there are."""

    items: list[MatchShape]


class WriterShape(Shape):
    """All `chats` of one person, and who that is: `name` "" for a stranger.
    `wants_none`: they want no more messages."""

    chats: list[int]
    name: str
    household: str
    push_name: str
    phone: str
    guest_id: int | None
    household_id: int | None
    ignored: bool
    unread: int
    wants_none: bool


@dataclass(frozen=True, slots=True)
class _Writer:
    chats: tuple[int, ...]
    person: Person
    ignored: bool
    unread: int
    wants_none: bool


@router.get("/{chat}/matches", responses=problems(404))
async def matches(
    caller: Reader, chat: RowId, asked: Annotated[Looked, Query()]
) -> MatchesShape:
    """Guests and households who may be the writer, to pick one of."""
    found = await runtime.current().db.read(
        _matches, caller.wedding_id, chat, asked.q.strip()
    )
    return MatchesShape(items=[MatchShape.model_validate(one) for one in found])


@router.post("/{chat}/link", responses=problems(404))
async def link(caller: Sender, chat: RowId, to: Linked) -> WriterShape:
    """The writer is this guest, or of this household; their consent follows."""
    app = runtime.current()
    await app.db.write(
        inbox_naming.link_to,
        caller.wedding_id,
        chat,
        household_id=to.household_id,
        guest_id=to.guest_id,
        by=caller.by,
        now=app.clock.now(),
    )
    return await _writer(caller.wedding_id, chat)


@router.post("/{chat}/add", status_code=201, responses=problems(404))
async def add(caller: Sender, chat: RowId, new: Named) -> WriterShape:
    """The writer is a new guest. 422 where a guest has that number."""
    app = runtime.current()
    await app.db.write(
        inbox_naming.add_as_guest,
        caller.wedding_id,
        chat,
        name=new.name,
        side=new.side,
        by=caller.by,
        now=app.clock.now(),
    )
    return await _writer(caller.wedding_id, chat)


@router.post("/{chat}/ignore", responses=problems(404))
async def ignore(caller: Sender, chat: RowId) -> WriterShape:
    """The writer is no guest."""
    return await _ignore(caller.wedding_id, chat, caller.by, ignored=True)


@router.post("/{chat}/bring-back", responses=problems(404))
async def bring_back(caller: Sender, chat: RowId) -> WriterShape:
    """The writer may be a guest after all."""
    return await _ignore(caller.wedding_id, chat, caller.by, ignored=False)


@router.post("/{chat}/unread", status_code=204, responses=problems(404))
async def unread(caller: Sender, chat: RowId) -> Response:
    """Mark the conversation unread, to come back to it."""
    db = runtime.current().db
    await db.write(inbox_marks.mark_unread, caller.wedding_id, chat)
    return Response(status_code=204)


@router.post("/{chat}/opt-out", responses=problems(404))
async def opt_out(caller: Sender, chat: RowId, told: Told) -> WriterShape:
    """The guest said in another way that they want no messages: nothing that waits for
    them goes, in any of their chats. `POST /opt-outs/{opt_out_id}/undo` ends it."""
    app = runtime.current()
    await app.db.write(
        _note_wish,
        caller.wedding_id,
        chat,
        told.sentence,
        by=caller.by,
        now=app.clock.now(),
    )
    return await _writer(caller.wedding_id, chat)


async def _ignore(wedding_id: int, chat: int, by: By, *, ignored: bool) -> WriterShape:
    app = runtime.current()
    await app.db.write(
        inbox_naming.ignore,
        wedding_id,
        chat,
        ignored=ignored,
        by=by,
        now=app.clock.now(),
    )
    return await _writer(wedding_id, chat)


async def _writer(wedding_id: int, chat: int) -> WriterShape:
    found = await runtime.current().db.read(_read_writer, wedding_id, chat)
    who = found.person
    return WriterShape(
        chats=list(found.chats),
        name=who.name,
        household=who.household,
        push_name=who.push_name,
        phone=who.phone,
        guest_id=who.guest_id,
        household_id=who.household_id,
        ignored=found.ignored,
        unread=found.unread,
        wants_none=found.wants_none,
    )


def _read_writer(session: Session, wedding_id: int, chat: int) -> _Writer:
    group = group_of(session, wedding_id, chat)
    names = {one.chat_id for one in group.chats}
    return _Writer(
        chats=group.ids,
        person=group.person,
        ignored=all(one.ignored_at is not None for one in group.chats),
        unread=sum(one.unread for one in group.chats),
        wants_none=bool(opt_outs.wants_none(session, wedding_id, names)),
    )


def _matches(session: Session, wedding_id: int, chat: int, q: str) -> list[Match]:
    group = group_of(session, wedding_id, chat)
    if q:
        return inbox_match.find(session, wedding_id, q)
    return inbox_match.suggested(session, wedding_id, group.person.push_name)


def _note_wish(
    session: Session,
    wedding_id: int,
    chat: int,
    sentence: str,
    *,
    by: By,
    now: datetime,
) -> None:
    told_in = group_of(session, wedding_id, chat).wrote_last
    opt_outs.note_by_hand(session, told_in, sentence=sentence, by=by, now=now)
