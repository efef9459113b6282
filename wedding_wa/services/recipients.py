"""services: who may be written to from an account just now, for a person to pick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Consent, Evidence, InboundMessage


@dataclass(frozen=True, slots=True)
class Recipient:
    """One chat. `to` is what `enqueue` takes; `phone` is written nicely, empty where
    WhatsApp hides it. `wrote_at` is when they first wrote, None for the own number."""

    to: str
    name: str
    phone: str
    wrote_at: datetime | None

    @property
    def own(self) -> bool:
        return self.wrote_at is None


def recipients(session: Session, account_id: int, *, limit: int = 6) -> list[Recipient]:
    """The account's own number, then at most `limit` of those who wrote, newest first.

    The work grows with the guests who wrote, not with their messages.
    """
    valid = (
        select(Consent, InboundMessage.push_name)
        .join(
            InboundMessage,
            col(InboundMessage.id) == col(Consent.inbound_id),
            isouter=True,
        )
        .where(Consent.account_id == account_id, col(Consent.revoked_at).is_(None))
    )
    is_own = col(Consent.source) == Evidence.OWN_NUMBER
    own = session.exec(valid.where(is_own)).all()
    newest = valid.where(~is_own).order_by(col(Consent.id).desc()).limit(limit)
    return [_recipient(*row) for row in [*own, *session.exec(newest).all()]]


def _recipient(consent: Consent, push_name: str | None) -> Recipient:
    own = consent.source == Evidence.OWN_NUMBER
    return Recipient(
        to=consent.chat_id,
        name=push_name or "",
        phone=nice_phone(consent.phone) if consent.phone else "",
        wrote_at=None if own else consent.evidence_at,
    )
