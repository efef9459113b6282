"""services: who may log in to a wedding, and with which browsers they are in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import LoginSession, Membership, Role, User
from wedding_wa.services import audit, grants, passwords, sessions, users
from wedding_wa.services.audit import Asking
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Change, note
from wedding_wa.services.lockout import Strangers
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.users import WrongLogin

# The first that is found in a browser's name for itself counts.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a login. `seen_at` is None for who is logged in nowhere."""

    user_id: int
    email: str
    name: str
    role: Role
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser that is logged in; `here` is the one that asks."""

    program: str
    system: str
    seen_at: datetime
    here: bool


def people(session: Session, wedding_id: int, *, now: datetime) -> list[Person]:
    """Return everybody who can log in, the first one first."""
    alive = sa.and_(
        col(LoginSession.user_id) == col(User.id), col(LoginSession.expires_at) > now
    )
    rows = session.execute(
        sa.select(
            col(User.id),
            col(User.email),
            col(User.name),
            col(Membership.role),
            sa.func.max(col(LoginSession.last_seen_at)),
        )
        .join(Membership, col(Membership.user_id) == col(User.id))
        .outerjoin(LoginSession, alive)
        .where(col(Membership.wedding_id) == wedding_id)
        .group_by(col(User.id), col(Membership.role))
        .order_by(col(User.id))
    )
    return [Person(i, email, name, Role(r), seen) for i, email, name, r, seen in rows]


def browsers(session: Session, who: Viewer, *, now: datetime) -> list[Browser]:
    """Return the browsers in which `who` is logged in, this one first."""
    rows = session.execute(
        sa.select(
            col(LoginSession.id),
            col(LoginSession.user_agent),
            col(LoginSession.last_seen_at),
        )
        .where(
            col(LoginSession.user_id) == who.user_id, col(LoginSession.expires_at) > now
        )
        .order_by(
            (col(LoginSession.id) == who.session_id).desc(),
            col(LoginSession.last_seen_at).desc(),
        )
    )
    return [_browser(agent, at, number == who.session_id) for number, agent, at in rows]


def let_in(
    session: Session,
    who: Viewer | Asking,
    *,
    email: str,
    name: str,
    password: str,
    again: str,
    now: datetime,
) -> int:
    """Give somebody a login as owner; return the user's id.

    An address that once had a login here gets the new password. Raises BadInput.
    """
    email = users.checked_email(email)
    _same(password, again)
    known = users.find(session, email)
    if known is None or _belongs(session, known):
        return users.add_login(
            session,
            wedding_id=who.wedding_id,
            email=email,
            password=password,
            name=name,
            by=who.by,
            now=now,
        )
    users.set_password(session, email, password, by=who.by, now=now)
    users.join(session, known, wedding_id=who.wedding_id, role=Role.OWNER)
    _tell(session, who, "login_added", known, now)
    return known


def take_out(
    session: Session, who: Viewer | Asking, user_id: int, *, now: datetime
) -> None:
    """End somebody's login here, at once and everywhere. Raises Refused for oneself,
    for whoever was taken out a moment ago, and where a program would take out the last
    one who may do everything: somebody always stays. Raises NotFound.

    What they did stays on record, so the person's row stays too.
    """
    _check_stays(session, who, user_id)
    gone = session.execute(
        sa.delete(Membership)
        .where(
            col(Membership.user_id) == user_id,
            col(Membership.wedding_id) == who.wedding_id,
        )
        .returning(col(Membership.user_id))
    ).first()
    if gone is None:
        raise NotFound
    sessions.end_all(session, user_id)
    grants.end_of_person(session, user_id, now)
    _tell(session, who, "login_removed", user_id, now)


async def change_own_password(
    db: Database, who: Viewer, *, current: str, new: str, again: str, clock: Clock
) -> None:
    """Change the password of who asks; their other browsers are logged out.

    Raises BadInput on "current", "password" or "again", and LockedOut after too many
    wrong ones.
    """
    passwords.checked_password(new)
    _same(new, again)
    try:
        await users.verify(db, who.email, current, strangers=Strangers(), clock=clock)
    except WrongLogin:
        raise BadInput("people.wrong_current", "current") from None
    await db.write(
        users.set_password,
        who.email,
        new,
        by=who.user_id,
        keep=who.session_id,
        now=clock.now(),
    )


def end_others(session: Session, who: Viewer) -> None:
    """Log `who` out of every browser but this one."""
    sessions.end_all(session, who.user_id, keep=who.session_id)


def _same(password: str, again: str) -> None:
    if password != again:
        raise BadInput("error.password_differs", "again")


def _belongs(session: Session, user_id: int, wedding_id: int | None = None) -> bool:
    """True for a member of that wedding (None: of any)."""
    query = sa.select(col(Membership.wedding_id)).where(
        col(Membership.user_id) == user_id
    )
    if wedding_id is not None:
        query = query.where(col(Membership.wedding_id) == wedding_id)
    return session.scalar(query.with_for_update().limit(1)) is not None


def _check_stays(session: Session, who: Viewer | Asking, user_id: int) -> None:
    """Raise Refused where nobody would be left: a person stays themselves."""
    if user_id == who.user_id:
        raise Refused("people.not_yourself")
    if who.user_id is not None:
        if not _belongs(session, who.user_id, who.wedding_id):
            raise Refused("error.not_allowed")
        return
    members = session.execute(
        sa.select(col(Membership.user_id), col(Membership.role))
        .where(col(Membership.wedding_id) == who.wedding_id)
        .order_by(col(Membership.user_id))
        .with_for_update()
    ).all()
    owners = {member for member, role in members if role == Role.OWNER}
    if owners == {user_id}:
        raise Refused("people.not_the_last")


def _tell(
    session: Session, who: Viewer | Asking, action: str, user_id: int, now: datetime
) -> None:
    audit.record(
        session,
        action,
        wedding_id=who.wedding_id,
        by=who.by,
        now=now,
        of=user_id,
    )
    note(session, Change("login", who.wedding_id, user_id))


def _browser(agent: str, seen_at: datetime, here: bool) -> Browser:
    return Browser(_first(agent, _BROWSERS), _first(agent, _SYSTEMS), seen_at, here)


def _first(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in agent), "")
