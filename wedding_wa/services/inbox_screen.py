"""services: everything the Inbox page shows at one look, in one read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.models import Account, InboundMessage, OptOut, StopQuestion
from wedding_wa.services import replies
from wedding_wa.services.inbox import Page, inbox
from wedding_wa.services.inbox_list import Wish
from wedding_wa.services.inbox_people import Group, group_of
from wedding_wa.services.inbox_thread import Lines, lines_of
from wedding_wa.services.queue_why import Why


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence of theirs with a stop word in it; a person must say what is meant."""

    id: int
    inbound_id: int
    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """They want no more messages. `sentence` is "" where a person noted it."""

    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person and what passed. `account` is the key of the number an answer leaves
    from, "" where none may; `why` says why it would not leave at once."""

    group: Group
    lines: Lines
    accounts: tuple[str, ...]
    account: str
    why: Why | None
    questions: tuple[Question, ...]
    opted_out: Wanted | None

    @property
    def unread(self) -> int:
        return sum(chat.unread for chat in self.group.chats)

    @property
    def ignored(self) -> bool:
        return self.group.wrote_last.ignored_at is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which conversation is open (0 for none), and from which line on; `more` lines
    before that are wanted too."""

    chat: int = 0
    since: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """The list, and the open conversation; None where there is none such."""

    page: Page
    conversation: Conversation | None


def inbox_screen(
    session: Session,
    wedding_id: int,
    wish: Wish,
    asked: Asked,
    *,
    now: datetime,
    keep: Sequence[int] = (),
) -> Screen:
    """Read the page. A conversation of another wedding is as none."""
    page = inbox(session, wedding_id, wish, keep=keep)
    if not asked.chat:
        return Screen(page, None)
    try:
        group = group_of(session, wedding_id, asked.chat)
    except NotFound:
        return Screen(page, None)
    return Screen(page, conversation(session, group, asked, now=now))


def conversation(
    session: Session, group: Group, asked: Asked, *, now: datetime
) -> Conversation:
    """Read one conversation."""
    target = replies.reply_to(session, group)
    opted_out = _opted_out(session, group)
    may_answer = target is not None and opted_out is None
    return Conversation(
        group=group,
        lines=lines_of(session, group, now=now, since=asked.since, more=asked.more),
        accounts=_accounts(session, group),
        account=target.account if target else "",
        why=replies.outlook(session, target, now=now)
        if target and may_answer
        else None,
        questions=_questions(session, group),
        opted_out=opted_out,
    )


def _accounts(session: Session, group: Group) -> tuple[str, ...]:
    ids = [chat.account_id for chat in group.chats]
    rows = session.exec(
        select(col(Account.id), Account.key).where(col(Account.id).in_(ids))
    ).all()
    keys = {i: key for i, key in rows if i is not None}
    return tuple(dict.fromkeys(keys[i] for i in ids))


def _questions(session: Session, group: Group) -> tuple[Question, ...]:
    here = sa.or_(
        *[
            sa.and_(
                col(StopQuestion.account_id) == chat.account_id,
                col(StopQuestion.chat_id) == chat.chat_id,
            )
            for chat in group.chats
        ]
    )
    rows = session.exec(
        select(StopQuestion, InboundMessage)
        .join(InboundMessage, col(InboundMessage.id) == col(StopQuestion.inbound_id))
        .where(
            StopQuestion.wedding_id == group.wrote_last.wedding_id,
            col(StopQuestion.answered_at).is_(None),
            here,
        )
        .order_by(col(StopQuestion.id))
    ).all()
    return tuple(
        Question(asked.id or 0, inbound.id or 0, inbound.body, inbound.at)
        for asked, inbound in rows
    )


def _opted_out(session: Session, group: Group) -> Wanted | None:
    """The newest wish of this person for no more messages, by any of their chats."""
    phones = {chat.phone for chat in group.chats if chat.phone}
    guests = {chat.guest_id for chat in group.chats if chat.guest_id}
    found = session.exec(
        select(OptOut)
        .where(
            OptOut.wedding_id == group.wrote_last.wedding_id,
            col(OptOut.undone_at).is_(None),
            sa.or_(
                col(OptOut.chat_id).in_({chat.chat_id for chat in group.chats}),
                col(OptOut.phone).in_(phones),
                col(OptOut.guest_id).in_(guests),
            ),
        )
        .order_by(col(OptOut.id).desc())
    ).first()
    return Wanted(found.sentence, found.at) if found else None
