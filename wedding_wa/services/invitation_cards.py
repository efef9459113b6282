"""services: what a household is handed: its link, a text to forward, a printed card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session

from wedding_wa.models import Wedding
from wedding_wa.services.activation import Row
from wedding_wa.services.invitations import couple_name, invitation_link
from wedding_wa.words.forward import CardWords, card_words, forward_text
from wedding_wa.words.invitation import guest_language, long_date


@dataclass(frozen=True, slots=True)
class Card:
    """One household's invitation on its way. The link is a secret of that household.

    `language` is the household's, or the wedding's; `day` is written in it, "" while
    it is not known.
    """

    row: Row
    language: str
    couple: str
    day: str
    place: str
    link: str = field(repr=False)

    @property
    def text(self) -> str:
        """The message that a relative can pass on."""
        return forward_text(
            self.language, household=self.row.name, couple=self.couple, link=self.link
        )

    @property
    def words(self) -> CardWords:
        """What stands beside the code on paper."""
        return card_words(self.language, household=self.row.name)


def cards(
    session: Session, wedding_id: int, rows: Sequence[Row], *, public_url: str
) -> list[Card]:
    """Return the cards of these households, in their order."""
    wedding = session.get_one(Wedding, wedding_id)
    return [_card(wedding, row, public_url) for row in rows]


def _card(wedding: Wedding, row: Row, public_url: str) -> Card:
    language = guest_language(row.language, wedding.guest_language)
    return Card(
        row=row,
        language=language,
        couple=couple_name(wedding.groom_name, wedding.bride_name),
        day=_long(language, wedding.day),
        place=wedding.place,
        link=invitation_link(public_url, row.token),
    )


def _long(language: str, day: date | None) -> str:
    return long_date(language, day) if day else ""
