"""api: /api/v1/consents: who may be written to, and what proves it. Read only: a
consent is what a guest gave, and no program can give it for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Id,
    Paged,
    Reader,
    SmallBodies,
    page,
    record,
)
from wedding_wa.services.consent_records import ConsentRecord, consent_records
from wedding_wa.services.guest_records import cursor

router = APIRouter(prefix="/consents", route_class=SmallBodies)


class Whose(Paged):
    """Of the person behind a chat, or of a guest; nobody named: all."""

    chat: Id | None = None
    guest: Id | None = None


class InboundShape(Shape):
    """What somebody wrote. `media` names what came instead of, or with, the words."""

    id: int
    account_id: int
    chat_id: str
    message_id: str
    phone: str | None
    push_name: str | None
    body: str
    media: str | None
    source: str
    at: datetime
    received_at: datetime
    seen_at: datetime | None


class ConsentShape(Shape):
    """A chat that may be written to. `evidence` is the message that proves it, null for
    the account's own number; `given_to` the couple's number they wrote to."""

    id: int
    account_id: int
    chat_id: str
    phone: str | None
    source: str
    inbound_id: int | None
    given_to: str | None
    evidence_at: datetime
    created_at: datetime
    revoked_at: datetime | None
    revoked_reason: str | None
    account: AccountKey
    evidence: InboundShape | None


class ConsentPage(Shape):
    """`next` null: this was the last."""

    items: list[ConsentShape]
    next: str | None


@router.get("", responses=problems(404))
async def list_consents(
    caller: Reader, asked: Annotated[Whose, Query()]
) -> ConsentPage:
    """List consents with their evidence, by id, those revoked too. All of them, those
    of the person behind a `chat` (the inbox's id), or of a `guest`."""
    found, following = await runtime.current().db.read(
        consent_records,
        caller.wedding_id,
        cursor(asked.after),
        chat=asked.chat,
        guest=asked.guest,
    )
    return ConsentPage.model_validate(page(map(_json, found), following))


def _json(found: ConsentRecord) -> dict[str, object]:
    evidence = record(found.evidence) if found.evidence else None
    return record(found.row, account=found.account, evidence=evidence)
