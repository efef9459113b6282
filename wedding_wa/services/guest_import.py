"""services: what confirming an uploaded guest list would do, and doing it.

Nothing of a list is written before it is confirmed; then all of it is, and only if
every line is judged as it was shown.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import Conflict
from wedding_wa.domain.guests import Side, fold
from wedding_wa.models import Wedding
from wedding_wa.services import audit
from wedding_wa.services.guest_import_columns import Columns
from wedding_wa.services.guest_import_drafts import Draft, Owner, end, load
from wedding_wa.services.guest_import_lines import Reading, Wanted, read_line
from wedding_wa.services.guest_import_plan import plan
from wedding_wa.services.guest_import_values import Guests, Plan, Verdict
from wedding_wa.services.guest_import_write import guests_there, write_plan
from wedding_wa.services.guest_match import GUESTS, HOUSEHOLDS, TAGS
from wedding_wa.services.live import Change, note

_REMEMBERED = 4

V = TypeVar("V")


class ListMoved(Conflict):
    """The guest list is another than the one this was shown against."""

    code = "guest_import.error.moved"


@dataclass(frozen=True, slots=True)
class Preview:
    """What confirming would do just now. `digest` stands for all of it."""

    draft: Draft
    plan: Plan
    digest: str

    @property
    def writes(self) -> int:
        """How many guests confirming would add or change."""
        return self.plan.counts[Verdict.NEW] + self.plan.counts[Verdict.CHANGED]


# --- what it would do ---------------------------------------------------------------


def preview(session: Session, owner: Owner, token: str, *, now: datetime) -> Preview:
    """Return what confirming would do now. Quick when nothing has changed since."""
    draft = load(session, owner, token, now=now)
    key = (draft.token, draft.columns, _state_of(session, owner.wedding_id))
    if (known := _PREVIEWS.get(key)) is not None:
        return known
    guests = guests_there(session, owner.wedding_id)
    made = _judged(session, owner.wedding_id, draft, guests)
    _PREVIEWS.put(key, made)
    return made


def confirm(
    session: Session, owner: Owner, token: str, digest: str, *, now: datetime
) -> Preview:
    """Write the list as it was shown and end the draft; return what was written.

    `digest` is the Preview's. Raises ListMoved, then nothing is written: some line is
    judged otherwise now, because somebody changed guests meanwhile. Raises NotFound.
    """
    draft = load(session, owner, token, now=now)
    end(session, draft)
    guests = guests_there(session, owner.wedding_id)
    made = _judged(session, owner.wedding_id, draft, guests)
    if made.digest != digest:
        raise ListMoved
    try:
        with session.begin_nested():
            write_plan(
                session,
                owner.wedding_id,
                made.plan,
                guests,
                language=draft.columns.language,
                now=now,
            )
    except sa.exc.IntegrityError:  # a number was given away this very moment
        raise ListMoved from None
    _tell(session, owner, made, now)
    return made


def _judged(session: Session, wedding_id: int, draft: Draft, guests: Guests) -> Preview:
    wanted = _wanted(session, wedding_id, draft)
    made = plan(wanted, guests, side=draft.columns.side)
    return Preview(draft, made, _digest(draft.columns, made))


def _wanted(session: Session, wedding_id: int, draft: Draft) -> tuple[Wanted, ...]:
    """What the lines say: the longest part of the work, and the same at confirming."""
    wedding = session.get_one(Wedding, wedding_id)
    couple = {
        fold(name): side
        for name, side in (
            (wedding.groom_name, Side.GROOM),
            (wedding.bride_name, Side.BRIDE),
        )
    }
    if len(couple) < 2:  # they have the same name: then it says nothing
        couple = {}
    country = wedding.default_country
    key = (draft.token, draft.columns, country, tuple(couple.items()))
    if (known := _READ.get(key)) is not None:
        return known
    width = len(draft.columns.fields)
    if draft.columns.header:
        width = min(width, max(1, len(draft.sheet.lines[0].cells)))
    how = Reading(draft.columns, width, country, couple)
    lines = draft.sheet.lines[draft.columns.header :]
    made = tuple(read_line(line, how) for line in lines)
    _READ.put(key, made)
    return made


def _digest(columns: Columns, made: Plan) -> str:
    judged = [
        (
            *(line.number, line.verdict.value, line.guest_id, line.home),
            *(line.contact, line.contact_id, line.shifts),
        )
        for line in made.lines
    ]
    return hashlib.sha256(repr((columns, judged)).encode()).hexdigest()


def _state_of(session: Session, wedding_id: int) -> tuple[object, ...]:
    """Moves whenever guests or households are written."""
    marks: list[object] = []
    for table in (GUESTS, HOUSEHOLDS):
        marks += session.execute(
            sa.select(sa.func.count(), sa.func.max(table.c.updated_at)).where(
                table.c.wedding_id == wedding_id
            )
        ).one()
    tags = sa.select(sa.func.count()).where(TAGS.c.wedding_id == wedding_id)
    wedding = session.get_one(Wedding, wedding_id)
    marks += (session.scalar(tags), wedding.guest_language, wedding.default_country)
    return (*marks, wedding.groom_name, wedding.bride_name)


def _tell(session: Session, owner: Owner, made: Preview, now: datetime) -> None:
    audit.record(
        session,
        "guests_imported",
        wedding_id=owner.wedding_id,
        by=owner.by,
        now=now,
        **{verdict.value: n for verdict, n in made.plan.counts.items()},
    )
    note(session, Change("guest", owner.wedding_id))


class _Memory(Generic[V]):
    """The few that were asked for last: a page asks again at every change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> V | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: object, value: V) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)


_PREVIEWS: _Memory[Preview] = _Memory()
_READ: _Memory[tuple[Wanted, ...]] = _Memory()
