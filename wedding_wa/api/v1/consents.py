"""api: /api/v1/consents: who may be written to, and what proves it. Read only: a
consent is what a guest gave, and no program can give it for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from wedding_wa import runtime
from wedding_wa.api.v1.shapes import Id, Paged, Reader, SmallBodies, page, record
from wedding_wa.services.consent_records import ConsentRecord, consent_records
from wedding_wa.services.guest_records import cursor

router = APIRouter(prefix="/consents", route_class=SmallBodies)


class Whose(Paged):
    """Of the person behind a chat, or of a guest; nobody named: all."""

    chat: Id | None = None
    guest: Id | None = None


@router.get("")
async def list_consents(
    caller: Reader, asked: Annotated[Whose, Query()]
) -> dict[str, object]:
    """By id, those revoked too."""
    found, following = await runtime.current().db.read(
        consent_records,
        caller.wedding_id,
        cursor(asked.after),
        chat=asked.chat,
        guest=asked.guest,
    )
    return page(map(_json, found), following)


def _json(found: ConsentRecord) -> dict[str, object]:
    evidence = record(found.evidence) if found.evidence else None
    return record(found.row, account=found.account, evidence=evidence)
