"""services: what a household is handed and how far it is, as records for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.guests import Stage
from wedding_wa.services import activation
from wedding_wa.services.activation import Count, Row, Wish
from wedding_wa.services.audit import By
from wedding_wa.services.invitation_cards import Card, cards
from wedding_wa.services.invitation_view import household_view


@dataclass(frozen=True, slots=True)
class Handover:
    """One household's card, and `wa_link`, which opens the chat with the message of the
    invitation already typed: "" while its side's number is not linked, `trouble` says
    why then. Both links are secrets of that household."""

    card: Card
    wa_link: str = field(repr=False)
    trouble: str

    @property
    def row(self) -> Row:
        return self.card.row


@dataclass(frozen=True, slots=True)
class Screen:
    """A page of households with the counts of all stages, and `older` to go on."""

    items: tuple[Handover, ...]
    older: str
    counts: Mapping[Stage, Count]
    tags: Sequence[str]


def activation_screen(
    session: Session, wedding_id: int, wish: Wish, *, public_url: str
) -> Screen:
    """Read the Activation page: by stage, then who stands there longest."""
    page = activation.activation_page(session, wedding_id, wish)
    return Screen(
        items=tuple(_handed(session, wedding_id, page.rows, public_url)),
        older=page.older,
        counts=activation.counts(session, wedding_id, wish),
        tags=activation.tags(session, wedding_id),
    )


def handover(
    session: Session, wedding_id: int, household_id: int, *, public_url: str
) -> Handover:
    """One household. Raises NotFound, also for another wedding's."""
    row = activation.one_household(session, wedding_id, household_id)
    if row is None:
        raise NotFound
    return _handed(session, wedding_id, [row], public_url)[0]


def mark(
    session: Session,
    wedding_id: int,
    household_ids: Sequence[int],
    *,
    sent: bool,
    by: By,
    now: datetime,
) -> int:
    """Note that these households were sent their link, or were not; return of how many
    it is news. Raises NotFound if one is not the wedding's, and changes none then."""
    known = activation.rows_of(session, wedding_id, household_ids)
    if len(known) < len(set(household_ids)):
        raise NotFound
    change = activation.mark_invited if sent else activation.unmark_invited
    return change(session, household_ids, wedding_id=wedding_id, by=by, now=now)


def mark_all(
    session: Session, wedding_id: int, wish: Wish, *, by: By, now: datetime
) -> int:
    """Note the same of everybody whom the wish lists and who has no mark."""
    ids = activation.ids_of(session, wedding_id, wish)
    return activation.mark_invited(session, ids, wedding_id=wedding_id, by=by, now=now)


def _handed(
    session: Session, wedding_id: int, rows: Sequence[Row], public_url: str
) -> list[Handover]:
    made = cards(session, wedding_id, rows, public_url=public_url)
    return [_one(session, card) for card in made]


def _one(session: Session, card: Card) -> Handover:
    view = household_view(session, card.row.token)
    assert view is not None  # its household was just read
    return Handover(card, view.link, view.trouble)
