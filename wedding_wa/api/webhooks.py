"""api: POST /api/webhooks/waha/{account}: what WAHA tells us.

The signature is the whole proof: HMAC-SHA512 over the raw bytes with the account's own
secret. Headers are not signed and so never believed, an event's age is no reason to
refuse it, and the same event again is answered like the first time.
"""

from __future__ import annotations

import hashlib
import hmac
import logging

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from wedding_wa import runtime
from wedding_wa.api.errors import problem
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.webhook_log import Receiver, receivers, store

router = APIRouter()

LARGEST = 1_000_000
SIGNATURE = "X-Webhook-Hmac"

_log = logging.getLogger(__name__)


@router.post("/api/webhooks/waha/{account}")
async def receive(request: Request, account: str) -> Response:
    """Store the event and answer; it is applied once the answer is on its way.

    200 for every event signed rightly, repeats and what we cannot read among them:
    anything else makes WAHA send it again, up to half an hour long.
    """
    app = runtime.current()
    known = await app.db.read(receivers, account)
    if not known:
        return problem(request, 404, "account.error.unknown")
    signature = request.headers.get(SIGNATURE, "")
    raw = await _body(request) if signature else b""
    if raw is None:
        return problem(request, 413, "error.too_large")
    receiver = next((one for one in known if _signed(raw, signature, one)), None)
    if receiver is None:
        _log.warning(
            "webhook refused",
            extra={"action": "webhook_refused", "account": account},
        )
        return problem(request, 401, "account.error.signature")
    new = await app.db.write(
        store,
        wedding_id=receiver.wedding_id,
        account_id=receiver.account_id,
        raw=raw,
        now=app.clock.now(),
    )
    return JSONResponse({"stored": new}, background=_applying(receiver))


def _applying(receiver: Receiver) -> BackgroundTask:
    app = runtime.current()
    return BackgroundTask(
        apply_open_events, app.db, app.clients, receiver.account_id, app.clock
    )


async def _body(request: Request) -> bytes | None:
    """Read the body; None as soon as it is too large, told or not."""
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) > LARGEST:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                return None
    except ClientDisconnect:
        return b""  # nobody is left to hear the answer
    return bytes(body)


def _signed(raw: bytes, signature: str, receiver: Receiver) -> bool:
    """Whether the account's secret signed these bytes; compared in constant time."""
    secret = runtime.current().clients.opened(receiver.webhook_secret_sealed)
    right = hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest()
    given = signature.strip().lower().encode("utf-8", "replace")
    return bool(secret) and hmac.compare_digest(given, right.encode())
