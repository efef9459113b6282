"""services: on which consent a waiting message rests, when our own number changes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.messages import Status
from wedding_wa.models import Consent, Evidence
from wedding_wa.services.consent import NUMBER_CHANGED
from wedding_wa.services.queue.rows import MESSAGES
from wedding_wa.services.sql import changed, table

_ENDED = table(Consent).alias("ended")
_RENEWED = table(Consent).alias("renewed")


def rests_on_ended(session: Session, account_id: int) -> bool:
    """Whether a message that may still go rests on a consent that was taken back."""
    found = session.execute(
        sa.select(MESSAGES.c.id)
        .join(_ENDED, _ENDED.c.id == MESSAGES.c.consent_id)
        .where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status.in_(
                [Status.PENDING, Status.PROCESSING, Status.UNCONFIRMED]
            ),
            _ENDED.c.revoked_at.is_not(None),
        )
        .limit(1)
    )
    return found.first() is not None


def rest_on_renewed(session: Session, account_id: int) -> int:
    """Let what waits rest on the same proof again, where its consent had ended only
    because another number was logged in. Return how many; the database refuses any
    other consent."""
    own = Evidence.OWN_NUMBER.value
    renewed = (
        sa.select(_RENEWED.c.id)
        .join(
            _ENDED,
            sa.and_(
                _ENDED.c.account_id == _RENEWED.c.account_id,
                _ENDED.c.chat_id == _RENEWED.c.chat_id,
                _ENDED.c.given_to == _RENEWED.c.given_to,
                sa.or_(
                    _ENDED.c.inbound_id == _RENEWED.c.inbound_id,
                    sa.and_(_ENDED.c.source == own, _RENEWED.c.source == own),
                ),
            ),
        )
        .where(
            _ENDED.c.id == MESSAGES.c.consent_id,
            _ENDED.c.revoked_reason == NUMBER_CHANGED,
            _RENEWED.c.revoked_at.is_(None),
        )
    )
    return changed(
        session,
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.account_id == account_id,
            MESSAGES.c.status.in_([Status.PENDING, Status.UNCONFIRMED]),
            renewed.exists(),
        )
        .values(consent_id=renewed.limit(1).scalar_subquery()),
    )
