"""services: the account cards as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlmodel import Session, col, select

from wedding_wa.domain.account import CODES, is_ready, next_code_at
from wedding_wa.domain.phone import nice_phone
from wedding_wa.models import Account, AccountStatusChange
from wedding_wa.services import hearing
from wedding_wa.services.no_consent import wa_me_link

_CHANGES = 5
_GAPS = 3


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One change of status; `error` is a code for words, or None."""

    status: str
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """The QR code's age: the picture itself comes from `account_qr`."""

    at: datetime
    count: int
    of: int
    next_at: datetime


@dataclass(frozen=True, slots=True)
class GapLine:
    """A time in which the account may have been deaf; `until` None: it lasts.

    `found` messages had been missed; None where the chats could not be read.
    """

    since: datetime
    until: datetime | None
    found: int | None


@dataclass(frozen=True, slots=True)
class AccountCard:
    """One account. `link` is where a guest writes first, empty while nobody is logged
    in; `phone` is written nicely; `deaf` says that its chats are still to be read.
    `hears_by` is how WAHA's events come (domain.account.Ear), None before it is known.
    """

    id: int
    key: str
    status: str
    ready: bool
    since: datetime | None
    error: str | None
    phone: str
    push_name: str
    link: str
    last_heard_at: datetime | None
    last_heard_kind: str | None
    hears_by: str | None
    hears_since: datetime | None
    changes: tuple[StatusLine, ...]
    code: CodeInfo | None
    deaf: bool
    gaps: tuple[GapLine, ...]
    paused: bool
    pause_reason: str | None
    restricted_until: datetime | None
    stopped_by_owner: bool
    lease_alive: bool
    engine: str
    version: str
    phone_page: str


def account_cards(
    session: Session,
    wedding_id: int,
    *,
    now: datetime,
    simulator_url: str | None = None,
) -> list[AccountCard]:
    """The wedding's accounts, groom first. `simulator_url` is where a browser reaches
    the simulator (None: a real WAHA); its pretend phone scans the code there."""
    accounts = session.exec(
        select(Account)
        .where(Account.wedding_id == wedding_id)
        .order_by(col(Account.key).desc())
    ).all()
    return [_card(session, one, now, simulator_url) for one in accounts]


def _card(
    session: Session, account: Account, now: datetime, simulator_url: str | None
) -> AccountCard:
    assert account.id is not None
    until = account.lease_until
    restricted = account.restricted_until
    return AccountCard(
        id=account.id,
        key=account.key,
        status=account.status,
        ready=is_ready(account.status),
        since=account.status_at,
        error=account.status_error,
        phone=nice_phone(account.phone) if account.phone else "",
        push_name=account.push_name or "",
        link=wa_me_link(account.phone),
        last_heard_at=account.last_heard_at,
        last_heard_kind=account.last_heard_kind,
        hears_by=account.hears_by,
        hears_since=account.hears_since,
        changes=_changes(session, account.id),
        code=_code(account),
        deaf=hearing.concerned(session, account.id),
        gaps=_gaps(session, account.id),
        paused=account.paused_at is not None,
        pause_reason=account.pause_reason,
        restricted_until=restricted if restricted and restricted > now else None,
        stopped_by_owner=account.stopped_at is not None,
        lease_alive=until is not None and until > now,
        engine=account.engine,
        version=account.waha_version,
        phone_page=_phone_page(account, simulator_url),
    )


def _changes(session: Session, account_id: int) -> tuple[StatusLine, ...]:
    rows = session.exec(
        select(AccountStatusChange)
        .where(AccountStatusChange.account_id == account_id)
        .order_by(col(AccountStatusChange.id).desc())
        .limit(_CHANGES)
    ).all()
    return tuple(StatusLine(row.status, row.error, row.at) for row in rows)


def _gaps(session: Session, account_id: int) -> tuple[GapLine, ...]:
    rows = hearing.lately(session, account_id, limit=_GAPS)
    return tuple(GapLine(row.since, row.closed_at, row.found) for row in rows)


def _code(account: Account) -> CodeInfo | None:
    if account.qr_at is None:
        return None
    return CodeInfo(
        at=account.qr_at,
        count=min(account.qr_count, CODES),
        of=CODES,
        next_at=next_code_at(account.qr_at, account.qr_count),
    )


def _phone_page(account: Account, simulator_url: str | None) -> str:
    if simulator_url is None:
        return ""
    return f"{simulator_url}/phone?session={quote(account.session)}"
