"""api: /api/v1/recipients: who may be written to from an account just now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import AccountKey, Fields, Reader, SmallBodies
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.recipients import Recipient, recipients

router = APIRouter(prefix="/recipients", route_class=SmallBodies)


class Whose(Fields):
    """Of which account, and how many at most."""

    account: AccountKey
    limit: int = Field(6, ge=1, le=500)


class RecipientShape(Shape):
    """`to` is what sending takes. `wrote_at`: when they first wrote, null for the
    account's own number."""

    to: str
    name: str
    phone: str
    wrote_at: datetime | None


class RecipientsShape(Shape):
    """The own number, then who wrote, newest first."""

    items: list[RecipientShape]


@router.get("", responses=problems(404))
async def list_recipients(
    caller: Reader, asked: Annotated[Whose, Query()]
) -> RecipientsShape:
    """Who has written to an account and wants messages: nobody else can be sent any."""
    found = await runtime.current().db.read(
        _read, caller.wedding_id, asked.account, asked.limit
    )
    return RecipientsShape(items=[RecipientShape.model_validate(one) for one in found])


def _read(
    session: Session, wedding_id: int, account: str, limit: int
) -> list[Recipient]:
    account_id = account_id_of(session, wedding_id, account)
    return recipients(session, account_id, limit=limit)
