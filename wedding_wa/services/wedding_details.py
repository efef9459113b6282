"""services: the wedding's names, day and place, read and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.models import Wedding
from wedding_wa.services import audit, places
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.weddings import checked_day, checked_name

_PLACE_LONGEST = 120


def _checked_place(text: str) -> str:
    place = " ".join(text.split())
    if len(place) > _PLACE_LONGEST:
        raise BadInput("error.name_long", "place", n=_PLACE_LONGEST)
    return place


def _checked_language(text: str) -> str:
    if text not in GUEST_LANGUAGES:
        raise BadInput("error.language_unknown", "guest_language")
    return text


_CHECKS: Mapping[str, Callable[[str], Any]] = {
    "groom_name": lambda text: checked_name(text, "groom_name"),
    "bride_name": lambda text: checked_name(text, "bride_name"),
    "day": checked_day,
    "default_country": places.checked_country,
    "time_zone": places.checked_zone,
    "place": _checked_place,
    "guest_language": _checked_language,
}
DETAILS = tuple(_CHECKS)


def details(session: Session, wedding_id: int) -> dict[str, str]:
    """Return each detail as text; the day is ISO 8601, "" while it is not known."""
    wedding = session.get_one(Wedding, wedding_id)
    values = {name: getattr(wedding, name) for name in DETAILS}
    return {name: str(value) if value else "" for name, value in values.items()}


def wrong_details(texts: Mapping[str, str]) -> dict[str, BadInput]:
    """Return what is wrong with each text, by detail; nothing if all is well."""
    return _checked(texts)[1]


def change_details(
    session: Session,
    wedding_id: int,
    texts: Mapping[str, str],
    *,
    now: datetime,
    by: By,
) -> None:
    """Change the details in `texts`. Raises BadInput for the first wrong one.

    A new time zone holds from the next decision on: sending hours follow it.
    """
    values, wrong = _checked(texts)
    for error in wrong.values():
        raise error
    if not values:
        return
    session.execute(
        sa.update(Wedding).where(col(Wedding.id) == wedding_id).values(**values)
    )
    audit.record(
        session,
        "wedding_changed",
        wedding_id=wedding_id,
        by=by,
        now=now,
        fields=sorted(values),
    )
    note(session, Change("wedding", wedding_id))


def _checked(
    texts: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, BadInput]]:
    values: dict[str, Any] = {}
    wrong: dict[str, BadInput] = {}
    for name in DETAILS:
        if name not in texts:
            continue
        try:
            values[name] = _CHECKS[name](texts[name])
        except BadInput as error:
            wrong[name] = error
    return values, wrong
