"""services: the one writer of an account's status.

Words about the status come as events (repeated, late, out of order), from polls and
from failed calls. What is older than the last proof changes nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.account import AccountStatus, Ear, is_ready
from wedding_wa.domain.chat import phone_of_chat
from wedding_wa.models import Account, AccountStatusChange, Chat
from wedding_wa.services import (
    consent,
    hearing,
    households,
    pausing,
    queue,
    trouble,
)
from wedding_wa.services.live import Change, note
from wedding_wa.services.waha import Me, Timelock

CODES_RAN_OUT = "account.error.codes_ran_out"
UNLINKED = "account.error.unlinked"

#: WhatsApp did not say when a restriction ends: we look again after this.
RESTRICTION_UNTOLD = timedelta(hours=24)

_IN_ORDER = frozenset(
    {AccountStatus.WORKING, AccountStatus.STARTING, AccountStatus.SCAN}
)
_VISIBLE = (
    "status",
    "status_error",
    "phone",
    "push_name",
    "lid",
    "own_chat_id",
    "qr_at",
    "qr_count",
    "restricted_until",
    "stopped_at",
)
_log = logging.getLogger(__name__)


def apply_status(
    session: Session,
    account_id: int,
    status: str,
    *,
    at: datetime,
    now: datetime,
    me: Me | None = None,
    error: str | None = None,
    restricted_until: datetime | None = None,
    polled: bool = False,
) -> bool:
    """Take in that the account was in `status` at `at`; False where that is old news.

    `me` counts only with WORKING: WAHA also tells who asked for a pairing code. An
    event (not `polled`) of SCAN_QR_CODE means a new code each time. `restricted_until`
    is when WhatsApp's ban on new chats ends, None: nothing said of it.
    """
    account = _for_update(session, account_id)
    at = min(at, now)  # WAHA's clock may be ahead; nothing is proven for the future
    if account.status_seen_at is not None and at < account.status_seen_at:
        return False
    before = _seen(account)
    account.status_seen_at = at
    if status == AccountStatus.FAILED and error is None:
        error = _why_failed(account)
    moved = status != account.status
    if moved:
        _move(session, account, status, error=error, at=at, now=now)
    account.status_error = error
    _count_codes(account, at=at, new=moved or not polled)
    if is_ready(status) and me is not None:
        _logged_in(session, account, me, now=now)
    if restricted_until is not None:
        account.restricted_until = restricted_until
    session.flush()
    trouble.tend(session, account_id, now=now)
    if _seen(account) != before:
        note(session, Change("account", account.wedding_id, account_id))
    return True


def apply_timelock(
    session: Session, account_id: int, lock: Timelock, *, now: datetime
) -> None:
    """Take in that WhatsApp restricts new chats, or that it does not any more."""
    until = (lock.until or now + RESTRICTION_UNTOLD) if lock.active else None
    restrict(session, account_id, until, now=now)


def restrict(
    session: Session, account_id: int, until: datetime | None, *, now: datetime
) -> None:
    """Set when WhatsApp's restriction of new chats ends; None or past: there is none.

    A restriction is never a reason to restart or to pair again.
    """
    account = _for_update(session, account_id)
    wanted = until if until is not None and until > now else None
    if account.restricted_until == wanted:
        return
    account.restricted_until = wanted
    session.flush()
    trouble.tend(session, account_id, now=now)
    queue.look_again(session, account_id, now=now)
    note(session, Change("account", account.wedding_id, account_id))
    _log.warning(
        "restriction changed",
        extra={
            "action": "account_restricted" if wanted else "account_unrestricted",
            "account": account.key,
            "until": wanted.isoformat() if wanted else None,
        },
    )


def set_stopped(
    session: Session, account_id: int, *, by_owner: bool, now: datetime
) -> None:
    """Remember whether the owner wants the account stopped: then it stays so."""
    account = _for_update(session, account_id)
    if (account.stopped_at is not None) == by_owner:
        return
    account.stopped_at = now if by_owner else None
    session.flush()
    trouble.tend(session, account_id, now=now)
    note(session, Change("account", account.wedding_id, account_id))


def forget_login(session: Session, account_id: int) -> None:
    """Nobody is logged in any more: the account is not started again by itself."""
    account = _for_update(session, account_id)
    _nobody(account)
    session.flush()
    note(session, Change("account", account.wedding_id, account_id))


def renew_code(
    session: Session, account_id: int, *, seen: datetime | None, at: datetime
) -> datetime | None:
    """A code was seen to be a new one though no event told: count it.

    `seen` is the `qr_at` under which the caller knew the old one. Returns the `qr_at`
    that holds now.
    """
    account = _for_update(session, account_id)
    if account.status == AccountStatus.SCAN and account.qr_at == seen:
        account.status_seen_at = at  # its own event may still come
        account.qr_at = at
        account.qr_count += 1
        session.flush()
        note(session, Change("account", account.wedding_id, account_id))
    return account.qr_at


def _for_update(session: Session, account_id: int) -> Account:
    return session.exec(
        select(Account)
        .where(col(Account.id) == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _seen(account: Account) -> tuple[Any, ...]:
    return tuple(getattr(account, name) for name in _VISIBLE)


def _why_failed(account: Account) -> str | None:
    """WAHA says only FAILED. Out of a round of codes it means that none was scanned,
    out of a login that the phone removed us or was not reached for long."""
    if account.status == AccountStatus.FAILED:
        return account.status_error
    if account.status == AccountStatus.SCAN:
        return CODES_RAN_OUT
    return UNLINKED if account.phone else None


def _move(
    session: Session,
    account: Account,
    status: str,
    *,
    error: str | None,
    at: datetime,
    now: datetime,
) -> None:
    """Change the status: a row of its history, and a gap where it stops hearing."""
    if is_ready(account.status):
        hearing.open_gap(session, account, reason=status.lower(), now=now)
    if account.status == AccountStatus.STOPPED and status in _IN_ORDER:
        account.stopped_at = None  # the owner, or WAHA's own dashboard, started it
    in_order = status in _IN_ORDER
    _log.log(
        logging.INFO if in_order else logging.WARNING,
        "account status changed",
        extra={
            "action": "account_status",
            "account": account.key,
            "status": status,
            "was": account.status,
            "error": error,
        },
    )
    if is_ready(status) and account.hears_by == Ear.NOTHING:
        hearing.open_gap(session, account, reason=hearing.FEED, now=now)
    account.status = status
    account.status_at = at
    session.execute(
        sa.insert(AccountStatusChange).values(
            wedding_id=account.wedding_id,
            account_id=account.id,
            status=status,
            error=error,
            at=at,
        )
    )


def _count_codes(account: Account, *, at: datetime, new: bool) -> None:
    """STARTING begins a round of codes anew, each SCAN_QR_CODE is the next one."""
    if account.status == AccountStatus.SCAN:
        _nobody(account)
        if new:
            account.qr_at = at
            account.qr_count += 1
    else:
        account.qr_at = None
        account.qr_count = 0


def _logged_in(session: Session, account: Account, me: Me, *, now: datetime) -> None:
    account.phone = phone_of_chat(me.chat_id)
    account.push_name = me.push_name or account.push_name
    account.lid = me.lid
    another = account.own_chat_id not in (None, me.chat_id)
    if account.own_chat_id != me.chat_id:
        # WhatsApp's times are whole seconds: what is written from this one on is new
        account.linked_at = now.replace(microsecond=0)
    account.own_chat_id = me.chat_id
    session.flush()  # the database compares the consent with the account's row
    if another:
        consent.change_number(session, account, now=now)
    consent.give_own_number(session, account, now=now)
    if another:
        _another_number(session, account, now=now)


def _another_number(session: Session, account: Account, *, now: datetime) -> None:
    """The guests' consents were for the number before; their households wait again.

    What waits on them is not thrown away at once: a wrong phone may have scanned the
    code. The account stops, and goes on by itself once the right number is back.
    """
    assert account.id is not None
    queue.rest_on_renewed(session, account.id)
    if pausing.is_number_back(session, account):
        pausing.set_account_paused(session, account.id, False, now=now)
    elif queue.rests_on_ended(session, account.id):
        pausing.pause_account(session, account, pausing.BY_NUMBER, now=now)
    homes = session.exec(
        select(Chat.household_id)
        .where(Chat.account_id == account.id, col(Chat.household_id).is_not(None))
        .distinct()
    ).all()
    households.refresh_stages(session, [one for one in homes if one], now=now)
    _log.warning(
        "another number logged in",
        extra={"action": "account_number_changed", "account": account.key},
    )


def _nobody(account: Account) -> None:
    account.phone = account.push_name = account.lid = None
