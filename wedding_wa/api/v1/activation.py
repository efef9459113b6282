"""api: /api/v1/activation: who has not written yet, and what to hand over to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Fields,
    Id,
    Paged,
    Reader,
    RowId,
    Sender,
    SmallBodies,
)
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.guests import Stage
from wedding_wa.services import handover as services
from wedding_wa.services.activation import Wish
from wedding_wa.services.guest_records import understood
from wedding_wa.services.handover import Handover
from wedding_wa.services.link_code import link_code

router = APIRouter(prefix="/activation", route_class=SmallBodies)

StageName = Literal["not_invited", "link_sent", "opened", "active", "opted_out"]
_MOST = 2_000


class Whom(Fields):
    """As the page's filters; `q` is what one types into its search."""

    stage: StageName | None = None
    side: AccountKey | None = None
    tag: str = Field("", max_length=40)
    q: str = Field("", max_length=200)


class Asked(Whom, Paged):
    """A page of those."""


class Marked(Body):
    """`household_ids`, or `filter`: all whom the filter lists who have no mark yet."""

    household_ids: list[Id] = Field([], max_length=_MOST)
    filter: Whom | None = None


class Unmarked(Body):
    """Whose mark is taken back."""

    household_ids: list[Id] = Field(min_length=1, max_length=_MOST)


class HandoverShape(Shape):
    """One household: where it stands `since` when, its secret `link`, the `text` in its
    `language` that a relative can pass on, and `wa_link`, which opens the chat with the
    invitation's message typed (null where `trouble` says why there is none)."""

    id: int
    name: str
    guests: list[str]
    side: AccountKey
    stage: Stage
    since: datetime
    opens: int
    language: str
    code: str
    link: str
    text: str
    wa_link: str | None
    trouble: str | None


class HandoverCodeShape(HandoverShape):
    """`image`: the link as a QR code, an SVG in a data URI."""

    image: str


class StageCountShape(Shape):
    """Households, and the guests in them."""

    households: int
    guests: int


class ActivationShape(Shape):
    """A page, with the counts of every stage under the same filters. `next` null: this
    was the last."""

    items: list[HandoverShape]
    next: str | None
    counts: dict[Stage, StageCountShape]
    tags: list[str]


class ChangedShape(Shape):
    """Of how many it was news."""

    changed: int


@router.get("")
async def list_households(
    caller: Reader, asked: Annotated[Asked, Query()]
) -> ActivationShape:
    """Households by how far they are, those who wait longest first."""
    app = runtime.current()
    found = await app.db.read(
        services.activation_screen,
        caller.wedding_id,
        replace(_wish(asked), after=asked.after),
        public_url=app.settings.public,
    )
    return ActivationShape(
        items=[HandoverShape.model_validate(_json(one)) for one in found.items],
        next=found.older or None,
        counts={
            stage: StageCountShape.model_validate(n)
            for stage, n in found.counts.items()
        },
        tags=list(found.tags),
    )


@router.get("/{household_id}", responses=problems(404))
async def show(caller: Reader, household_id: RowId) -> HandoverCodeShape:
    """One household with its link as a QR code."""
    app = runtime.current()
    found = await app.db.read(
        services.handover,
        caller.wedding_id,
        household_id,
        public_url=app.settings.public,
    )
    image = link_code(found.card.link)
    return HandoverCodeShape.model_validate({**_json(found), "image": image})


@router.post("/mark", responses=problems(404))
async def mark(caller: Sender, whom: Marked) -> ChangedShape:
    """Note that households were sent their link. Who was marked before keeps the
    earlier moment."""
    app = runtime.current()
    if bool(whom.household_ids) == (whom.filter is not None):
        wrong = "household_ids"
        raise BadInput("error.invalid", wrong, fields="household_ids, filter")
    how: dict[str, Any] = {"by": caller.by, "now": app.clock.now()}
    if whom.filter is None:
        n = await app.db.write(
            services.mark, caller.wedding_id, whom.household_ids, sent=True, **how
        )
    else:
        wish = replace(_wish(whom.filter), stage=Stage.NOT_INVITED)
        n = await app.db.write(services.mark_all, caller.wedding_id, wish, **how)
    return ChangedShape(changed=n)


@router.post("/unmark", responses=problems(404))
async def unmark(caller: Sender, whom: Unmarked) -> ChangedShape:
    """Take the mark back: the link was not sent after all."""
    app = runtime.current()
    n = await app.db.write(
        services.mark,
        caller.wedding_id,
        whom.household_ids,
        sent=False,
        by=caller.by,
        now=app.clock.now(),
    )
    return ChangedShape(changed=n)


def _wish(whom: Whom) -> Wish:
    """Raises BadInput for a search that means nothing."""
    understood(whom.q)
    return Wish(
        stage=whom.stage or "",
        side=whom.side or "",
        tag=whom.tag.strip(),
        search=whom.q.strip(),
    )


def _json(one: Handover) -> dict[str, object]:
    row, card = one.row, one.card
    return {
        "id": row.id,
        "name": row.name,
        "guests": list(row.guests),
        "side": row.side,
        "stage": row.stage,
        "since": row.since,
        "opens": row.opens,
        "language": card.language,
        "code": row.code,
        "link": card.link,
        "text": card.text,
        "wa_link": one.wa_link or None,
        "trouble": one.trouble or None,
    }
