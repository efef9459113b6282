"""services: an invitation as its page shows it: all words filled in, nothing to decide.

The button opens the chat with the number of the household's own side. While that
number is not linked there is no button; the other number never stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.invitation import filled
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Account, InvitationCover, Wedding
from wedding_wa.services.households import by_token
from wedding_wa.services.invitations import (
    couple_name,
    greeting_text,
    texts_of,
    wa_me_link,
)
from wedding_wa.words.invitation import (
    guest_language,
    guest_say,
    long_date,
    short_date,
    weekday,
)

NOT_READY, NOT_SET_UP = "not_ready", "not_set_up"
# Stands for a household's code where there is no household.
SAMPLE_CODE = "K7M2P"


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover picture's address below the invitation, its pixels and bytes."""

    digest: str
    mime: str
    width: int
    height: int
    size: int

    @property
    def kilobytes(self) -> int:
        return max(1, round(self.size / 1000))


@dataclass(frozen=True, slots=True)
class InvitationView:
    """One invitation. `link` opens WhatsApp; empty with the reason in `trouble`.

    `texts` are filled in; `household_id` is 0 in a preview; `weekday`, `date` and
    `long_date` are empty while the day is not known.
    """

    household_id: int
    household: str
    code: str
    language: str
    first_name: str
    second_name: str
    texts: Mapping[str, str]
    weekday: str
    date: str
    long_date: str
    place: str
    link: str
    phone: str
    trouble: str
    cover: Cover | None

    @property
    def couple(self) -> str:
        return couple_name(self.second_name, self.first_name)


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Whom the letter is for."""

    household_id: int
    name: str
    code: str
    side: str
    language: str


def household_view(session: Session, token: str) -> InvitationView | None:
    """Return the invitation behind a secret link, None where there is none.

    The link of a household that became part of another leads to that one's.
    """
    household = by_token(session, token)
    if household is None:
        return None
    wedding = session.get_one(Wedding, household.wedding_id)
    language = guest_language(household.language, wedding.guest_language)
    to = _Addressee(
        household.id or 0, household.name, household.code, household.side, language
    )
    return _view(session, wedding, to, texts_of(session, wedding.id or 0, language))


def preview_view(
    session: Session, wedding_id: int, language: str, drafts: Mapping[str, str]
) -> InvitationView:
    """Return the invitation as it would be with `drafts`, for an invented household.

    `drafts` are texts by name; "day" (ISO 8601) and "place" may be among them.
    """
    wedding = session.get_one(Wedding, wedding_id)
    session.expunge(wedding)  # what is tried out is not kept
    if "place" in drafts:
        wedding.place = drafts["place"].strip()
    if "day" in drafts:
        wedding.day = _day(drafts["day"])
    texts = texts_of(session, wedding_id, language)
    texts |= {name: drafts[name] for name in texts if drafts.get(name, "").strip()}
    to = _Addressee(
        0,
        guest_say(language, "sample"),
        SAMPLE_CODE,
        "groom",
        language,
    )
    return _view(session, wedding, to, texts)


def cover_of(session: Session, wedding_id: int) -> Cover | None:
    """Return what is known of the cover, without its bytes."""
    columns = (
        col(InvitationCover.digest),
        col(InvitationCover.mime),
        col(InvitationCover.width),
        col(InvitationCover.height),
        sa.func.length(col(InvitationCover.data)),
    )
    row = session.execute(
        sa.select(*columns).where(col(InvitationCover.wedding_id) == wedding_id)
    ).first()
    return Cover(*row) if row else None


def cover_bytes(session: Session, token: str, digest: str) -> tuple[bytes, str] | None:
    """Return the picture of an invitation and its type; None for an older one."""
    household = by_token(session, token)
    if household is None:
        return None
    row = session.execute(
        sa.select(col(InvitationCover.data), col(InvitationCover.mime)).where(
            col(InvitationCover.wedding_id) == household.wedding_id,
            col(InvitationCover.digest) == digest,
        )
    ).first()
    return (row[0], row[1]) if row else None


def _view(
    session: Session, wedding: Wedding, to: _Addressee, texts: Mapping[str, str]
) -> InvitationView:
    day, couple = wedding.day, couple_name(wedding.groom_name, wedding.bride_name)
    values = {
        "couple": couple,
        "household": to.name,
        "day": long_date(to.language, day) if day else "",
        "place": wedding.place,
    }
    greeting = greeting_text(
        to.language,
        code=to.code,
        couple=couple,
        household=to.name,
        template=texts["greeting"],
    )
    phone, trouble = _number(session, wedding.id or 0, to.side)
    words = {n: filled(t, values).strip() for n, t in texts.items() if n != "greeting"}
    return InvitationView(
        household_id=to.household_id,
        household=to.name,
        code=to.code,
        language=to.language,
        first_name=wedding.bride_name,
        second_name=wedding.groom_name,
        texts={**words, "greeting": greeting},
        weekday=weekday(to.language, day) if day else "",
        date=short_date(to.language, day) if day else "",
        long_date=values["day"],
        place=wedding.place,
        link=wa_me_link(phone, greeting) if phone else "",
        phone=nice_phone(phone) if phone else "",
        trouble=trouble,
        cover=cover_of(session, wedding.id or 0),
    )


def _number(session: Session, wedding_id: int, side: str) -> tuple[str, str]:
    """The phone of the side's own account, or why there is none."""
    account = session.exec(
        select(Account).where(Account.wedding_id == wedding_id, Account.key == side)
    ).first()
    if account and account.phone:
        return account.phone, ""
    return "", NOT_READY if account and account.waha_url else NOT_SET_UP


def unlinked_sides(session: Session, wedding_id: int) -> list[str]:
    """Return the sides whose letters have a sentence in the button's place."""
    accounts = session.exec(
        select(Account.key)
        .where(Account.wedding_id == wedding_id, col(Account.phone).is_(None))
        .order_by(col(Account.key).desc())
    )
    return list(accounts)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
