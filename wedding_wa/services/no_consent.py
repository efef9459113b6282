"""services: the refusal of who has not written first, with the link to hand to them."""

from __future__ import annotations

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NoConsent, NotFound
from wedding_wa.models import Account, Guest, Household
from wedding_wa.services.households import by_code
from wedding_wa.services.voice import HOUSEHOLD, names_a_phone, phone_of


def no_consent(
    session: Session, wedding_id: int, *, account: str | None, to: str
) -> NoConsent:
    """The refusal for `to`, with the number to hand to them.

    It is the `account` that was named; else the one that their invitation offers; else
    the groom's, or the bride's where he has no number yet. Raises NotFound for an
    unknown account.
    """
    wanted = account or _side_of(session, wedding_id, to)
    rows = session.exec(
        select(Account)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.phone).is_(None), col(Account.key).desc())
    ).all()
    found = next((one for one in rows if one.key == wanted), None)
    if account is not None and found is None:
        raise NotFound("error.account_not_found", account=account)
    if found is None or (account is None and found.phone is None):
        found = rows[0]
    return NoConsent(account=found.key, link=wa_me_link(found.phone))


def wa_me_link(phone: str | None) -> str:
    """The link with which a guest writes first; empty before the first login."""
    return f"https://wa.me/{phone.lstrip('+')}" if phone else ""


def _side_of(session: Session, wedding_id: int, to: str) -> str | None:
    """Whose number their invitation offers, None for who is not on the list."""
    typed = to.strip()
    if typed.startswith(HOUSEHOLD):
        household = by_code(session, wedding_id, typed.removeprefix(HOUSEHOLD))
        return household.side if household else None
    if not names_a_phone(typed):
        return None
    phone = phone_of(session, wedding_id, typed)
    return session.exec(
        select(Household.side)
        .join(Guest, col(Guest.household_id) == col(Household.id))
        .where(Guest.wedding_id == wedding_id, Guest.phone == phone)
    ).first()
