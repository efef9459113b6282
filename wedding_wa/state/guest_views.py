"""state: the Guests page's rows, chips and panel, as the browser gets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from wedding_wa.domain.guest_search import By, GuestQuery, Hint, digits
from wedding_wa.services.guest_list import Counts, GuestRow
from wedding_wa.services.guest_panel import Home, Person, Thread
from wedding_wa.services.invitations import invitation_link
from wedding_wa.words import say

TAGS_OFFERED = 6


class RowView(TypedDict):
    """What of a row hardly ever changes; its stage stands apart, by household."""

    id: int
    key: str
    name: str
    side: str
    phone: str
    shares: str
    language: str
    own_language: bool
    tags: list[str]
    notes: bool
    home: str
    household: str
    first: bool
    last: bool


class ChipView(TypedDict):
    """A filter: `q` is the search with it taken on, or off where it is `active`."""

    kind: str
    value: str
    count: int
    active: bool
    q: str


class PersonView(TypedDict):
    """The guest in the form; `id` 0 for a new one. `form` names what is filled in."""

    id: int
    form: str
    name: str
    phone: str
    side: str
    language: str
    notes: str
    tags: str
    contact: int
    shares: str
    household: str
    # Where the Queue shows what was written to their number; "" without one.
    queue: str


class MemberView(TypedDict):
    """One of a household's people."""

    id: int
    name: str
    side: str
    phone: str
    shares: str


class ThreadView(TypedDict):
    """One of a household's chats."""

    id: int
    account: str
    who: str
    text: str
    at: str
    unread: int


class HomeView(TypedDict):
    """The household beside the list; `id` 0 for none. Times are ISO 8601 or ""."""

    id: int
    name: str
    side: str
    language: str
    notes: str
    link: str
    code: str
    stage: str
    invited_at: str
    opened_at: str
    opens: int
    activated_at: str
    opted_out_at: str


NOBODY: PersonView = {
    "id": 0,
    "form": "new",
    "name": "",
    "phone": "",
    "side": "groom",
    "language": "",
    "notes": "",
    "tags": "",
    "contact": 0,
    "shares": "",
    "household": "",
    "queue": "",
}
NOWHERE: HomeView = {
    "id": 0,
    "name": "",
    "side": "groom",
    "language": "",
    "notes": "",
    "link": "",
    "code": "",
    "stage": "",
    "invited_at": "",
    "opened_at": "",
    "opens": 0,
    "activated_at": "",
    "opted_out_at": "",
}


def row_views(rows: Sequence[GuestRow]) -> list[RowView]:
    """The rows, with where a household begins and ends."""
    after = [*[row.first for row in rows[1:]], True]
    return [_row_view(row, last) for row, last in zip(rows, after, strict=False)]


def _row_view(row: GuestRow, last: bool) -> RowView:
    return RowView(
        id=row.id,
        key=str(row.id),
        name=row.name,
        side=row.side,
        phone=row.phone,
        shares=row.shares,
        language=row.language,
        own_language=row.own_language,
        tags=list(row.tags),
        notes=row.has_notes,
        home=str(row.household_id),
        household=row.household,
        first=row.first,
        last=last,
    )


def chip_views(counts: Counts, query: GuestQuery) -> list[ChipView]:
    """The filters with their counts: stages, sides, the commonest tags."""
    figures = [
        *((By.STAGE, value, n) for value, n in counts.stages.items()),
        *((By.SIDE, value, n) for value, n in counts.sides.items()),
        *((By.TAG, value, n) for value, n in counts.tags[:TAGS_OFFERED]),
    ]
    return [
        ChipView(
            kind=by.value,
            value=value,
            count=n,
            active=query.asks(by, value),
            q=query.toggled(by, value).text,
        )
        for by, value, n in figures
    ]


def hint_words(hints: Sequence[Hint], lang: str) -> list[str]:
    """What was not understood, and what would have been."""
    return [_hint(hint, lang) for hint in hints]


def _hint(hint: Hint, lang: str) -> str:
    if hint.why == "unknown":
        return say(lang, "guests.hint.unknown", typed=hint.typed)
    known = f"guests.hint.{hint.about}"
    return say(lang, known, typed=hint.typed)


def person_view(person: Person, home: Home, serial: int) -> PersonView:
    """A guest as the form shows them."""
    return PersonView(
        id=person.id,
        form=f"{person.id}.{serial}",
        name=person.name,
        phone=person.phone,
        side=person.side,
        language=person.language,
        notes=person.notes,
        tags=", ".join(person.tags),
        contact=person.contact_id or 0,
        shares=person.shares,
        household=home.name,
        queue=f"/queue?q={digits(person.phone)}" if person.phone else "",
    )


def home_view(home: Home, public_url: str) -> HomeView:
    """A household as the panel shows it."""
    return HomeView(
        id=home.id,
        name=home.name,
        side=home.side,
        language=home.language,
        notes=home.notes,
        link=invitation_link(public_url, home.token),
        code=home.code,
        stage=home.stage,
        opens=home.opens,
        invited_at=_iso(home.invited_at),
        opened_at=_iso(home.opened_at),
        activated_at=_iso(home.activated_at),
        opted_out_at=_iso(home.opted_out_at),
    )


def member_views(home: Home) -> list[MemberView]:
    """A household's people."""
    return [
        MemberView(
            id=one.id,
            name=one.name,
            side=one.side,
            phone=one.phone,
            shares=one.shares,
        )
        for one in home.people
    ]


def thread_views(threads: Sequence[Thread]) -> list[ThreadView]:
    """A household's chats, the newest first."""
    return [
        ThreadView(
            id=one.id,
            account=one.account,
            who=one.who,
            text=one.last_text,
            at=_iso(one.last_at),
            unread=one.unread,
        )
        for one in threads
    ]


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
