"""api: /api/v1/inbox: what guests wrote, by person, and answers to it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import problems
from wedding_wa.api.v1.inbox_shapes import (
    ConversationShape,
    InboxPage,
    InboxRow,
    ReadShape,
    ReplyQueued,
    ThreadLine,
)
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Fields,
    Paged,
    Reader,
    RowId,
    Sender,
    SmallBodies,
    page,
    record,
)
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.services.inbox import Row, inbox
from wedding_wa.services.inbox_list import Wish
from wedding_wa.services.inbox_marks import mark_read
from wedding_wa.services.inbox_people import group_of
from wedding_wa.services.inbox_screen import Asked, Conversation, conversation
from wedding_wa.services.inbox_thread import Line
from wedding_wa.services.replies import reply

router = APIRouter(prefix="/inbox", route_class=SmallBodies)

_MORE = 100


class People(Paged):
    """As the page's filters and its search."""

    view: Literal["", "unread", "unknown", "questions", "ignored"] = ""
    account: AccountKey | None = None
    q: str = Field("", max_length=80)


class From(Fields):
    """`since` is that of a page read before: a hundred lines more, before it."""

    since: str = Field("", max_length=60)


class Reply(Body):
    """The same key again gives the message that is there already, never a second."""

    text: str = Field(json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT})
    idempotency_key: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")


@router.get("")
async def list_people(caller: Reader, asked: Annotated[People, Query()]) -> InboxPage:
    """List who wrote, each person once, by what they wrote last, newest first. `chat`
    is the id for the routes below."""
    wish = Wish(
        view=asked.view,
        account=asked.account or "",
        search=asked.q.strip(),
        after=asked.after,
    )
    found = await runtime.current().db.read(inbox, caller.wedding_id, wish)
    counts = asdict(found.counts)
    shown = page(map(_person, found.rows), found.older, counts=counts)
    return InboxPage.model_validate(shown)


@router.get("/{chat}", responses=problems(404))
async def show(
    caller: Reader, chat: RowId, asked: Annotated[From, Query()]
) -> ConversationShape:
    """Show a conversation: all chats of the person behind one of them. Its newest 30
    lines, and with `since` a hundred more before."""
    app = runtime.current()
    found: ConversationShape = await app.db.read(
        _conversation, caller.wedding_id, chat, asked.since, now=app.clock.now()
    )
    return found


@router.post("/{chat}/reply", status_code=202, responses=problems(404, 409))
async def answer(caller: Sender, chat: RowId, said: Reply) -> ReplyQueued:
    """Queue an answer, before everything else that waits. The same `idempotency_key`
    again is the same message."""
    app = runtime.current()
    made = await app.db.write(
        reply,
        caller.wedding_id,
        chat,
        text=said.text,
        key=said.idempotency_key,
        by=caller.user_id,
        now=app.clock.now(),
    )
    return ReplyQueued(id=made.id, task_id=made.task_id)


@router.post("/{chat}/read", responses=problems(404))
async def read(caller: Sender, chat: RowId) -> ReadShape:
    """Mark as read: somebody has looked. `changed` false: nothing was unread."""
    app = runtime.current()
    return ReadShape(changed=await app.db.write(mark_read, caller.wedding_id, chat))


def _person(row: Row) -> InboxRow:
    return InboxRow.model_validate(asdict(row))


def _conversation(
    session: Session, wedding_id: int, chat: int, since: str, *, now: datetime
) -> ConversationShape:
    """Raises NotFound, also for another wedding."""
    group = group_of(session, wedding_id, chat)
    asked = Asked(chat=chat, since=since, more=_MORE if since else 0)
    found = conversation(session, group, asked, now=now)
    return ConversationShape.model_validate(_json(found))


def _json(found: Conversation) -> dict[str, object]:
    return {
        "chats": [record(chat) for chat in found.group.chats],
        "person": asdict(found.group.person),
        "account": found.account or None,
        "unread": found.unread,
        "ignored": found.ignored,
        "questions": [asdict(one) for one in found.questions],
        "opted_out": asdict(found.opted_out) if found.opted_out else None,
        "lines": [_line(one) for one in found.lines.lines],
        "since": found.lines.since or None,
        "earlier": found.lines.earlier,
    }


def _line(line: Line) -> ThreadLine:
    return ThreadLine.model_validate(
        {
            "kind": line.kind,
            "id": line.id,
            "account": line.account,
            "at": line.at,
            "text": line.text,
            "media": line.media or None,
            "state": line.state or None,
            "answered": line.answered,
        }
    )
