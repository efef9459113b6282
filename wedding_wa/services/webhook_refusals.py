"""services: deliveries that were turned away, so that somebody can see why.

They change nothing else. Whoever sends them decides how many there are, so only the
newest of an account are kept, and of each only its head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.models import WebhookRefusal, Wedding
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed, table
from wedding_wa.services.webhook_log import Receiver

#: Refusals kept of an account, the newest.
KEPT = 200
#: Bytes kept of a refused body.
HEAD = 2000
_ASKED_LONGEST = 40
_ADDRESS_LONGEST = 64

_REFUSALS = table(WebhookRefusal)


class Reason(StrEnum):
    """Why a delivery was turned away."""

    UNSIGNED = "unsigned"
    SIGNATURE = "signature"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOO_MANY = "too_many"
    UNKNOWN_ACCOUNT = "unknown_account"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a delivery that nobody vouches for."""

    asked: str
    address: str = field(repr=False)
    size: int | None = None
    head: bytes = field(default=b"", repr=False)


def refuse(
    session: Session,
    delivery: Delivery,
    reason: Reason,
    receivers: Sequence[Receiver],
    *,
    now: datetime,
) -> None:
    """Note a refused delivery with each account it may have been for.

    Where that is not exactly one, nothing of the body is kept: it may be the mail of
    another wedding. An address that is no account's is told to the only wedding there
    is, and where there are several, to none.
    """
    places: list[tuple[int, int | None]]
    places = [(one.wedding_id, one.account_id) for one in receivers]
    places = places or [(one, None) for one in _only_wedding(session)]
    head = delivery.head[:HEAD] if len(receivers) == 1 else b""
    for wedding_id, account_id in places:
        session.execute(
            sa.insert(_REFUSALS).values(
                wedding_id=wedding_id,
                account_id=account_id,
                asked=delivery.asked[:_ASKED_LONGEST],
                reason=reason.value,
                address=delivery.address[:_ADDRESS_LONGEST],
                size=delivery.size,
                head=head,
                at=now,
            )
        )
        _forget_old(session, wedding_id, account_id)
        note(session, Change("account", wedding_id, account_id))


def _only_wedding(session: Session) -> list[int]:
    ids = [i for i in session.exec(select(Wedding.id).limit(2)).all() if i is not None]
    return ids if len(ids) == 1 else []


def _forget_old(session: Session, wedding_id: int, account_id: int | None) -> None:
    mine = [
        _REFUSALS.c.wedding_id == wedding_id,
        _REFUSALS.c.account_id.is_not_distinct_from(account_id),
    ]
    last = (
        sa.select(_REFUSALS.c.id)
        .where(*mine)
        .order_by(_REFUSALS.c.id.desc())
        .offset(KEPT)
        .limit(1)
        .scalar_subquery()
    )
    changed(session, sa.delete(_REFUSALS).where(*mine, _REFUSALS.c.id <= last))
