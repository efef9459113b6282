"""services: every order that can be given for many guests at once, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session

from wedding_wa.services import guest_bulk, guest_invited, guest_merge
from wedding_wa.services.guest_bulk import Order, Selection

Work = Callable[[Session, Order, Selection, str], int]


def _invited(session: Session, order: Order, selection: Selection, _value: str) -> int:
    return guest_invited.mark_invited(session, order, selection)


def _merge(session: Session, order: Order, selection: Selection, _value: str) -> int:
    ids = guest_bulk.chosen(session, order.wedding_id, selection)
    guest_merge.merge(session, order.wedding_id, ids, by=order.by, now=order.now)
    return len(ids)


def _join(session: Session, order: Order, selection: Selection, _value: str) -> int:
    ids = guest_bulk.chosen(session, order.wedding_id, selection)
    homes = guest_bulk.homes_of(session, ids)
    guest_merge.join_households(
        session, order.wedding_id, homes, by=order.by, now=order.now
    )
    return len(homes)


def _delete(session: Session, order: Order, selection: Selection, _value: str) -> int:
    return guest_bulk.delete_guests(session, order, selection)


#: What each does with the value (a tag, a side, a language) or without; it returns how
#: many it changed: guests, or households where they are joined or marked as invited.
ORDERS: Mapping[str, Work] = {
    "tag": guest_bulk.add_tag,
    "untag": guest_bulk.remove_tag,
    "side": guest_bulk.set_side,
    "language": guest_bulk.set_language,
    "invited": _invited,
    "merge": _merge,
    "join": _join,
    "delete": _delete,
}
