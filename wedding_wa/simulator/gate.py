"""simulator: the door in front of WAHA's paths: faults first, then the key."""

from __future__ import annotations

import asyncio
import json
import math
import urllib.parse
from typing import Any

from wedding_wa.simulator import answers
from wedding_wa.simulator.faults import Fault, Mode
from wedding_wa.simulator.protocol import ABORT, App, Message, Receive, Scope, Send
from wedding_wa.simulator.world import World

Json = dict[str, Any]

_OUTSIDE = ("/__world", "/phone")  # the world and its phones: no key, no fault
_NOT_A_SESSION = {"sessions", "server", "contacts", "screenshot", "messages", "version"}
_RETRY_AFTER_S = 5.0
_POLICY = 1008  # a websocket's close code


class Gate:
    """ASGI middleware around the whole simulator."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self._world = world

    def let_go(self) -> None:
        """End what would keep the server from stopping: hanging requests, feeds."""
        self._world.closing.set()
        self._world.faults.clear()
        self._world.events.feeds.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] = scope["path"].rstrip("/") or "/"
        try:
            if path.startswith(_OUTSIDE):
                await self._app(scope, receive, send)
            elif self._world.faults.any_on_requests():
                await self._through_faults(scope, receive, send)
            else:
                await self._with_key(scope, receive, send)
        except asyncio.CancelledError:
            if not self._world.closing.is_set():
                raise
            await _abort(scope)  # the simulator goes away under the request

    async def _with_key(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _needs_key(scope["path"]) and not self._key_fits(scope):
            await _say(send, 401, answers.unauthorized())
            return
        await self._app(scope, receive, send)

    def _key_fits(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        told = headers.get(b"x-api-key", b"").decode("latin-1")
        query = urllib.parse.parse_qs(scope["query_string"].decode("latin-1"))
        told = told or query.get("x-api-key", [""])[0]
        return bool(told == self._world.config.api_key)

    # --- faults ------------------------------------------------------------------

    async def _through_faults(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, replay = await _whole_body(receive)
        session = _session_of(scope, body)
        for fault in self._world.faults.take_on_request(
            path=scope["path"], session=session
        ):
            if fault.mode is Mode.SLOW:
                await asyncio.sleep(fault.delay_s or 0)
                continue
            await self._strike(fault, scope, replay, send, session)
            return
        await self._with_key(scope, replay, send)

    async def _strike(
        self,
        fault: Fault,
        scope: Scope,
        receive: Receive,
        send: Send,
        session: str | None,
    ) -> None:
        match fault.mode:
            case Mode.REFUSE:
                await _abort(scope)
            case Mode.HANG:
                await _hang(fault, receive)
                await _abort(scope)
            case Mode.LOST:
                await self._with_key(scope, receive, _swallow)
                await _abort(scope)
            case _:
                await asyncio.sleep(fault.delay_s or 0)
                headers = [(b"retry-after", _retry_after(fault))]
                too_many = fault.mode is Mode.TOO_MANY
                status = int(fault.mode.value)
                told = fault.body or _fault_body(status, scope, session)
                await _say(send, status, told, headers if too_many else [])

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = self._world.faults
        struck = faults.take_on_request(path=scope["path"], session=None)
        for fault in struck:
            if fault.mode is Mode.SLOW:
                await asyncio.sleep(fault.delay_s or 0)
                continue
            await receive()
            if fault.mode.value.isdecimal():
                await _deny(send, int(fault.mode.value))
            else:
                await _abort(scope)
            return
        if not self._key_fits(scope):
            await receive()
            await _turn_away(send)
            return
        await self._app(scope, receive, send)


def _needs_key(path: str) -> bool:
    return path == "/health" or path.startswith("/api/") or path == "/api"


def _session_of(scope: Scope, body: bytes) -> str | None:
    """Return the session that a request names: in its path, query or body."""
    parts = scope["path"].split("/")
    if parts[1:3] == ["api", "sessions"]:
        return str(parts[3]) if len(parts) > 3 else None
    if len(parts) > 3 and parts[1] == "api" and parts[2] not in _NOT_A_SESSION:
        return str(parts[2])
    query = urllib.parse.parse_qs(scope["query_string"].decode("latin-1"))
    if "session" in query:
        return str(query["session"][0])
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return None
    name = told.get("session") if isinstance(told, dict) else None
    return name if isinstance(name, str) else None


def _fault_body(status: int, scope: Scope, session: str | None) -> Json:
    """Return the body WAHA gives with `status`.

    Its 422 on a send is always the one about the session's status, in the instant
    in which the line to WhatsApp dropped.
    """
    match status:
        case 401:
            return answers.unauthorized()
        case 422:
            return answers.mismatch(session or "default", "STARTING", ["WORKING"]).body
        case 429:
            return {"message": "Too Many Requests", "statusCode": 429}
        case _:
            return _closed_connection(scope)


def _closed_connection(scope: Scope) -> Json:
    asked = {"path": scope["path"], "method": scope["method"], "body": {}, "query": {}}
    return answers.engine_failure_body(answers.ConnectionClosed(), asked)


def _retry_after(fault: Fault) -> bytes:
    """Return whole seconds, of `delay_ms` where the order told it."""
    seconds = _RETRY_AFTER_S if fault.delay_s is None else fault.delay_s
    return str(math.ceil(seconds)).encode()


# --- small ASGI ------------------------------------------------------------------


async def _whole_body(receive: Receive) -> tuple[bytes, Receive]:
    """Read the body; return it and a `receive` that gives it again."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, replay


async def _hang(fault: Fault, receive: Receive) -> None:
    """Wait until the fault ends or the client has gone."""
    await receive()  # the body

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    leaving = asyncio.ensure_future(gone())
    ending = asyncio.ensure_future(fault.ended.wait())
    left = None if fault.seconds is None else fault.told()["seconds_left"]
    try:
        await asyncio.wait(
            {leaving, ending}, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        leaving.cancel()
        ending.cancel()


async def _abort(scope: Scope) -> None:
    """Close the connection without a word, and let the server notice."""
    scope["extensions"][ABORT]["call"]()
    for _ in range(3):
        await asyncio.sleep(0)


async def _swallow(_message: Message) -> None:
    """Send nothing of an answer."""


async def _say(
    send: Send,
    status: int,
    body: Json,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    raw = answers.dump(body)
    told = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(raw)).encode()),
        *(headers or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": raw})


async def _deny(send: Send, status: int) -> None:
    """Answer the handshake with an HTTP status, as a proxy in front does."""
    start = {"type": "websocket.http.response.start", "status": status, "headers": []}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})


async def _turn_away(send: Send) -> None:
    """As WAHA does it: the line opens, and closes at once with the reason."""
    await send({"type": "websocket.accept"})
    told = {"type": "websocket.close", "code": _POLICY, "reason": "Unauthorized"}
    await send(told)
