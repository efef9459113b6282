"""services: the guests there are, read for a plan, and a plan written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.guests import Side, fold
from wedding_wa.models import Wedding
from wedding_wa.services import guest_chats
from wedding_wa.services.chats import rematch
from wedding_wa.services.guest_import_plan import own_language
from wedding_wa.services.guest_import_values import (
    Guests,
    Home,
    HomeKey,
    Known,
    Plan,
    Planned,
    Verdict,
)
from wedding_wa.services.guest_match import GUESTS, HOUSEHOLDS, TAGS
from wedding_wa.services.guest_merge import leave
from wedding_wa.services.households_many import NewHousehold, create_households

_CHUNK = 500  # far below what a database takes as parameters


def guests_there(session: Session, wedding_id: int) -> Guests:
    """Return all guests and households of a wedding, as a plan needs them."""
    homes = {home.id: home for home in _homes(session, wedding_id)}
    tags: dict[int, set[str]] = defaultdict(set)
    for guest_id, tag in session.execute(
        sa.select(TAGS.c.guest_id, TAGS.c.tag).where(TAGS.c.wedding_id == wedding_id)
    ):
        tags[guest_id].add(tag)
    rows = session.execute(
        sa.select(
            *(GUESTS.c.id, GUESTS.c.name, GUESTS.c.folded, GUESTS.c.side),
            *(GUESTS.c.phone, GUESTS.c.contact_id, GUESTS.c.household_id),
            *(GUESTS.c.language, GUESTS.c.notes),
        )
        .where(GUESTS.c.wedding_id == wedding_id)
        .order_by(GUESTS.c.id)
    )
    known = tuple(
        Known(
            id=row.id,
            name=row.name,
            folded=row.folded,
            side=Side(row.side),
            phone=row.phone,
            contact_id=row.contact_id,
            home=homes[row.household_id],
            language=row.language,
            notes=row.notes,
            tags=frozenset(tags.get(row.id, ())),
        )
        for row in rows
    )
    language = session.get_one(Wedding, wedding_id).guest_language
    return Guests(tuple(homes.values()), known, language)


def _homes(session: Session, wedding_id: int) -> Iterable[Home]:
    table = HOUSEHOLDS.c
    rows = session.execute(
        sa.select(table.id, table.name, table.folded, table.side, table.language)
        .where(table.wedding_id == wedding_id)
        .order_by(table.id)
    )
    for row in rows:
        yield Home(row.id, row.name, row.folded, Side(row.side), row.language)


def write_plan(
    session: Session,
    wedding_id: int,
    plan: Plan,
    guests: Guests,
    *,
    language: str | None,
    now: datetime,
) -> None:
    """Write what the plan says, all of it or (by the caller's transaction) nothing.

    `language` is for new households whose lines do not say. The database refuses a
    phone that somebody else got meanwhile: sqlalchemy's IntegrityError.
    """
    work = _Writing(session, wedding_id, guests, now)
    good = [line for line in plan.lines if line.verdict is not Verdict.BAD]
    work.make_homes(good, language)
    new = [line for line in good if line.verdict is Verdict.NEW]
    work.insert([line for line in new if not _shares(line)])
    for line in good:
        if line.verdict is Verdict.CHANGED and not _shares(line):
            work.change(line)
    work.insert([line for line in new if _shares(line)])
    for line in good:
        if line.verdict is Verdict.CHANGED and _shares(line):
            work.change(line)
    work.write_tags(good)
    work.follow_sides(good)
    work.settle_moves()
    work.match_chats(good)


def _shares(line: Planned) -> bool:
    return line.contact is not None or line.contact_id is not None


def _by_other_number(line: Planned) -> bool:
    """True for somebody whose number is new on the list."""
    new = line.verdict is Verdict.NEW
    return new or any(shift.field == "phone" for shift in line.shifts)


@dataclass(slots=True)
class _Writing:
    """Ids as they come to be: households by key, guests by the line they are of."""

    session: Session
    wedding_id: int
    guests: Guests
    now: datetime
    _homes: dict[HomeKey, int] = field(default_factory=dict)
    _languages: dict[int, str | None] = field(default_factory=dict)
    _ids: dict[int, int] = field(default_factory=dict)
    _known: dict[int, Known] = field(init=False)
    # Who moved: guest, from, to.
    _moves: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = {one.id: one for one in self.guests.known}

    def make_homes(self, lines: Sequence[Planned], language: str | None) -> None:
        """Make the households that lines ask for and that are not there."""
        self._languages = {home.id: home.language for home in self.guests.homes}
        wanted: dict[HomeKey, list[Planned]] = defaultdict(list)
        for line in lines:
            if line.home is not None and not isinstance(line.home, int):
                wanted[line.home].append(line)
        new = [_new_home(key, some, language) for key, some in wanted.items()]
        ids = create_households(self.session, self.wedding_id, new, now=self.now)
        self._homes = dict(zip(wanted, ids, strict=True))
        made = zip(ids, new, strict=True)
        self._languages |= {home_id: one.language for home_id, one in made}
        self._ids = {line.number: line.guest_id for line in lines if line.guest_id}

    def insert(self, lines: Sequence[Planned]) -> None:
        """Write new guests; who shares a phone comes after who has it."""
        if not lines:
            return
        rows = [self._row(line) for line in lines]
        insert = sa.insert(GUESTS).returning(GUESTS.c.id, sort_by_parameter_order=True)
        ids = self.session.scalars(insert, rows)
        self._ids |= {line.number: id_ for line, id_ in zip(lines, ids, strict=True)}

    def change(self, line: Planned) -> None:
        """Write what a line says otherwise of a guest there is."""
        wanted, fields = line.wanted, {shift.field for shift in line.shifts}
        values: dict[str, object] = {"updated_at": self.now}
        if "name" in fields:
            values |= {"name": wanted.name, "folded": fold(wanted.name)}
        if "phone" in fields:
            values |= self._phone(line)
        if "household" in fields:
            values["household_id"] = self._home(line)
            self._bring_along(line)
        if "side" in fields and wanted.side:
            values["side"] = wanted.side.value
        if wanted.language:
            values["language"] = self._language(line)
        if "notes" in fields:
            values["notes"] = wanted.notes
        self.session.execute(
            sa.update(GUESTS).where(GUESTS.c.id == line.guest_id).values(**values)
        )

    def write_tags(self, lines: Iterable[Planned]) -> None:
        """Add the tags that guests do not have yet."""
        has = {guest_id: one.tags for guest_id, one in self._known.items()}
        rows = [
            {"guest_id": guest_id, "tag": tag, "wedding_id": self.wedding_id}
            for line in lines
            if (guest_id := self._ids.get(line.number))
            for tag in line.wanted.tags
            if tag not in has.get(guest_id, frozenset())
        ]
        if rows:
            self.session.execute(sa.insert(TAGS), rows)

    def follow_sides(self, lines: Iterable[Planned]) -> None:
        """A household whose people have all gone over to one side goes with them."""
        moved = {
            self._home(line)
            for line in lines
            if any(shift.field == "side" for shift in line.shifts)
        }
        for home_id in moved:
            sides = set(
                self.session.scalars(
                    sa.select(GUESTS.c.side)
                    .where(GUESTS.c.household_id == home_id)
                    .distinct()
                )
            )
            if len(sides) == 1:
                self.session.execute(
                    sa.update(HOUSEHOLDS)
                    .where(HOUSEHOLDS.c.id == home_id)
                    .values(side=sides.pop(), updated_at=self.now)
                )

    def settle_moves(self) -> None:
        """Their chats go along with those who moved; a household that nobody is left
        in becomes part of the new one, with its link and its code."""
        for guest_id, _, new in self._moves:
            guest_chats.move(
                self.session,
                self.wedding_id,
                guest_id,
                household_id=new,
                to=guest_id,
                now=self.now,
            )
        for old, new in dict.fromkeys((old, new) for _, old, new in self._moves):
            leave(self.session, self.wedding_id, old, new, self.now)

    def match_chats(self, lines: Iterable[Planned]) -> None:
        """Who wrote before they were on the list is known by the number now."""
        phones = sorted(
            line.wanted.phone
            for line in lines
            if line.wanted.phone and not _shares(line) and _by_other_number(line)
        )
        for start in range(0, len(phones), _CHUNK):
            some = phones[start : start + _CHUNK]
            rematch(self.session, self.wedding_id, some, now=self.now)

    def _row(self, line: Planned) -> dict[str, object]:
        assert line.side is not None
        return {
            "wedding_id": self.wedding_id,
            "household_id": self._home(line),
            "name": line.wanted.name,
            "folded": fold(line.wanted.name),
            "side": line.side.value,
            "language": self._language(line),
            "notes": line.wanted.notes,
            "created_at": self.now,
            "updated_at": self.now,
            **self._phone(line),
        }

    def _phone(self, line: Planned) -> dict[str, object]:
        """Their own, or whose they share."""
        if not _shares(line):
            return {"phone": line.wanted.phone, "contact_id": None}
        contact = line.contact_id or self._ids[line.contact or 0]
        return {"phone": None, "contact_id": contact}

    def _home(self, line: Planned) -> int:
        assert line.home is not None
        return line.home if isinstance(line.home, int) else self._homes[line.home]

    def _language(self, line: Planned) -> str | None:
        if line.wanted.language is None:
            return None
        home = self._languages.get(self._home(line))
        return own_language(line.wanted.language, home, self.guests.language)

    def _bring_along(self, line: Planned) -> None:
        """Who shares the phone of somebody who moves, and lives with them, goes too."""
        assert line.guest_id is not None
        old, new = self._known[line.guest_id].home.id, self._home(line)
        moved = self.session.scalars(
            sa.update(GUESTS)
            .where(GUESTS.c.contact_id == line.guest_id, GUESTS.c.household_id == old)
            .values(household_id=new, updated_at=self.now)
            .returning(GUESTS.c.id)
        )
        self._moves += [(one, old, new) for one in (line.guest_id, *moved)]


def _new_home(
    key: HomeKey, lines: Sequence[Planned], language: str | None
) -> NewHousehold:
    """The first of its lines names it; the first that has a language gives it."""
    first = lines[0]
    assert first.side is not None
    said = (line.wanted.language for line in lines if line.wanted.language)
    side = key[1] if isinstance(key, tuple) and len(key) == 2 else first.side.value
    return NewHousehold(first.home_name, side, next(said, language))
