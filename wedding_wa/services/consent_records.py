"""services: consents with their evidence, and wishes for no more, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Account, Chat, Consent, InboundMessage, OptOut
from wedding_wa.services.guest_rows import guest_of
from wedding_wa.services.inbox_people import group_of

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A consent's row, its account's key, and the message that it rests on: None for
    the account's own number."""

    row: Consent
    account: str
    evidence: InboundMessage | None


@dataclass(frozen=True, slots=True)
class OptOutRecord:
    """An opt-out's row and its account's key."""

    row: OptOut
    account: str


def consent_records(
    session: Session,
    wedding_id: int,
    after: int,
    *,
    chat: int | None = None,
    guest: int | None = None,
) -> tuple[list[ConsentRecord], str]:
    """A page by id, revoked ones too: all, those of the person behind a chat
    (Chat.id), or a guest's. Raises NotFound for a chat or guest of another wedding."""
    statement = (
        select(Consent, Account.key, InboundMessage)
        .join(Account, col(Account.id) == col(Consent.account_id))
        .outerjoin(InboundMessage, col(InboundMessage.id) == col(Consent.inbound_id))
        .where(Consent.wedding_id == wedding_id, col(Consent.id) > after)
    )
    for one in _of(session, wedding_id, chat, guest):
        statement = statement.where(one)
    rows = session.exec(statement.order_by(col(Consent.id)).limit(PAGE_SIZE + 1)).all()
    found = [ConsentRecord(*row) for row in rows[:PAGE_SIZE]]
    return found, _next([row.id or 0 for row, _, _ in rows])


def opt_out_records(
    session: Session, wedding_id: int, after: int, *, active: bool | None
) -> tuple[list[OptOutRecord], str]:
    """A page by id: those that hold (`active`), those undone, or None: all."""
    statement = (
        select(OptOut, Account.key)
        .join(Account, col(Account.id) == col(OptOut.account_id))
        .where(OptOut.wedding_id == wedding_id, col(OptOut.id) > after)
    )
    if active is not None:
        holds = col(OptOut.undone_at).is_(None)
        statement = statement.where(holds if active else ~holds)
    rows = session.exec(statement.order_by(col(OptOut.id)).limit(PAGE_SIZE + 1)).all()
    found = [OptOutRecord(row, key) for row, key in rows[:PAGE_SIZE]]
    return found, _next([row.id or 0 for row, _ in rows])


def opt_out_record(session: Session, opt_out_id: int) -> OptOutRecord:
    """One that is known to be there."""
    row = session.get_one(OptOut, opt_out_id)
    return OptOutRecord(row, session.get_one(Account, row.account_id).key)


def _of(
    session: Session, wedding_id: int, chat: int | None, guest: int | None
) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if chat is not None:
        chats = group_of(session, wedding_id, chat).chats
        conditions.append(_in_chats([(one.account_id, one.chat_id) for one in chats]))
    if guest is not None:
        person = guest_of(session, wedding_id, guest)
        rows = session.exec(
            select(Chat.account_id, Chat.chat_id).where(
                Chat.wedding_id == wedding_id, Chat.guest_id == guest
            )
        ).all()
        ways = [_in_chats(list(rows))]
        if person.phone:
            ways.append(col(Consent.phone) == person.phone)
        conditions.append(sa.or_(*ways))
    return conditions


def _in_chats(chats: Sequence[tuple[int, str]]) -> sa.ColumnElement[bool]:
    same = [
        sa.and_(col(Consent.account_id) == account, col(Consent.chat_id) == chat)
        for account, chat in chats
    ]
    return sa.or_(sa.false(), *same)


def _next(ids: Sequence[int]) -> str:
    return str(ids[PAGE_SIZE - 1]) if len(ids) > PAGE_SIZE else ""
