"""A wedding with households in every stage, and chats from before the app."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from tests.builders import Couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Guest, GuestTag, Household
from wedding_wa.services.guests import GuestForm, add_guest
from wedding_wa.services.households import create_household

STAGES = ("not_invited", "link_sent", "opened", "active", "opted_out")
_MOMENTS = dict(
    zip(
        STAGES[1:],
        ("invited_at", "opened_at", "activated_at", "opted_out_at"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Home:
    """What a test knows of a household it made."""

    id: int
    name: str
    side: str
    stage: str
    since: datetime
    guests: int
    tags: frozenset[str]


def make_home(
    database: Database,
    couple: Couple,
    name: str,
    *,
    side: str = "groom",
    stage: str = "not_invited",
    since: datetime = NOON,
    guests: Sequence[str] = (),
    tag: str = "",
    language: str | None = None,
) -> int:
    """A household that has been in its stage since `since`; returns its id."""

    def write(session: Session) -> int:
        made = create_household(
            session, couple.wedding, name=name, side=side, language=language, now=since
        )
        assert made.id is not None
        if stage in _MOMENTS:
            setattr(made, _MOMENTS[stage], since)
            session.add(made)
        for person in guests:
            form = GuestForm(name=person, household_id=made.id, tags=(tag,) * bool(tag))
            add_guest(session, couple.wedding, form, by=None, now=NOON)
        return made.id

    return database.write_now(write)


def make_homes(database: Database, couple: Couple, *, seed: int, n: int) -> list[Home]:
    """Households of every kind, written row by row as a long life leaves them."""
    rng = random.Random(seed)
    return [database.write_now(_random_home, couple, rng, i) for i in range(n)]


def _random_home(session: Session, couple: Couple, rng: random.Random, i: int) -> Home:
    stage, side = rng.choice(STAGES), rng.choice(("groom", "bride"))
    since = NOON - timedelta(hours=rng.randrange(40))  # many are equal
    home = create_household(
        session, couple.wedding, name=f"Famiglia {i:03}", side=side, now=since
    )
    assert home.id is not None
    # Earlier stages were passed before; some were skipped.
    for earlier, moment in _MOMENTS.items():
        if STAGES.index(earlier) < STAGES.index(stage) and rng.random() < 0.6:
            setattr(home, moment, since - timedelta(days=9))
    if stage in _MOMENTS:
        setattr(home, _MOMENTS[stage], since)
    session.add(home)
    size, tagged = rng.randrange(4), rng.random() < 0.4
    for k in range(size):
        guest = Guest(
            wedding_id=couple.wedding,
            household_id=home.id,
            name=f"Ospite {i}.{k}",
            folded=f"ospite {i}.{k}",
            side=side,
            created_at=NOON,
            updated_at=NOON,
        )
        session.add(guest)
        session.flush()
        assert guest.id is not None
        if tagged:
            session.add(
                GuestTag(guest_id=guest.id, tag="coro", wedding_id=couple.wedding)
            )
    tags = frozenset({"coro"} if tagged and size else ())
    return Home(home.id, home.name, side, stage, since, size, tags)


def household(database: Database, household_id: int) -> Household:
    """The row as it is now."""
    return database.read_now(lambda s: s.get_one(Household, household_id))


def guest_of(database: Database, household_id: int) -> Guest:
    """The first guest of a household."""
    return database.read_now(
        lambda s: s.exec(
            select(Guest)
            .where(Guest.household_id == household_id)
            .order_by(col(Guest.id))
        ).first()
    )
