"""services: the people who log in: made, checked, renamed, locked out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import Membership, Role, User
from wedding_wa.services import audit, grants, passwords, sessions
from wedding_wa.services.audit import By
from wedding_wa.services.clock import Clock
from wedding_wa.services.lockout import LockedOut, Strangers, charge
from wedding_wa.words import languages

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_EMAIL_LONGEST = 254
# Controls, marks without width, halves of characters: nobody could type them again.
_UNSEEN = ("Cc", "Cf", "Cs")
_NAME_LONGEST = 80


class WrongLogin(Refused):
    """The address or the password is wrong; which one is not told."""

    def __init__(self) -> None:
        super().__init__("error.wrong_login")


@dataclass(frozen=True, slots=True)
class _Charged:
    """A try that is already counted as failed."""

    user_id: int | None
    password_hash: str | None
    closed_until: datetime | None


def normal_email(text: str) -> str:
    """Return the address as it is stored and compared: trimmed, NFC, lower case."""
    return unicodedata.normalize("NFC", text.strip()).lower()


def checked_email(text: str) -> str:
    """Return the normal form. Raises BadInput on "email" if it is no address."""
    email = normal_email(text)
    unseen = any(unicodedata.category(one) in _UNSEEN for one in email)
    if unseen or len(email) > _EMAIL_LONGEST or not _EMAIL.fullmatch(email):
        raise BadInput("error.email_invalid", "email")
    return email


def create_user(
    session: Session,
    *,
    email: str,
    password: str,
    name: str = "",
    language: str | None = None,
    now: datetime,
) -> int:
    """Make a person and return the id. Raises BadInput on "email" or "password"."""
    email = checked_email(email)
    if find(session, email) is not None:
        raise BadInput("error.email_taken", "email")
    values = {
        "email": email,
        "password_hash": passwords.hashed(password),
        "name": name.strip()[:_NAME_LONGEST],
        "language": language if language in languages() else None,
        "failed_logins": 0,
        "created_at": now,
    }
    try:
        made = session.execute(sa.insert(User).values(values).returning(col(User.id)))
    except IntegrityError:  # somebody else was a moment faster
        raise BadInput("error.email_taken", "email") from None
    return int(made.scalar_one() or 0)


def add_login(
    session: Session,
    *,
    wedding_id: int,
    email: str,
    password: str,
    name: str = "",
    role: Role = Role.OWNER,
    by: By,
    now: datetime,
) -> int:
    """Give a second person (the partner, a planner) a login of their own."""
    user_id = create_user(session, email=email, password=password, name=name, now=now)
    join(session, user_id, wedding_id=wedding_id, role=role)
    audit.record(
        session,
        "login_added",
        wedding_id=wedding_id,
        by=by,
        now=now,
        added=user_id,
        role=role.value,
    )
    return user_id


def join(session: Session, user_id: int, *, wedding_id: int, role: Role) -> None:
    """Make the user a member of the wedding."""
    session.execute(
        sa.insert(Membership).values(
            user_id=user_id, wedding_id=wedding_id, role=role.value
        )
    )


def find(session: Session, email: str) -> int | None:
    """Return the id of the person with this address, None if there is nobody."""
    return session.scalar(
        sa.select(col(User.id)).where(col(User.email) == normal_email(email))
    )


def set_password(
    session: Session,
    email: str,
    password: str,
    *,
    by: By = None,
    keep: int | None = None,
    now: datetime,
) -> None:
    """Change a password: opens a locked login and ends that person's sessions, all
    but `keep`, and what their programs hold.

    `by` is who did it, None for the command line. Raises NotFound, BadInput.
    """
    user_id = find(session, email)
    if user_id is None:
        raise NotFound("error.no_such_login")
    _update(
        session,
        user_id,
        password_hash=passwords.hashed(password),
        failed_logins=0,
        locked_until=None,
    )
    sessions.end_all(session, user_id, keep=keep)
    grants.end_of_person(session, user_id, now)
    for wedding_id in _weddings(session, user_id):
        audit.record(
            session,
            "password_set",
            wedding_id=wedding_id,
            by=by,
            now=now,
            of=user_id,
        )


def set_language(session: Session, user_id: int, language: str) -> None:
    """Remember which language this person reads. Raises BadInput on "language"."""
    if language not in languages():
        raise BadInput("error.language_unknown", "language")
    _update(session, user_id, language=language)


async def verify(
    db: Database, email: str, password: str, *, strangers: Strangers, clock: Clock
) -> int:
    """Return the id of the person whose address and password these are.

    Raises WrongLogin, or LockedOut after too many wrong ones in a row. Takes as
    long for an address that nobody has.
    """
    email = normal_email(email)
    charged = await db.write(_charge, email, strangers=strangers, now=clock.now())
    right = await passwords.matches(password, charged.password_hash)
    if right and charged.user_id and charged.password_hash:
        renewed = None
        if passwords.outdated(charged.password_hash):
            renewed = passwords.hashed(password)
        await db.write(_forgive, charged.user_id, renewed)
        return charged.user_id
    if charged.closed_until:
        raise LockedOut(charged.closed_until, now=clock.now())
    raise WrongLogin


def _charge(
    session: Session, email: str, *, strangers: Strangers, now: datetime
) -> _Charged:
    row = session.execute(
        sa.select(
            col(User.id),
            col(User.password_hash),
            col(User.failed_logins),
            col(User.locked_until),
        )
        .where(col(User.email) == email)
        .with_for_update()
    ).first()
    if row is None:
        return _Charged(None, None, strangers.charge(email, now=now))
    user_id, password_hash, failed, locked = row
    failures, until = charge(failed, locked, now=now)
    _update(session, user_id, failed_logins=failures, locked_until=until)
    return _Charged(user_id, password_hash, until)


def _forgive(session: Session, user_id: int, renewed_hash: str | None) -> None:
    values: dict[str, object] = {"failed_logins": 0, "locked_until": None}
    if renewed_hash:
        values["password_hash"] = renewed_hash
    _update(session, user_id, **values)


def _update(session: Session, user_id: int, **values: object) -> None:
    session.execute(sa.update(User).where(col(User.id) == user_id).values(**values))


def _weddings(session: Session, user_id: int) -> list[int]:
    query = sa.select(col(Membership.wedding_id))
    return list(session.scalars(query.where(col(Membership.user_id) == user_id)))
