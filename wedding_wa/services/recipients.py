"""services: who may be written to from an account just now, for a person to pick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import (
    Account,
    Chat,
    Consent,
    Evidence,
    Guest,
    Household,
    InboundMessage,
)
from wedding_wa.services.wishes import wants_none


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

    Who wants no more messages is not offered. The work grows with the guests who
    wrote, not with their messages.
    """
    valid = (
        select(Consent, Guest.name, Household.name, InboundMessage.push_name)
        .join(
            Chat,
            (col(Chat.account_id) == col(Consent.account_id))
            & (col(Chat.chat_id) == col(Consent.chat_id)),
            isouter=True,
        )
        .join(Guest, col(Guest.id) == col(Chat.guest_id), isouter=True)
        .join(Household, col(Household.id) == col(Chat.household_id), isouter=True)
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
    wrote = session.exec(newest).all()
    wedding_id = session.get_one(Account, account_id).wedding_id
    unwilling = wants_none(session, wedding_id, [row[0].chat_id for row in wrote])
    willing = [row for row in wrote if row[0].chat_id not in unwilling]
    return [_recipient(*row) for row in [*own, *willing]]


def _recipient(consent: Consent, *names: str | None) -> Recipient:
    """`names`: the guest's, the household's, what they call themselves."""
    own = consent.source == Evidence.OWN_NUMBER
    return Recipient(
        to=consent.chat_id,
        name=next((name for name in names if name), ""),
        phone=nice_phone(consent.phone) if consent.phone else "",
        wrote_at=None if own else consent.evidence_at,
    )
