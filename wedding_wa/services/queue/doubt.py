"""services: unconfirmed messages: what was looked at, and what a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.messages import Outcome, Phase, Status
from wedding_wa.models import MessageAttempt, QueueMessage
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.processes import ProcessIdentity, is_dead, may_be_proven
from wedding_wa.services.queue.evidence import settle_sent
from wedding_wa.services.queue.rows import (
    FREE,
    MESSAGES,
    find_mine,
    message_event,
    row_id,
    settle_attempt,
)
from wedding_wa.services.sql import changed

PERSON = "person"


def note_look(
    session: Session,
    message: QueueMessage,
    looked: Mapping[str, object],
    *,
    now: datetime,
) -> bool:
    """Keep what was looked at for evidence; False if it is in doubt no more."""
    noted = changed(
        session, _in_doubt(message).values(looked=dict(looked), looked_at=now)
    )
    if noted:
        note(session, Change("message", message.wedding_id, row_id(message)))
    return bool(noted)


def declare_sent(
    session: Session,
    wedding_id: int,
    message_id: int,
    *,
    by: By,
    now: datetime,
) -> None:
    """A person has seen that the message went. Raises NotFound or Conflict."""
    message = find_mine(session, wedding_id, message_id)
    known_as = message.provider_message_id or message.reserved_id
    settled = settle_sent(
        session,
        message,
        evidence=PERSON,
        provider_id=known_as,
        now=now,
        late=False,
        said=audit.named(session, by),
    )
    if not settled:
        raise Conflict("not in doubt any more")
    _audit(session, message, "declared_sent", by, now)


def send_again(
    session: Session,
    wedding_id: int,
    message_id: int,
    *,
    by: By,
    now: datetime,
) -> None:
    """A person has seen that the message did not go: back in the line, under the same
    id, with all its tries.

    Raises NotFound, or Conflict: it is in doubt no more, or the process that may be
    sending it still lives.
    """
    message = find_mine(session, wedding_id, message_id)
    if _may_be_under_way(session, message):
        raise Conflict("may be under way still")
    back = changed(
        session,
        _in_doubt(message).values(
            status=Status.PENDING.value,
            failures=0,
            due_at=now,
            worker=None,
            dispatched_at=None,
            settled_by=PERSON,
            error_code=None,
            **FREE,
        ),
    )
    if not back:
        raise Conflict("not in doubt any more")
    settle_attempt(
        session,
        message_id,
        message.attempt,
        Outcome.NOT_SENT,
        counts=False,
        error_code=None,
    )
    data = {"evidence": PERSON, "result": "not_sent", "failures": 0}
    data |= audit.named(session, by)
    message_event(session, message, Phase.SETTLED, now, data, duration_ms=0)
    _audit(session, message, "sent_again", by, now)


def _in_doubt(message: QueueMessage) -> sa.Update:
    return sa.update(MESSAGES).where(
        MESSAGES.c.id == message.id,
        MESSAGES.c.status == Status.UNCONFIRMED,
        MESSAGES.c.attempt == message.attempt,
    )


def _may_be_under_way(session: Session, message: QueueMessage) -> bool:
    """The call has not been seen to end, and its process, of this host, is alive."""
    ended = session.exec(
        select(MessageAttempt.finished_at).where(
            MessageAttempt.message_id == message.id,
            MessageAttempt.attempt == message.attempt,
        )
    ).first()
    if ended is not None or message.worker is None:
        return False
    process = ProcessIdentity.parse(message.worker)
    return may_be_proven(process) and not is_dead(process)


def _audit(
    session: Session,
    message: QueueMessage,
    action: str,
    by: By,
    now: datetime,
) -> None:
    audit.record(
        session,
        action,
        wedding_id=message.wedding_id,
        by=by,
        now=now,
        message_id=row_id(message),
    )
