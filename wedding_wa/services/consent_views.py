"""services: why a guest may be written to, as evidence that can be shown.

Each consent rests on one message that really came; here it is with its words, and
with what has become of it since.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Account, Chat, Consent, Evidence, InboundMessage
from wedding_wa.services.wishes import wants_none

#: So much of the first message is shown.
WORDS = 140


@dataclass(frozen=True, slots=True)
class Proof:
    """One consent. `account` is the key of the number they wrote to, `given_to` that
    number, nicely written; `how` it came to us; `at` is when they wrote.

    `words` is what they wrote, `media` its kind where it was no words alone. `phone`
    is theirs, "" where WhatsApp hides it. `revoked` is the reason, "" while it is
    valid. `wants_none`: it is valid, and they want no messages all the same.
    """

    id: int
    account: str
    given_to: str
    how: Evidence
    at: datetime
    words: str
    media: str
    phone: str
    push_name: str
    revoked: str
    revoked_at: datetime | None
    wants_none: bool


def proofs_of_guest(
    session: Session, wedding_id: int, guest_id: int
) -> tuple[Proof, ...]:
    """The consents of a guest's own chats, the newest first."""
    return _proofs(session, wedding_id, col(Chat.guest_id) == guest_id)


def proofs_of_household(
    session: Session, wedding_id: int, household_id: int
) -> tuple[Proof, ...]:
    """The consents of all chats of a household's people, the newest first."""
    return _proofs(session, wedding_id, col(Chat.household_id) == household_id)


def proofs_of_chats(
    session: Session, wedding_id: int, chat_rows: Collection[int]
) -> tuple[Proof, ...]:
    """The consents of these chats (`Chat.id`), the newest first."""
    return _proofs(session, wedding_id, col(Chat.id).in_(chat_rows))


def _proofs(session: Session, wedding_id: int, which: object) -> tuple[Proof, ...]:
    rows = session.exec(
        select(Consent, Account.key, InboundMessage, Chat.push_name)
        .join(
            Chat,
            (col(Chat.account_id) == col(Consent.account_id))
            & (col(Chat.chat_id) == col(Consent.chat_id)),
        )
        .join(Account, col(Account.id) == col(Consent.account_id))
        .join(
            InboundMessage,
            col(InboundMessage.id) == col(Consent.inbound_id),
            isouter=True,
        )
        .where(Chat.wedding_id == wedding_id, which)  # type: ignore[arg-type]
        .order_by(col(Consent.evidence_at).desc(), col(Consent.id).desc())
    ).all()
    chats = {consent.chat_id for consent, *_ in rows}
    silent = wants_none(session, wedding_id, chats) if chats else set()
    return tuple(_proof(*row, silent=silent) for row in rows)


def _proof(
    consent: Consent,
    account: str,
    said: InboundMessage | None,
    push_name: str | None,
    *,
    silent: set[str],
) -> Proof:
    words = said.body if said else ""
    return Proof(
        id=consent.id or 0,
        account=account,
        given_to=nice_phone(consent.given_to) if consent.given_to else "",
        how=Evidence(consent.source),
        at=consent.evidence_at,
        words=words if len(words) <= WORDS else f"{words[: WORDS - 1].rstrip()}…",
        media=(said.media or "") if said else "",
        phone=nice_phone(consent.phone) if consent.phone else "",
        push_name=push_name or "",
        revoked=consent.revoked_reason or "",
        revoked_at=consent.revoked_at,
        wants_none=consent.revoked_at is None and consent.chat_id in silent,
    )
