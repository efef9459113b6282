"""Guest lists as text, kept as drafts, previewed and confirmed in one line each."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Guest, GuestTag, Household
from wedding_wa.services import guest_import
from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_drafts import Owner, keep
from wedding_wa.services.guest_import_read import read_text


@dataclass(frozen=True)
class Desk:
    """Who imports, and where to."""

    db: Database
    owner: Owner

    def upload(self, text: str) -> str:
        """Keep `text` as a draft; return its token."""
        return self.db.write_now(
            keep, self.owner, read_text(text), filename="guests.csv", now=NOON
        )

    def preview(self, token: str) -> Preview:
        return self.db.read_now(guest_import.preview, self.owner, token, now=NOON)

    def confirm(self, token: str, digest: str | None = None) -> Preview:
        """Confirm what the preview shows, or what `digest` stands for."""
        digest = digest or self.preview(token).digest
        return self.db.write_now(
            guest_import.confirm, self.owner, token, digest, now=NOON
        )

    def take(self, text: str) -> Preview:
        """Upload and confirm."""
        return self.confirm(self.upload(text))

    def verdicts(self, text: str) -> list[str]:
        """What would become of each line."""
        plan = self.preview(self.upload(text)).plan
        return [line.verdict.value for line in plan.lines]

    def people(self) -> list[tuple[str, ...]]:
        """Everybody: name, household, side, language, own phone or whose, tags,
        notes; in the order of names."""
        return self.db.read_now(_people, self.owner.wedding_id)


def _people(session: Session, wedding_id: int) -> list[tuple[str, ...]]:
    names = dict(session.execute(sa.select(Guest.id, Guest.name)).all())
    tags: dict[int, list[str]] = {}
    for one in session.execute(sa.select(GuestTag)).scalars():
        tags.setdefault(one.guest_id, []).append(one.tag)
    rows = session.execute(
        sa.select(Guest, Household)
        .join(Household, Household.id == Guest.household_id)
        .where(Guest.wedding_id == wedding_id)
    )
    return sorted(
        (
            guest.name,
            home.name,
            guest.side,
            guest.language or home.language or "",
            guest.phone
            or (f"with {names[guest.contact_id]}" if guest.contact_id else ""),
            ",".join(sorted(tags.get(guest.id, []))),
            guest.notes,
        )
        for guest, home in rows
    )
