"""services: where in a wedding's stream a reader is, and what is lost before it.

An envelope's id is its entry's number, "7", or "7.1" where an entry makes a second
one. Two marks in the table tell what a reader cannot see in the numbers: retention
leaves the last entry that it forgot, as FORGOTTEN; a copy that was put back in place
goes on a million numbers further, after a RESTORED, so that a reader who was told
more than the copy knows is told of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.models import Source, StreamEntry, Wedding
from wedding_wa.services.sql import changed, table

ENTRIES = table(StreamEntry)
#: The last envelope that an entry can make.
LAST_PART = 1
#: A copy that is put back goes on so far on: more than was ever told since it.
RESTORED_AHEAD = 1_000_000

_PLACE = re.compile(r"(\d{1,18})(?:\.(1))?", re.ASCII)
_LARGEST = 2**31 - 1
_AT_ONCE = 1000


class Place(NamedTuple):
    """Everything up to and with this envelope was told."""

    entry: int
    part: int = 0

    def __str__(self) -> str:
        return f"{self.entry}.{self.part}" if self.part else str(self.entry)


class Lost(StrEnum):
    """Why what comes after a place cannot be told whole."""

    FORGOTTEN = "forgotten"  # it is kept no more
    UNKNOWN = "unknown"  # this database never had it: an older copy was put back


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reader begins, and what it missed for good."""

    place: Place
    lost: Lost | None = None


def parse(text: str) -> Place | None:
    """An envelope's id; None for nonsense."""
    found = _PLACE.fullmatch(text)
    return Place(int(found[1]), int(found[2] or 0)) if found else None


def newest(session: Session, wedding_id: int) -> Place:
    """The end of the stream."""
    last = session.execute(
        sa.select(sa.func.max(ENTRIES.c.id)).where(ENTRIES.c.wedding_id == wedding_id)
    ).scalar()
    return Place(last or 0, LAST_PART)


def start(session: Session, wedding_id: int, after: Place | None) -> Start:
    """Where who was told everything up to `after` begins; None: with what comes."""
    end = newest(session, wedding_id)
    if after is None:
        return Start(end)
    if after > end or after.entry > _LARGEST:
        return Start(end, Lost.UNKNOWN)
    mark = _next_mark(session, wedding_id, after)
    if mark is None:
        return Start(after)
    entry, source = mark
    if source == Source.FORGOTTEN:
        return Start(Place(entry, LAST_PART), Lost.FORGOTTEN)
    if after.entry > _before(session, wedding_id, entry):
        return Start(Place(entry, LAST_PART), Lost.UNKNOWN)
    return Start(after)


def _next_mark(
    session: Session, wedding_id: int, after: Place
) -> tuple[int, str] | None:
    found = session.execute(
        sa.select(ENTRIES.c.id, ENTRIES.c.source)
        .where(
            ENTRIES.c.wedding_id == wedding_id,
            ENTRIES.c.source.in_([Source.FORGOTTEN, Source.RESTORED]),
            ENTRIES.c.id > after.entry,
        )
        .order_by(ENTRIES.c.id)
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else None


def _before(session: Session, wedding_id: int, entry: int) -> int:
    found = session.execute(
        sa.select(sa.func.max(ENTRIES.c.id)).where(
            ENTRIES.c.wedding_id == wedding_id, ENTRIES.c.id < entry
        )
    ).scalar()
    return int(found or 0)


def mark_copy(connection: sa.Connection, *, at: datetime) -> None:
    """Let every wedding's stream go on far behind what this copy knows."""
    last = connection.execute(sa.select(sa.func.max(ENTRIES.c.id))).scalar() or 0
    weddings = connection.execute(sa.select(table(Wedding).c.id)).scalars().all()
    for number, wedding_id in enumerate(weddings):
        connection.execute(
            sa.insert(ENTRIES).values(
                id=last + RESTORED_AHEAD + number,
                wedding_id=wedding_id,
                source=Source.RESTORED.value,
                ref=0,
                at=at,
            )
        )


async def forget_entries(db: Database, wedding_id: int, cutoff: datetime) -> int:
    """Forget what was told before `cutoff`, from the oldest on; return how many.

    The last of them stays, as the mark of where the stream begins now.
    """
    gone = 0
    while n := await db.write(_forget, wedding_id, cutoff):
        gone += n
    return gone


def _forget(session: Session, wedding_id: int, cutoff: datetime) -> int:
    """Only a beginning goes: what is older than its neighbours by somebody else's
    clock waits for them."""
    mine = ENTRIES.c.wedding_id == wedding_id
    oldest = session.execute(
        sa.select(ENTRIES.c.id, ENTRIES.c.at)
        .where(mine)
        .order_by(ENTRIES.c.id)
        .limit(_AT_ONCE)
    ).all()
    floor = 0
    for entry, at in oldest:
        if at >= cutoff:
            break
        floor = entry
    if not floor or floor == oldest[0][0]:
        return 0
    changed(
        session,
        sa.update(ENTRIES)
        .where(ENTRIES.c.id == floor)
        .values(source=Source.FORGOTTEN.value, ref=0),
    )
    return changed(session, sa.delete(ENTRIES).where(mine, ENTRIES.c.id < floor))
