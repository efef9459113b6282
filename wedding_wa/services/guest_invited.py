"""services: the mark "link sent" for the households of chosen guests."""

from __future__ import annotations

from sqlmodel import Session

from wedding_wa.services import activation
from wedding_wa.services.guest_bulk import Order, Selection, chosen, homes_of


def mark_invited(session: Session, order: Order, selection: Selection) -> int:
    """Note that the households of these guests were sent their link; return of how
    many households it is news."""
    homes = homes_of(session, chosen(session, order.wedding_id, selection))
    return activation.mark_invited(
        session, homes, wedding_id=order.wedding_id, by=order.by, now=order.now
    )
