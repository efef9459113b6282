"""services: what a person may do to an account: start, stop, log out, pair.

One command at a time an account, each in the audit; a command of another browser that
is still under way refuses the second one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.domain.account import AccountStatus, is_ready
from wedding_wa.domain.chat import digits_of_phone
from wedding_wa.domain.errors import Refused
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import Account, Wedding
from wedding_wa.services import audit
from wedding_wa.services.account_poll import poll, session_config
from wedding_wa.services.account_status import forget_login, set_stopped
from wedding_wa.services.accounts import Clients
from wedding_wa.services.audit import By
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import WahaClient


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a person's commands are done. `by` stands in the audit."""

    db: Database
    clients: Clients
    clock: Clock
    by: By = None


async def start(desk: Desk, account_id: int) -> str:
    """Start the account, made and set up where WAHA has none of it yet.

    Returns the status after it, as all commands do. They raise Refused where it makes
    no sense now and WahaError where WAHA would not.
    """

    async def do(client: WahaClient) -> None:
        wanted = await session_config(desk.db, desk.clients, account_id)
        if wanted is not None:
            await client.ensure_session(wanted)
        await client.start()

    return await _command(desk, account_id, "start", do)


async def stop(desk: Desk, account_id: int) -> str:
    """Stop the account until somebody starts it; it stays linked to the phone."""
    return await _command(desk, account_id, "stop", lambda client: client.stop())


async def restart(desk: Desk, account_id: int) -> str:
    """Stop and start."""
    return await _command(desk, account_id, "restart", lambda client: client.restart())


async def logout(desk: Desk, account_id: int) -> str:
    """Unlink the phone; a new code is shown if the account was running."""
    return await _command(desk, account_id, "logout", lambda client: client.logout())


async def new_code(desk: Desk, account_id: int) -> str:
    """Begin a new round of QR codes.

    After a round that ran out a restart is enough. An account that failed while
    linked would fail again with the same login: that is given up first.
    """
    account = await desk.db.read(_look, account_id)
    if is_ready(account.status):
        raise Refused("account.error.connected")
    given_up = account.status == AccountStatus.FAILED and account.linked

    async def do(client: WahaClient) -> None:
        if given_up:
            await client.logout()
            await client.start()
        else:
            await client.restart()

    return await _command(desk, account_id, "new_code", do)


async def request_pairing_code(desk: Desk, account_id: int, typed: str) -> str:
    """Return the code to type on the phone with this number, like `X93M-C2CJ`.

    The number may be typed any way; without a country it is the wedding's. Raises
    BadInput, and Refused unless the account waits for a scan: WAHA would not answer.
    """
    account = await desk.db.read(_look, account_id)
    phone = digits_of_phone(parse_phone(typed, account.country))
    if account.status != AccountStatus.SCAN:
        raise Refused("account.error.no_code_now")
    codes: list[str] = []

    async def do(client: WahaClient) -> None:
        codes.append(await client.request_code(phone))

    await _command(desk, account_id, "pairing_code", do)
    return codes[0]


async def _command(
    desk: Desk,
    account_id: int,
    name: str,
    do: Callable[[WahaClient], Awaitable[None]],
) -> str:
    turn = desk.clients.turn(account_id, "command")
    if turn.locked():
        raise Refused("account.error.busy")
    async with turn:
        client = await desk.clients.get(account_id)
        await desk.db.write(_begin, account_id, name, by=desk.by, now=desk.clock.now())
        await do(client)
    return await poll(desk.db, desk.clients, account_id, desk.clock)


def _begin(
    session: Session, account_id: int, name: str, *, by: By, now: datetime
) -> None:
    """Write what the command means before WAHA hears of it: a poll in between must
    not start what is being stopped."""
    account = session.get_one(Account, account_id)
    audit.record(
        session,
        f"account_{name}",
        wedding_id=account.wedding_id,
        by=by,
        now=now,
        account=account.key,
    )
    if name == "logout":
        forget_login(session, account_id)
    elif name != "pairing_code":
        set_stopped(session, account_id, by_owner=name == "stop", now=now)


@dataclass(frozen=True, slots=True)
class _Looked:
    status: str
    linked: bool
    country: str


def _look(session: Session, account_id: int) -> _Looked:
    account = session.get_one(Account, account_id)
    country = session.get_one(Wedding, account.wedding_id).default_country
    return _Looked(account.status, account.phone is not None, country)
