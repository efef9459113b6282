"""api: POST /api/webhooks/waha/{account}: what WAHA tells us.

The signature is the whole proof: HMAC-SHA512 over the raw bytes with the account's own
secret. Headers are not signed and so never believed, an event's age is no reason to
refuse it, and the same event again is answered like the first time. What is turned away
leaves a note of itself and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from wedding_wa import runtime
from wedding_wa.api.delivery_limits import DeliveryLimits
from wedding_wa.api.errors import problem
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.webhook_log import Receiver, receivers, store
from wedding_wa.services.webhook_refusals import HEAD, Delivery, Reason, refuse

#: Bytes of the largest event that is taken; WAHA's own have some thousand.
LARGEST = 1_000_000
#: A body that takes longer to arrive is somebody holding the door open.
BODY_SECONDS = 20.0
SIGNATURE = "X-Webhook-Hmac"

_ANSWERS = {
    Reason.UNSIGNED: (401, "account.error.signature"),
    Reason.SIGNATURE: (401, "account.error.signature"),
    Reason.UNKNOWN_ACCOUNT: (404, "account.error.unknown"),
    Reason.TOO_SLOW: (408, "webhooks.error.too_slow"),
    Reason.TOO_LARGE: (413, "error.too_large"),
    Reason.TOO_MANY: (429, "webhooks.error.too_many"),
}
_FULL_SECONDS = 2

log = logging.getLogger(__name__)


class Applier:
    """Applies stored events after they were answered; the answers do not wait for it.

    However many come, for an account one run applies and one waits its turn. A run that
    has applied may go on reading chats for long (catch-up): the next does not wait.
    """

    def __init__(self) -> None:
        self._runs: set[asyncio.Task[None]] = set()
        self._waiting: set[int] = set()

    def wake(self, account_id: int) -> None:
        """There is something new for the account."""
        if account_id in self._waiting:
            return  # that run has not looked yet
        self._waiting.add(account_id)
        run = asyncio.create_task(self._run(account_id))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)

    async def idle(self) -> None:
        """Return once nothing is being applied."""
        while self._runs:
            await asyncio.gather(*self._runs)

    async def _run(self, account_id: int) -> None:
        app = runtime.current()
        try:
            async with app.clients.turn(account_id, "inbound"):
                self._waiting.discard(account_id)
            await apply_open_events(app.db, app.clients, account_id, app.clock)
        except Exception:  # they are stored: the next event or start applies them
            log.exception(
                "events wait",
                extra={"action": "events_not_applied", "account_id": account_id},
            )


def router(applier: Applier | None = None) -> APIRouter:
    """The route, with what it remembers of addresses and of what is to be applied."""
    made, door = APIRouter(), _Door(DeliveryLimits(), applier or Applier())
    made.add_api_route("/api/webhooks/waha/{account}", door.receive, methods=["POST"])
    return made


class _TurnedAway(Exception):
    def __init__(self, reason: Reason, *, body: bytes = b"", wait: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = body
        self.wait = wait


class _Door:
    def __init__(self, limits: DeliveryLimits, applier: Applier) -> None:
        self._limits = limits
        self._applier = applier

    async def receive(self, request: Request, account: str) -> Response:
        """Store the event and answer; it is applied once the answer is on its way.

        200 for every event signed rightly, repeats and what we cannot read among them:
        anything else makes WAHA send it again, up to half an hour long.
        """
        try:
            return await self._taken(request, account)
        except _TurnedAway as refusal:
            return await self._turned_away(request, account, refusal)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to hear it

    async def _taken(self, request: Request, account: str) -> Response:
        app = runtime.current()
        now = app.clock.monotonic()
        if seconds := self._limits.wait(_address(request), now=now):
            raise _TurnedAway(Reason.TOO_MANY, wait=seconds)
        known = await app.db.read(receivers, account)
        if not known:
            raise _TurnedAway(Reason.UNKNOWN_ACCOUNT)
        with _Body(self._limits) as body:
            raw = await body.read(request)
            receiver = _signer(raw, request.headers[SIGNATURE], known)
            new = await app.db.write(
                store,
                wedding_id=receiver.wedding_id,
                account_id=receiver.account_id,
                raw=raw,
                now=app.clock.now(),
            )
        self._applier.wake(receiver.account_id)
        return JSONResponse({"stored": new})

    async def _turned_away(
        self, request: Request, account: str, refusal: _TurnedAway
    ) -> Response:
        """Answer a refusal, and write it down unless there are too many of them."""
        status, code = _ANSWERS[refusal.reason]
        if self._worth_noting(_address(request), refusal.reason):
            await _note(request, account, refusal)
        answer = problem(request, status, code)
        if refusal.wait:
            answer.headers["Retry-After"] = str(refusal.wait)
        if status in (408, 413, 429):
            answer.headers["Connection"] = "close"  # not to be sent the rest
        return answer

    def _worth_noting(self, address: str, reason: Reason) -> bool:
        now = runtime.current().clock.monotonic()
        if reason is Reason.TOO_MANY:
            return self._limits.too_many(address, now=now)
        return self._limits.refused(address, now=now)


class _Body:
    """A body while it is read and stored, of which only so much is in memory."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self._limits = limits
        self._raw = bytearray()

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._limits.gives_back(len(self._raw))

    async def read(self, request: Request) -> bytes:
        """Read it, no further than it may be believed. Raises _TurnedAway.

        Without a signature only the head is read, for whoever looks for the reason.
        """
        most = LARGEST if request.headers.get(SIGNATURE) else HEAD
        told = request.headers.get("Content-Length", "")
        if most == LARGEST and told.isdecimal() and int(told) > LARGEST:
            raise _TurnedAway(Reason.TOO_LARGE)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                whole = await self._fill(request, most)
        except TimeoutError:
            raise self._refusal(Reason.TOO_SLOW) from None
        if most < LARGEST:
            raise self._refusal(Reason.UNSIGNED)
        if not whole:
            raise self._refusal(Reason.TOO_LARGE)
        return bytes(self._raw)

    async def _fill(self, request: Request, most: int) -> bool:
        """False as soon as there is more than `most`."""
        async for chunk in request.stream():
            if not self._limits.makes_room(len(chunk)):
                raise _TurnedAway(Reason.TOO_MANY, wait=_FULL_SECONDS)
            self._raw += chunk
            if len(self._raw) > most:
                return False
        return True

    def _refusal(self, reason: Reason) -> _TurnedAway:
        return _TurnedAway(reason, body=bytes(self._raw))


async def _note(request: Request, account: str, refusal: _TurnedAway) -> None:
    app = runtime.current()
    told = request.headers.get("Content-Length", "")
    size = int(told) if told.isdecimal() and len(told) < 10 else len(refusal.body)
    delivery = Delivery(account, _address(request), size, refusal.body[:HEAD])
    known = await app.db.read(receivers, account)
    await app.db.write(refuse, delivery, refusal.reason, known, now=app.clock.now())
    log.warning(
        "webhook refused",
        extra={"action": "webhook_refused", "reason": refusal.reason.value},
    )


def _address(request: Request) -> str:
    """Who is connected; what a proxy tells counts only from PROXY_ADDRESSES, and is
    put here by the server (cli/serve.py)."""
    return request.client.host if request.client else ""


def _signer(raw: bytes, signature: str, known: Sequence[Receiver]) -> Receiver:
    """The account whose secret signed these bytes. Raises _TurnedAway."""
    for receiver in known:
        if _signed(raw, signature, receiver):
            return receiver
    raise _TurnedAway(Reason.SIGNATURE, body=raw)


def _signed(raw: bytes, signature: str, receiver: Receiver) -> bool:
    """Whether the account's secret signed these bytes; compared in constant time."""
    secret = runtime.current().clients.opened(receiver.webhook_secret_sealed)
    right = hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest()
    given = signature.strip().lower().encode("utf-8", "replace")
    return bool(secret) and hmac.compare_digest(given, right.encode())
