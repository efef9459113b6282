"""services: making the wedding, its two accounts and its first owner."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import Account, Policy, Role, User, Wedding
from wedding_wa.services import audit, places, users
from wedding_wa.services.live import Change, note
from wedding_wa.services.secrets import Sealer
from wedding_wa.words import say

ACCOUNT_KEYS = ("groom", "bride")

_NAME_LONGEST = 60
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
# Any number will do, as long as nobody else in the project locks it.
_SETUP_LOCK = 7_203_194


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWedding:
    """What is asked about a wedding before anything else."""

    groom_name: str
    bride_name: str
    day: date | None = None
    time_zone: str
    default_country: str


def setup_path(sealer: Sealer) -> str:
    """The one-time link's path. It ends when the first person can log in."""
    return f"/setup?token={setup_token(sealer)}"


def setup_token(sealer: Sealer) -> str:
    """The secret in the one-time link, the same at every start until it is used."""
    return sealer.token("setup")


def first_owner_exists(session: Session) -> bool:
    """True once somebody can log in: then the one-time link is over."""
    return session.scalar(sa.select(col(User.id)).limit(1)) is not None


def checked_name(text: str, field: str) -> str:
    """Return a name, its spaces tidied. Raises BadInput on `field`."""
    visible = "".join(
        " " if unicodedata.category(char)[0] in "CZ" else char for char in text
    )
    name = unicodedata.normalize("NFC", " ".join(visible.split()))
    if not name:
        raise BadInput("error.name_missing", field)
    if len(name) > _NAME_LONGEST:
        raise BadInput("error.name_long", field, n=_NAME_LONGEST)
    return name


def checked_day(text: str) -> date | None:
    """Return the day in an ISO date, None for an empty text. Raises BadInput."""
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise BadInput("error.day", "day") from None
    if day and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise BadInput("error.day", "day")
    return day


def set_up(
    session: Session,
    new: NewWedding,
    *,
    email: str,
    password: str,
    language: str,
    now: datetime,
) -> int:
    """Make the first owner and the wedding, once; return the owner's id.

    Raises Refused("error.setup_done") when somebody was there before, and BadInput.
    """
    _one_at_a_time(session)
    if first_owner_exists(session):
        raise Refused("error.setup_done")
    owner = users.create_user(
        session, email=email, password=password, language=language, now=now
    )
    create_wedding(session, new, owner_id=owner, now=now)
    return owner


def create_wedding(
    session: Session, new: NewWedding, *, owner_id: int, now: datetime
) -> int:
    """Make a wedding with its two accounts and their limits; return its id.

    How an account reaches its WAHA is filled in from the settings, not here.
    """
    made = session.execute(
        sa.insert(Wedding)
        .values(
            groom_name=checked_name(new.groom_name, "groom_name"),
            bride_name=checked_name(new.bride_name, "bride_name"),
            day=new.day,
            time_zone=places.checked_zone(new.time_zone),
            default_country=places.checked_country(new.default_country),
            created_at=now,
        )
        .returning(col(Wedding.id))
    )
    wedding_id = int(made.scalar_one() or 0)
    users.join(session, owner_id, wedding_id=wedding_id, role=Role.OWNER)
    for key in ACCOUNT_KEYS:
        _add_account(session, wedding_id, key, now)
    audit.record(
        session, "wedding_created", wedding_id=wedding_id, by=owner_id, now=now
    )
    note(session, Change("wedding", wedding_id))
    return wedding_id


def create_admin(
    session: Session, *, email: str, password: str, language: str, now: datetime
) -> int:
    """Make an owner from the command line; return the user's id.

    Where there is no wedding yet one is made, with names, zone and country that can
    be changed later. Raises BadInput.
    """
    _one_at_a_time(session)
    owner = users.create_user(
        session, email=email, password=password, language=language, now=now
    )
    wedding_id = only_wedding(session)
    if wedding_id is None:
        create_wedding(session, _unnamed(language), owner_id=owner, now=now)
        return owner
    users.join(session, owner, wedding_id=wedding_id, role=Role.OWNER)
    audit.record(
        session,
        "login_added",
        wedding_id=wedding_id,
        by=None,
        now=now,
        added=owner,
        role=Role.OWNER.value,
    )
    return owner


def only_wedding(session: Session) -> int | None:
    """Return the id of the (first) wedding, None before setup."""
    return session.scalar(sa.select(sa.func.min(col(Wedding.id))))


def the_wedding(session: Session) -> tuple[int, str]:
    """The wedding's id and time zone. Raises NotFound before the setup."""
    wedding_id = only_wedding(session)
    if wedding_id is None:
        raise NotFound("error.no_wedding")
    return wedding_id, session.get_one(Wedding, wedding_id).time_zone


def _add_account(session: Session, wedding_id: int, key: str, now: datetime) -> None:
    account = Account(wedding_id=wedding_id, key=key)
    session.add(account)
    session.flush()
    policy = Policy(account_id=account.id or 0, fields={}, updated_at=now)
    session.add(policy)
    session.flush()


def _unnamed(language: str) -> NewWedding:
    zone = places.machine_zone() or places.HOME_ZONE
    return NewWedding(
        groom_name=say(language, "common.account.groom"),
        bride_name=say(language, "common.account.bride"),
        time_zone=zone,
        default_country=places.country_of(zone) or places.HOME_COUNTRY,
    )


def _one_at_a_time(session: Session) -> None:
    """Two first owners at the same moment: the second waits, then is refused."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_SETUP_LOCK)))
