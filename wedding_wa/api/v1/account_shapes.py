"""api: the accounts as the routes answer them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import AccountKey, Body
from wedding_wa.domain.account import Ear
from wedding_wa.services.account_records import AccountRecord


class StatusLine(Shape):
    """One change of status."""

    status: str
    error: str | None
    at: datetime


class CodeLine(Shape):
    """The age of the code to scan: the `count`th `of` a round."""

    at: datetime
    count: int
    of: int
    next_at: datetime


class GapLine(Shape):
    """A time in which the account may have been deaf; `until` null: it lasts. `found`:
    messages that had been missed, null where the chats could not be read."""

    since: datetime
    until: datetime | None
    found: int | None


class AccountShape(Shape):
    """A number. `status` is WAHA's word, since `status_at`; `ready`: it can send.

    `link` is where a guest writes first, null before the first login. `deaf`: its chats
    are still to be read, and nothing goes meanwhile. `hears_by` is how WAHA's events
    come. `stopped`: somebody stopped it here. `worker`: somebody sends for it.
    """

    key: AccountKey
    status: str = Field(examples=["WORKING"])
    ready: bool
    status_at: datetime | None
    status_error: str | None
    phone: str | None
    push_name: str | None
    link: str | None
    last_heard_at: datetime | None
    last_heard_kind: str | None
    hears_by: Ear | None
    hears_since: datetime | None
    linked_at: datetime | None
    deaf: bool
    gaps: list[GapLine]
    changes: list[StatusLine]
    code: CodeLine | None
    paused_at: datetime | None
    pause_reason: str | None
    restricted_until: datetime | None
    stopped: bool
    worker: bool
    session: str
    engine: str
    waha_version: str


class AccountPage(Shape):
    """Both. `next` is always null."""

    items: list[AccountShape]
    next: str | None


class QrShape(Shape):
    """A code to scan: the `count`th `of` a round. `value` is what it says (null where
    the engine does not tell), `image` a PNG as a data URI; it is good for about
    `seconds`, then another takes its place."""

    value: str | None
    image: str
    at: datetime
    count: int
    of: int
    seconds: float


class Pair(Body):
    """The phone's own number, typed any way; without a country the wedding's."""

    phone: str = Field(min_length=1, max_length=40, examples=["+39 347 000 0001"])


class PairingCode(Shape):
    """To be typed on the phone, under "Link with phone number"."""

    code: str = Field(examples=["X93M-C2CJ"])


def account_shape(found: AccountRecord) -> AccountShape:
    """A number as it stands."""
    row, card = found.row, found.card
    values: dict[str, Any] = {
        name: getattr(row, name)
        for name in AccountShape.model_fields
        if hasattr(row, name)
    }
    values |= {
        "push_name": row.push_name or None,
        "link": card.link or None,
        "ready": card.ready,
        "deaf": card.deaf,
        "gaps": [GapLine.model_validate(one) for one in card.gaps],
        "changes": [StatusLine.model_validate(one) for one in card.changes],
        "code": CodeLine.model_validate(card.code) if card.code else None,
        "restricted_until": card.restricted_until,
        "stopped": card.stopped_by_owner,
        "worker": card.lease_alive,
    }
    return AccountShape(**values)
