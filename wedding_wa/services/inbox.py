"""services: the inbox's list: who wrote, newest first, each person once.

It is ordered by what guests wrote, not by what was sent to them: a hundred reminders
that went out must not bury the answers to them. Pages go by key, counts by indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.models import Account, Chat, InboundMessage, StopQuestion
from wedding_wa.services.inbox_list import NONE, Wish, page_of
from wedding_wa.services.inbox_people import Group, Person, groups_of
from wedding_wa.services.sql import table
from wedding_wa.services.wishes import wants_none

PREVIEW = 140

_CHATS = table(Chat)
_INBOUND = table(InboundMessage)
_QUESTIONS = table(StopQuestion)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One person in the list. `chat` is the chat in which they wrote last, `answered`
    says that the last line there is ours, `text` is what they wrote last."""

    key: int
    chat: int
    person: Person
    accounts: tuple[str, ...]
    text: str
    media: str
    at: datetime
    unread: int
    answered: bool
    question: bool
    opted_out: bool
    ignored: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for the couple: messages, writers nobody knows, open questions."""

    unread: int
    unknown: int
    questions: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `newer` and `older` are cursors, "" at the ends; `fresh` is how many
    people stand ready before a list that was kept."""

    rows: tuple[Row, ...]
    newer: str
    older: str
    fresh: int
    counts: Counts


def inbox(
    session: Session, wedding_id: int, wish: Wish, *, keep: Sequence[int] = ()
) -> Page:
    """Read a page. With `keep` the people are exactly those behind these chats, in that
    order: a list that somebody points at must not move."""
    heads = page_of(session, wedding_id, wish)
    shown = _load(session, wedding_id, keep or heads.ids)
    rows = _rows(session, wedding_id, groups_of(session, wedding_id, shown))
    kept = {row.key for row in rows}
    fresh = _load(session, wedding_id, [i for i in heads.ids if i not in keep])
    behind = {group.key for group in groups_of(session, wedding_id, fresh)}
    return Page(
        rows=rows,
        newer=heads.newer,
        older=heads.older,
        fresh=len(behind - kept) if keep else 0,
        counts=counts(session, wedding_id),
    )


def counts(session: Session, wedding_id: int) -> Counts:
    """Read the counts, each by an index of its own."""
    unknown = sa.select(sa.func.count()).where(
        _CHATS.c.wedding_id == wedding_id,
        _CHATS.c.household_id.is_(None),
        _CHATS.c.ignored_at.is_(None),
        _CHATS.c.last_inbound_at.is_not(None),
    )
    questions = sa.select(sa.func.count()).where(
        _QUESTIONS.c.wedding_id == wedding_id, _QUESTIONS.c.answered_at.is_(None)
    )
    return Counts(
        unread=unread_total(session, wedding_id),
        unknown=int(session.execute(unknown).scalar_one()),
        questions=int(session.execute(questions).scalar_one()),
    )


def unread_total(session: Session, wedding_id: int) -> int:
    """How many messages from guests nobody has read yet."""
    total = sa.select(sa.func.coalesce(sa.func.sum(_CHATS.c.unread), 0)).where(
        _CHATS.c.wedding_id == wedding_id,
        _CHATS.c.unread > NONE,
        _CHATS.c.ignored_at.is_(None),
    )
    return int(session.execute(total).scalar_one())


def _load(session: Session, wedding_id: int, ids: Sequence[int]) -> list[Chat]:
    """The chats with these ids, in their order."""
    if not ids:
        return []
    rows = session.exec(
        select(Chat).where(col(Chat.id).in_(ids), Chat.wedding_id == wedding_id)
    ).all()
    by_id = {row.id: row for row in rows}
    return [by_id[i] for i in ids if i in by_id]


def _rows(
    session: Session, wedding_id: int, groups: Sequence[Group]
) -> tuple[Row, ...]:
    every = [chat for group in groups for chat in group.chats]
    keys = _account_keys(session, wedding_id)
    words = _last_words(session, [group.wrote_last for group in groups])
    asked = open_questions(session, wedding_id)
    unwilling = wants_none(session, wedding_id, {chat.chat_id for chat in every})
    return tuple(_row(group, keys, words, asked, unwilling) for group in groups)


def _row(
    group: Group,
    keys: dict[int, str],
    words: dict[int, tuple[str, str]],
    asked: set[tuple[int, str]],
    unwilling: set[str],
) -> Row:
    last = group.wrote_last
    text, media = words.get(last.id or 0, ("", ""))
    wrote = [chat for chat in group.chats if chat.last_inbound_at is not None]
    return Row(
        key=group.key,
        chat=last.id or 0,
        person=group.person,
        accounts=tuple(dict.fromkeys(keys[chat.account_id] for chat in wrote)),
        text=" ".join(text[: 2 * PREVIEW].split())[:PREVIEW],
        media=media,
        at=last.last_inbound_at or _EPOCH,
        unread=sum(chat.unread for chat in group.chats),
        answered=last.last_from_us,
        question=any((chat.account_id, chat.chat_id) in asked for chat in group.chats),
        opted_out=any(chat.chat_id in unwilling for chat in group.chats),
        ignored=last.ignored_at is not None,
    )


def open_questions(session: Session, wedding_id: int) -> set[tuple[int, str]]:
    """The chats (account, chat) in which the couple is asked what a guest meant."""
    rows = session.execute(
        sa.select(_QUESTIONS.c.account_id, _QUESTIONS.c.chat_id).where(
            _QUESTIONS.c.wedding_id == wedding_id, _QUESTIONS.c.answered_at.is_(None)
        )
    ).all()
    return {(int(account), str(chat)) for account, chat in rows}


def _account_keys(session: Session, wedding_id: int) -> dict[int, str]:
    rows = session.exec(
        select(col(Account.id), Account.key).where(Account.wedding_id == wedding_id)
    ).all()
    return {i: key for i, key in rows if i is not None}


def _last_words(session: Session, heads: Sequence[Chat]) -> dict[int, tuple[str, str]]:
    """What was last written in each of these chats: words and kind of media."""
    if not heads:
        return {}
    said = _INBOUND.alias("said").c
    last = (
        sa.select(said.id)
        .where(said.account_id == _CHATS.c.account_id, said.chat_id == _CHATS.c.chat_id)
        .order_by(said.at.desc(), said.id.desc())
        .limit(1)
        .correlate(_CHATS)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(_CHATS.c.id, _INBOUND.c.body, _INBOUND.c.media)
        .select_from(_CHATS)
        .join(_INBOUND, _INBOUND.c.id == last)
        .where(_CHATS.c.id.in_([head.id for head in heads]))
    ).all()
    return {int(i): (body, media or "") for i, body, media in rows}
