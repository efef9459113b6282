"""services: one message with its timeline and its tries, as the side panel shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import MessageRefused
from wedding_wa.domain.messages import Status
from wedding_wa.models import Account, MessageAttempt, MessageEvent, QueueMessage
from wedding_wa.services import queue
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_live import LivePhase, recent_phases
from wedding_wa.services.queue_selection import NOBODY, Chosen, Selected, selected
from wedding_wa.services.queue_views import (
    QueuePage,
    Row,
    live_state,
    queue_page,
    row_of,
)
from wedding_wa.services.queue_why import Reasons

# A message that was retried for days has no more than this shown: the newest.
_EVENTS = 200
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. `data` holds what was planned and what came of it."""

    id: int
    phase: str
    at: datetime
    duration_ms: int | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Try:
    """One try: how it ended, None while it is under way."""

    started_at: datetime
    outcome: str | None
    http_status: int | None
    error_code: str | None
    took_ms: int | None


@dataclass(frozen=True, slots=True)
class Ids:
    """The names under which this message is known, empty where it has none."""

    number: int
    task: str
    whatsapp: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One message whole. `state` is what its badge says, the live phase included.

    `can_hurry`: its priority may be changed. The queue decides anew when it is asked.
    """

    row: Row
    state: str
    text: str
    expires_at: datetime | None
    ids: Ids
    can_cancel: bool
    can_force: bool
    can_retry: bool
    can_hold: bool
    can_release: bool
    can_edit: bool
    can_hurry: bool
    events: tuple[Event, ...]
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """The whole Queue page at one moment. `recent`: see services.queue_live.
    `matching`: how many the list has on all its pages, 0 where nobody asked."""

    page: QueuePage
    selected: Selected
    matching: int
    detail: Detail | None
    recent: tuple[LivePhase, ...]


def queue_screen(
    session: Session,
    wedding_id: int,
    wish: Wish,
    opened: int,
    *,
    now: datetime,
    keep: Sequence[int] = (),
    chosen: Chosen = NOBODY,
    offer: bool = False,
) -> Screen:
    """Read the page: the list, what is `chosen` of it, the message opened (0: none),
    the newest phases; with `offer` also how many match in all."""
    reasons = Reasons(session, now)
    page = queue_page(session, wedding_id, wish, now=now, keep=keep, reasons=reasons)
    detail = (
        message_detail(session, wedding_id, opened, now=now, reasons=reasons)
        if opened
        else None
    )
    more = offer and bool(page.newer or page.older)
    everybody = Chosen(wish=wish)
    return Screen(
        page=page,
        matching=selected(session, wedding_id, everybody).n if more else 0,
        selected=selected(session, wedding_id, chosen),
        detail=detail,
        recent=recent_phases(session, wedding_id, now=now),
    )


def message_detail(
    session: Session,
    wedding_id: int,
    message_id: int,
    *,
    now: datetime,
    reasons: Reasons | None = None,
) -> Detail | None:
    """Read one message of this wedding; None if there is no such one."""
    message = session.get(QueueMessage, message_id)
    if message is None or message.wedding_id != wedding_id:
        return None
    account = session.get_one(Account, message.account_id).key
    whys = (reasons or Reasons(session, now)).of([message])
    row = row_of(message, account, whys.get(message_id))
    live = live_state(session, message, now)
    return Detail(
        row=row,
        state=row.state if live == message.status else live,
        text=message.text,
        expires_at=message.expires_at,
        ids=_ids(message),
        can_cancel=_can_cancel(message),
        can_force=_can_force(message),
        can_retry=_can_retry(message),
        can_hold=_can_cancel(message) and message.held_at is None,
        can_release=message.held_at is not None,
        can_edit=_can_cancel(message) and not queue.may_be_out(session, message),
        can_hurry=message.status == Status.PENDING,
        events=_events(session, message_id),
        tries=_tries(session, message_id),
    )


def _ids(message: QueueMessage) -> Ids:
    return Ids(
        number=row_id(message),
        task=message.task_id,
        whatsapp=message.provider_message_id or message.reserved_id or "",
    )


def _can_cancel(message: QueueMessage) -> bool:
    """As queue.cancel: waiting, or in hand and not yet on its way."""
    in_hand = message.status == Status.PROCESSING and message.dispatched_at is None
    return message.status == Status.PENDING or in_hand


def _can_force(message: QueueMessage) -> bool:
    return message.status == Status.PENDING and message.forced_at is None


def _can_retry(message: QueueMessage) -> bool:
    return message.status == Status.FAILED and message.error_code != MessageRefused.code


def _events(session: Session, message_id: int) -> tuple[Event, ...]:
    rows = session.exec(
        select(MessageEvent)
        .where(MessageEvent.message_id == message_id)
        .order_by(col(MessageEvent.id).desc())
        .limit(_EVENTS)
    ).all()
    return tuple(
        Event(one.id or 0, one.phase, one.at, one.duration_ms, one.data)
        for one in reversed(rows)
    )


def _tries(session: Session, message_id: int) -> tuple[Try, ...]:
    rows = session.exec(
        select(MessageAttempt)
        .where(MessageAttempt.message_id == message_id)
        .order_by(col(MessageAttempt.attempt).desc())
        .limit(_TRIES)
    ).all()
    return tuple(
        Try(one.started_at, one.outcome, one.http_status, one.error_code, one.took_ms)
        for one in reversed(rows)
    )
