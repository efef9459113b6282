"""services: the Queue page's read models: counters, one page of rows, what goes now.

Nothing here grows with the history: counters are kept by the database, pages go by
key, and a search looks at the newest SEARCH_REACH of each state only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.messages import LIVE_PHASES, HoldRule, Status, shown_state
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import (
    BUCKETS,
    Account,
    MessageEvent,
    QueueCounter,
    QueueMessage,
    Wedding,
)
from wedding_wa.services.queue import retryable
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_list import Wish, page_of
from wedding_wa.services.queue_selection import how_many_aside
from wedding_wa.services.queue_why import Reasons, Why, heads

MANY = 1000
PREVIEW = 140


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the list. `state` is its bucket, `who` a name or a number.

    `held_at`: since when it is set aside, None where it is not.
    """

    id: int
    account: str
    who: str
    number: str
    preview: str
    state: str
    tries: int
    max_attempts: int
    priority: int
    created_at: datetime
    expires_at: datetime | None
    held_at: datetime | None
    error_code: str | None
    skip_reason: str | None
    unacknowledged: bool
    why: Why | None


@dataclass(frozen=True, slots=True)
class Lane:
    """What one account does now, or next. `live` says that it is being sent."""

    account: str
    message: Row | None
    live: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the list. `newer` and `older` are cursors, "" at the ends.

    `fresh` is how many rows stand ready behind a list that was kept, `total` how many
    the list has without its search, `missed` how many starts were missed while the app
    was away.
    """

    rows: tuple[Row, ...]
    fresh: int
    newer: str
    older: str
    counts: Mapping[str, int]
    total: int
    retryable: int
    missed: int
    phases: Mapping[int, str]
    lanes: tuple[Lane, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class _Accounts:
    ids: tuple[int, ...]
    keys: Mapping[int, str]
    zone: str


def queue_page(
    session: Session,
    wedding_id: int,
    wish: Wish,
    *,
    now: datetime,
    keep: Sequence[int] = (),
    reasons: Reasons | None = None,
) -> QueuePage:
    """Read what the Queue page shows. With `keep` the rows are exactly those ids, in
    that order: a list that somebody points at must not move."""
    accounts = _accounts(session, wedding_id)
    page = page_of(session, wedding_id, accounts.ids, wish)
    messages = _load(session, wedding_id, keep or page.ids)
    in_hand = _in_hand(session, wedding_id)
    reasons = reasons or Reasons(session, now)
    counts = _counts(session, accounts)
    return QueuePage(
        rows=_rows(messages, accounts, reasons),
        fresh=len(set(page.ids) - set(keep)) if keep else 0,
        newer=page.newer,
        older=page.older,
        counts=counts,
        retryable=_retryable(session, wedding_id) if counts["failed"] else 0,
        total=_total(session, accounts, wish, counts),
        missed=_aside(session, accounts, counts, HoldRule.MISSED),
        phases=_phases(session, in_hand, now),
        lanes=_lanes(session, accounts, in_hand, reasons, now),
        zone=accounts.zone,
    )


def who_is(message: QueueMessage) -> str:
    """The recipient as people know them: a name, else the number."""
    return message.name or number_of(message)


def number_of(message: QueueMessage) -> str:
    """The number written nicely; for a chat that hides it, the end of its id."""
    if message.phone:
        return nice_phone(message.phone)
    user, _, kind = message.chat_id.partition("@")
    return f"…{user[-4:]}" if kind == "lid" else nice_phone(f"+{user}")


def _accounts(session: Session, wedding_id: int) -> _Accounts:
    zone = session.exec(select(Wedding.time_zone).where(Wedding.id == wedding_id)).one()
    rows = session.exec(
        select(col(Account.id), Account.key)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())  # groom, bride
    ).all()
    keys = {i: key for i, key in rows if i is not None}
    return _Accounts(tuple(keys), keys, zone)


def _counts(session: Session, accounts: _Accounts) -> dict[str, int]:
    rows = session.exec(
        select(QueueCounter.bucket, sa.func.sum(QueueCounter.n))
        .where(col(QueueCounter.account_id).in_(accounts.ids))
        .group_by(QueueCounter.bucket)
    ).all()
    return dict.fromkeys(BUCKETS, 0) | {bucket: int(n) for bucket, n in rows}


def _total(
    session: Session, accounts: _Accounts, wish: Wish, counts: Mapping[str, int]
) -> int:
    if wish.rule:
        return _aside(session, accounts, counts, HoldRule(wish.rule))
    return counts[wish.state] if wish.state in BUCKETS else sum(counts.values())


def _aside(
    session: Session, accounts: _Accounts, counts: Mapping[str, int], rule: HoldRule
) -> int:
    return how_many_aside(session, accounts.ids, rule) if counts["held"] else 0


def _retryable(session: Session, wedding_id: int) -> int:
    """How many failed messages "retry" would take, at most MANY."""
    failed = retryable(wedding_id).limit(MANY).subquery()
    return session.exec(select(sa.func.count()).select_from(failed)).one()


def _load(session: Session, wedding_id: int, ids: Sequence[int]) -> list[QueueMessage]:
    """The messages with these ids, in their order."""
    if not ids:  # else the database would look for none through all of the wedding's
        return []
    rows = session.exec(
        select(QueueMessage).where(
            col(QueueMessage.id).in_(ids), QueueMessage.wedding_id == wedding_id
        )
    ).all()
    by_id = {row_id(message): message for message in rows}
    return [by_id[i] for i in ids if i in by_id]


def _rows(
    messages: Sequence[QueueMessage], accounts: _Accounts, reasons: Reasons
) -> tuple[Row, ...]:
    whys = reasons.of(messages)
    return tuple(
        row_of(message, accounts.keys[message.account_id], whys.get(row_id(message)))
        for message in messages
    )


def row_of(message: QueueMessage, account: str, why: Why | None) -> Row:
    """The message as the list shows it."""
    return Row(
        id=row_id(message),
        account=account,
        who=who_is(message),
        number=number_of(message),
        preview=_preview(message),
        state=message.bucket or message.status,
        tries=min(message.failures + 1, message.max_attempts),
        max_attempts=message.max_attempts,
        priority=message.priority,
        created_at=message.created_at,
        expires_at=message.expires_at,
        held_at=message.held_at,
        error_code=message.error_code,
        skip_reason=message.skip_reason,
        unacknowledged=message.unacknowledged_at is not None,
        why=why,
    )


def _preview(message: QueueMessage) -> str:
    """The first words, under the label that it has for our own eyes."""
    label = f"{message.title}: " if message.title else ""
    return " ".join((label + message.text[: 2 * PREVIEW]).split())[:PREVIEW]


def _phases(
    session: Session, in_hand: Sequence[QueueMessage], now: datetime
) -> dict[int, str]:
    """The live phase of each message that is being sent, where it has one."""
    shown = {row_id(message): live_state(session, message, now) for message in in_hand}
    return {i: state for i, state in shown.items() if state in list(LIVE_PHASES)}


def live_state(session: Session, message: QueueMessage, now: datetime) -> str:
    """What the badge of `message` says now: its live phase, else its status."""
    last = session.exec(
        select(MessageEvent)
        .where(
            MessageEvent.message_id == message.id,
            col(MessageEvent.phase).in_([phase.value for phase in LIVE_PHASES]),
        )
        .order_by(col(MessageEvent.id).desc())
        .limit(1)
    ).first()
    return shown_state(
        message.status,
        attempt=message.attempt,
        phase=last.phase if last else None,
        phase_attempt=last.attempt if last else None,
        phase_at=last.at if last else None,
        now=now,
    )


def _in_hand(session: Session, wedding_id: int) -> list[QueueMessage]:
    """What is being sent now: by the index of buckets, so without its history."""
    return list(
        session.exec(
            select(QueueMessage).where(
                QueueMessage.wedding_id == wedding_id,
                QueueMessage.bucket == Status.PROCESSING,
            )
        ).all()
    )


def _lanes(
    session: Session,
    accounts: _Accounts,
    in_hand: Sequence[QueueMessage],
    reasons: Reasons,
    now: datetime,
) -> tuple[Lane, ...]:
    """What each account is sending, or what goes next and why not yet."""
    sending = {message.account_id: message for message in in_hand}
    return tuple(
        Lane(key, row_of(sending[i], key, None), live=True)
        if i in sending
        else Lane(key, _next(session, i, key, reasons, now), live=False)
        for i, key in accounts.keys.items()
    )


def _next(
    session: Session, account_id: int, key: str, reasons: Reasons, now: datetime
) -> Row | None:
    line = heads(session, account_id, now)
    index = reasons.next_of(account_id, line)
    if index is None:
        return None
    message = line[index]
    why = reasons.of([message])[row_id(message)]
    # It goes next, so whatever holds it is not its place.
    first = replace(why, before=None if why.before is None else 0)
    return row_of(message, key, first)
