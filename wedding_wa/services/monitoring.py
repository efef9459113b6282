"""services: monitored notifications: sent like any message, and answered for.

Another part of the program, or another program, hands one in, keeps the `task_id` and
asks later what became of it. It goes the way of every message: guests write first,
limits hold, nothing goes twice; only its back-off is slower and longer. The text is
sent word for word; title and category are labels for the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.messages import END_STATES, Kind, Status
from wedding_wa.domain.notifications import category_of, usual_priority
from wedding_wa.models import QueueMessage
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.live import Bus
from wedding_wa.services.queue.rows import row_id
from wedding_wa.words import DEFAULT_LANGUAGE, say
from wedding_wa.words.sentences import error_words

# Should the bus not tell of another process: so often it is looked at all the same.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Notification:
    """What became of a notification so far.

    `attempt` is how many tries have begun, 0 before the first; waiting is none.
    `success` is None while it is open, also while nobody knows whether it went
    (`status` is "unconfirmed" then). `error` is the last trouble as a sentence, also
    while it will be tried again; `next_try_at` is when that may be at the earliest.
    """

    task_id: str
    message_id: int
    status: str
    attempt: int
    max_attempts: int
    success: bool | None
    error: str | None
    next_try_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether its end is known."""
        return self.success is not None


def send_monitored_notification(
    session: Session,
    wedding_id: int,
    *,
    to: str,
    text: str,
    category: str,
    now: datetime,
    title: str | None = None,
    account: str | None = None,
    priority: int | None = None,
    max_attempts: int | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    lang: str = DEFAULT_LANGUAGE,
) -> Notification:
    """Queue a notification and tell how it stands; under one key there is one.

    `category` is one of domain.notifications.Category; without a `priority` (1 first,
    5 last) it says how soon. `to`, `account` and the times are as for every message.
    Raises BadInput, NotFound, OptedOut, or NoConsent: also a notification never goes
    to somebody who has not written first.
    """
    kind = category_of(category)
    request = EnqueueRequest(
        account=account,
        to=to,
        text=text,
        kind=Kind.NOTIFICATION.value,
        category=kind.value,
        title=title,
        priority=usual_priority(kind) if priority is None else priority,
        max_attempts=max_attempts,
        due_at=due_at,
        expires_at=expires_at,
        idempotency_key=idempotency_key,
    )
    made = enqueue(session, wedding_id, request, now=now)
    return notification(session, wedding_id, made.task_id, lang=lang)


def notification(
    session: Session, wedding_id: int, task_id: str, *, lang: str = DEFAULT_LANGUAGE
) -> Notification:
    """How the notification stands now, its error in `lang`. Raises NotFound."""
    message = session.exec(
        select(QueueMessage).where(
            QueueMessage.wedding_id == wedding_id, QueueMessage.task_id == task_id
        )
    ).first()
    if message is None:
        raise NotFound("error.message_not_found")
    return _as_it_stands(message, lang)


async def wait_for_end(
    db: Database,
    bus: Bus,
    clock: Clock,
    wedding_id: int,
    task_id: str,
    *,
    seconds: float,
    lang: str = DEFAULT_LANGUAGE,
) -> Notification:
    """Wait at most `seconds` for the end; return how it stands then. Raises NotFound.

    Nothing is lost by giving up: it goes on, and may be asked for again.
    """
    until = clock.monotonic() + seconds
    while True:
        seen = bus.version
        now = await db.read(notification, wedding_id, task_id, lang=lang)
        left = until - clock.monotonic()
        if now.over or left <= 0:
            return now
        await bus.newer(seen, min(left, _LOOK_SECONDS))


def _as_it_stands(message: QueueMessage, lang: str) -> Notification:
    waits = message.status == Status.PENDING and message.held_at is None
    return Notification(
        task_id=message.task_id,
        message_id=row_id(message),
        status=message.status,
        attempt=_tries(message),
        max_attempts=message.max_attempts,
        success=_success(message),
        error=_error(message, lang),
        next_try_at=message.due_at if waits else None,
    )


def _tries(message: QueueMessage) -> int:
    """One that is under way, that went or may have gone counts too."""
    began = message.status in (Status.PROCESSING, Status.SENT, Status.UNCONFIRMED)
    return min(message.failures + began, message.max_attempts)


def _success(message: QueueMessage) -> bool | None:
    if message.status not in END_STATES:
        return None
    return message.status == Status.SENT and message.ack_error_at is None


def _error(message: QueueMessage, lang: str) -> str | None:
    if message.status == Status.SKIPPED:
        return say(lang, f"queue.skip.{message.skip_reason}")
    if message.ack_error_at is not None:
        return say(lang, "queue.note.refused")
    if message.error_code is None or message.status == Status.SENT:
        return None
    return error_words(lang, message.error_code, **message.error_params) or None
