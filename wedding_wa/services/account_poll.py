"""services: asking WAHA how an account is, and putting right what may be put right.

A poll sets the session's config where it differs and starts a session that stopped by
itself, three times in ten minutes at most. It never starts one that was never linked or
that the owner stopped, and never restarts for a failure: the owner decides.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.domain.errors import BadKey, NotSent, SessionMissing, WahaError
from wedding_wa.models import Account
from wedding_wa.services import hearing
from wedding_wa.services.account_status import apply_status, apply_timelock
from wedding_wa.services.accounts import Clients, NotConfigured
from wedding_wa.services.catch_up import catch_up
from wedding_wa.services.clock import Clock
from wedding_wa.services.hearing_check import hears_all
from wedding_wa.services.waha import (
    ServerVersion,
    SessionConfig,
    SessionInfo,
    WahaClient,
)

SET_UP_REFUSED = "account.error.set_up_refused"
STOPS_AGAIN = "account.error.stops_again"

# A session that stops again and again is not started as often.
_STARTS = 3
_STARTS_WITHIN_S = timedelta(minutes=10).total_seconds()

_ROUNDS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What we know of the account before we ask, at `asked_s` of the steady clock."""

    key: str
    webhook_url: str
    status: str
    error: str | None
    engine: str
    version_known: bool
    may_start: bool
    asked_s: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the poll brought: a session, or the status a fault means."""

    status: str
    asked_at: datetime
    info: SessionInfo | None = None
    version: ServerVersion | None = None
    error: str | None = None


async def poll(db: Database, clients: Clients, account_id: int, clock: Clock) -> str:
    """Ask WAHA about the account, store the answer, return the account's status.

    Faults of WAHA become statuses (UNREACHABLE, BAD_KEY, MISSING, NOT_CONFIGURED) and
    are not raised. A connected account with a hearing gap has its chats read, and so
    has one whose chats hold a message that we were not told; should WAHA be gone by
    then, it is asked again.
    """
    for _ in range(_ROUNDS):
        status = await _poll_once(db, clients, account_id, clock)
        if not is_ready(status) or (
            await catch_up(db, clients, account_id, clock)
            and await hears_all(db, clients, account_id, clock)
        ):
            break
    return status


async def _poll_once(
    db: Database, clients: Clients, account_id: int, clock: Clock
) -> str:
    async with clients.turn(account_id, "poll"):
        known = await db.read(_known, account_id, asked_s=clock.monotonic())
        answer = await _ask(clients, account_id, known, clock)
        if answer.status == known.status == AccountStatus.NOT_CONFIGURED:
            return known.status
        return await db.write(_store, account_id, answer, now=clock.now())


async def session_config(
    db: Database, clients: Clients, account_id: int
) -> SessionConfig | None:
    """What the account's session must be set to; None before WAHA can reach us."""
    key, webhook_url = await db.read(_address, account_id)
    return await _wanted(clients, account_id, key, webhook_url)


async def _ask(
    clients: Clients, account_id: int, known: _Known, clock: Clock
) -> _Answer:
    asked_at = clock.now()
    try:
        client = await clients.get(account_id)
        info = await client.session()
        changed, error_code = await _try_to_put_right(
            client, clients, account_id, known, info
        )
        if changed:
            asked_at = clock.now()
            info = await client.session()
        version = None
        if not (known.version_known and is_ready(known.status)):
            version = await client.version()
    except NotConfigured as error:
        reason = str(error.params.get("reason") or error.code)
        return _Answer(AccountStatus.NOT_CONFIGURED, asked_at, error=reason)
    except BadKey as error:
        return _Answer(AccountStatus.BAD_KEY, asked_at, error=error.code)
    except SessionMissing as error:
        return _Answer(AccountStatus.MISSING, asked_at, error=error.code)
    except WahaError as error:
        return _Answer(AccountStatus.UNREACHABLE, asked_at, error=error.code)
    return _Answer(info.status, asked_at, info, version, error_code)


async def _try_to_put_right(
    client: WahaClient,
    clients: Clients,
    account_id: int,
    known: _Known,
    info: SessionInfo,
) -> tuple[bool, str | None]:
    """`_put_right`, and what to tell where it cannot be."""
    try:
        changed = await _put_right(client, clients, account_id, known, info)
    except NotSent as error:
        if error.http_status is None:
            raise  # no answer came: WAHA is gone
        if known.error != SET_UP_REFUSED:
            _log.warning(
                "session not put right",
                extra={
                    "action": "session_not_put_right",
                    "account": known.key,
                    "error": str(error),
                },
            )
        return False, SET_UP_REFUSED
    left = _is_to_start(info, known) and not changed
    return changed, STOPS_AGAIN if left else None


async def _put_right(
    client: WahaClient,
    clients: Clients,
    account_id: int,
    known: _Known,
    info: SessionInfo,
) -> bool:
    """Set the config and start what stopped by itself. True where something changed.

    A config that is changed restarts a running session, and the store must be on
    before the first scan: so it is looked at on every poll and set where it differs.
    """
    wanted = await _wanted(clients, account_id, known.key, known.webhook_url)
    changed = False
    if wanted is not None and not wanted.fits(
        info.config, engine=info.engine or known.engine or None
    ):
        changed = await client.ensure_session(wanted)
    if changed:
        _tell("session config put right", "session_configured", known, info)
    if _is_to_start(info, known) and _may_start_again(
        clients, account_id, known.asked_s
    ):
        await client.start(revive=False)
        _tell("session started again", "session_started_again", known, info)
        changed = True
    return changed


def _is_to_start(info: SessionInfo, known: _Known) -> bool:
    return info.status == AccountStatus.STOPPED and known.may_start


def _may_start_again(clients: Clients, account_id: int, now: float) -> bool:
    """Note a start; False where there were too many of late."""
    starts: list[float] = clients.kept.setdefault((account_id, "starts"), [])
    starts[:] = [at for at in starts if 0 <= now - at < _STARTS_WITHIN_S]
    if len(starts) >= _STARTS:
        return False
    starts.append(now)
    return True


async def _wanted(
    clients: Clients, account_id: int, key: str, webhook_url: str
) -> SessionConfig | None:
    secret = await clients.webhook_secret(account_id)
    if not (secret and webhook_url):
        return None
    return SessionConfig(webhook_url, secret, key)


def _tell(text: str, action: str, known: _Known, info: SessionInfo) -> None:
    _log.info(
        text, extra={"action": action, "account": known.key, "status": info.status}
    )


def _address(session: Session, account_id: int) -> tuple[str, str]:
    account = session.get_one(Account, account_id)
    return account.key, account.webhook_url


def _known(session: Session, account_id: int, *, asked_s: float) -> _Known:
    account = session.get_one(Account, account_id)
    return _Known(
        key=account.key,
        webhook_url=account.webhook_url,
        status=account.status,
        error=account.status_error,
        engine=account.engine,
        version_known=bool(account.waha_version),
        # only what was linked, and only if nobody wants it stopped
        may_start=account.phone is not None and account.stopped_at is None,
        asked_s=asked_s,
    )


def _store(session: Session, account_id: int, answer: _Answer, *, now: datetime) -> str:
    info = answer.info
    taken = apply_status(
        session,
        account_id,
        answer.status,
        at=answer.asked_at,
        now=now,
        me=info.me if info else None,
        error=answer.error,
        polled=True,
    )
    account = session.get_one(Account, account_id)
    if answer.version is not None:
        account.engine = answer.version.engine
        account.waha_version = answer.version.version
    if info is not None and info.timelock is not None:
        apply_timelock(session, account_id, info.timelock, now=now)
    if taken and is_ready(answer.status):
        hearing.heard(
            session, account_id, "poll", at=now, wedding_id=account.wedding_id
        )
    return account.status
