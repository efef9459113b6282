"""api: /api/v1/accounts: the two numbers, their codes to scan, orders to them."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request, Response

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import problems
from wedding_wa.api.v1.account_shapes import (
    AccountPage,
    AccountShape,
    Pair,
    PairingCode,
    QrShape,
    account_shape,
)
from wedding_wa.api.v1.shapes import AccountKey, Controller, Reader, SmallBodies
from wedding_wa.domain.errors import AccountDown, Refused, Unreachable, WahaError
from wedding_wa.services import account_commands as commands
from wedding_wa.services.account_commands import Desk
from wedding_wa.services.account_poll import poll
from wedding_wa.services.account_qr import qr_code
from wedding_wa.services.account_records import account_record, account_records
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.pausing import set_account_paused

router = APIRouter(prefix="/accounts", route_class=SmallBodies)

PNG = "image/png"
_REFUSALS = problems(409, 502, 503)


class CommandUnreachable(Unreachable):
    """WAHA was not there: the order was not carried out."""

    code = "accounts.failed.unreachable"


class CommandFailed(WahaError):
    """WAHA would not, or did not say."""

    code = "accounts.failed.waha"


@router.get("")
async def list_accounts(caller: Reader) -> AccountPage:
    """Both numbers, the groom's first."""
    app = runtime.current()
    found = await app.db.read(account_records, caller.wedding_id, now=app.clock.now())
    return AccountPage(items=[account_shape(one) for one in found], next=None)


@router.get("/{key}", responses=problems(404))
async def show(caller: Reader, key: AccountKey) -> AccountShape:
    """One number."""
    app = runtime.current()
    return account_shape(
        await app.db.read(account_record, caller.wedding_id, key, now=app.clock.now())
    )


@router.get(
    "/{key}/qr",
    response_model=QrShape,
    responses={200: {"content": {PNG: {}}}, **problems(404, 409, 502, 503)},
)
async def show_qr(caller: Reader, key: AccountKey, request: Request) -> Response:
    """The code to scan now: JSON, or the picture where `Accept` says `image/png`.

    409 while there is none: the account is not waiting for a phone.
    """
    app = runtime.current()
    account_id = await app.db.read(account_id_of, caller.wedding_id, key)
    with _as_commands():
        code = await qr_code(app.db, app.clients, account_id, app.clock)
    if code is None:
        raise Refused("account.error.no_qr_now")
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if _wants_picture(request.headers.get("accept", "")):
        return Response(code.png, media_type=PNG, headers=headers)
    told = QrShape(
        value=code.value,
        image=code.image,
        at=code.at,
        count=code.count,
        of=code.of,
        seconds=code.next_in_seconds,
    )
    content = told.model_dump_json()
    return Response(content, media_type="application/json", headers=headers)


@router.post("/{key}/start", responses={**problems(404), **_REFUSALS})
async def start(caller: Controller, key: AccountKey) -> AccountShape:
    """Start it, made and set up where WAHA has none of it yet."""
    return await _ordered(caller, key, commands.start)


@router.post("/{key}/stop", responses={**problems(404), **_REFUSALS})
async def stop(caller: Controller, key: AccountKey) -> AccountShape:
    """Stop it until somebody starts it; it stays linked to the phone."""
    return await _ordered(caller, key, commands.stop)


@router.post("/{key}/restart", responses={**problems(404), **_REFUSALS})
async def restart(caller: Controller, key: AccountKey) -> AccountShape:
    """Stop and start it."""
    return await _ordered(caller, key, commands.restart)


@router.post("/{key}/logout", responses={**problems(404), **_REFUSALS})
async def logout(caller: Controller, key: AccountKey) -> AccountShape:
    """Unlink the phone; a new code is shown if the account was running."""
    return await _ordered(caller, key, commands.logout)


@router.post("/{key}/new-code", responses={**problems(404), **_REFUSALS})
async def new_code(caller: Controller, key: AccountKey) -> AccountShape:
    """Begin a new round of codes to scan."""
    return await _ordered(caller, key, commands.new_code)


@router.post("/{key}/pairing-code", responses={**problems(404), **_REFUSALS})
async def pairing_code(caller: Controller, key: AccountKey, said: Pair) -> PairingCode:
    """A code to type on the phone, instead of scanning; 409 unless it waits for one."""
    account_id = await _id(caller, key)
    with _as_commands():
        made = await commands.request_pairing_code(
            _desk(caller), account_id, said.phone
        )
    return PairingCode(code=made)


@router.post("/{key}/ask", responses={**problems(404), **_REFUSALS})
async def ask(caller: Controller, key: AccountKey) -> AccountShape:
    """Ask WAHA now how it stands, instead of waiting for the next minute."""
    return await _ordered(caller, key, _ask)


@router.post("/{key}/pause", responses=problems(404))
async def pause(caller: Controller, key: AccountKey) -> AccountShape:
    """Send nothing from it until somebody goes on; twice changes nothing."""
    return await _ordered(caller, key, functools.partial(_set_paused, paused=True))


@router.post("/{key}/go-on", responses=problems(404))
async def go_on(caller: Controller, key: AccountKey) -> AccountShape:
    """Go on, whoever paused it, or if it paused by itself; twice changes nothing."""
    return await _ordered(caller, key, functools.partial(_set_paused, paused=False))


async def _ordered(
    caller: Caller, key: str, do: Callable[[Desk, int], Awaitable[object]]
) -> AccountShape:
    """Do it, and tell how the account stands after it."""
    app, account_id = runtime.current(), await _id(caller, key)
    with _as_commands():
        await do(_desk(caller), account_id)
    return account_shape(
        await app.db.read(account_record, caller.wedding_id, key, now=app.clock.now())
    )


async def _id(caller: Caller, key: str) -> int:
    return await runtime.current().db.read(account_id_of, caller.wedding_id, key)


def _desk(caller: Caller) -> Desk:
    now = runtime.current()
    return Desk(now.db, now.clients, now.clock, by=caller.by)


async def _ask(desk: Desk, account_id: int) -> None:
    await poll(desk.db, desk.clients, account_id, desk.clock)


async def _set_paused(desk: Desk, account_id: int, *, paused: bool) -> None:
    await desk.db.write(
        set_account_paused,
        account_id,
        paused,
        now=desk.clock.now(),
        by=desk.by,
    )


@contextmanager
def _as_commands() -> Iterator[None]:
    """WAHA's faults have words for messages, which a command is not."""
    try:
        yield
    except AccountDown:
        raise
    except Unreachable as error:
        raise CommandUnreachable(error.detail) from error
    except WahaError as error:
        raise CommandFailed(error.detail, http_status=error.http_status) from error


def _wants_picture(accept: str) -> bool:
    """Whether a picture is asked for by name, and not only as well as anything."""
    ranges = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    return PNG in ranges or ("image/*" in ranges and "application/json" not in ranges)
