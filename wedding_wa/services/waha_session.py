"""services: the WAHA client's part for the server and the session.

Commands to a session go one at a time: WAHA lets a second one wait for 5 s and then
answers 500.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from wedding_wa.domain.errors import NotSent, SessionMissing, WahaError
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha_answers import (
    Qr,
    SessionInfo,
    body_of,
    read_png,
    read_session,
)
from wedding_wa.services.waha_config import SessionConfig, WahaConfig
from wedding_wa.services.waha_errors import unreadable
from wedding_wa.services.waha_messages import dict_of, text_of
from wedding_wa.services.waha_wire import COMMAND_READ_S, WahaCalls


class SessionCalls(WahaCalls):
    """Is WAHA there, is the session right, who is logged in."""

    def __init__(
        self,
        config: WahaConfig,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(config, clock=clock, transport=transport)
        self._one_command = asyncio.Lock()
        self._accepted: tuple[SessionConfig, dict[str, Any] | None] | None = None

    async def ping(self) -> None:
        """Raise unless a WAHA answers. Says nothing of key, session or WhatsApp."""
        answer = await self._get("ping", "/ping")
        if "message" not in dict_of(body_of(answer)):
            raise unreadable("ping", answer, sending=False)

    async def session(self) -> SessionInfo:
        """Return the session as WAHA sees it now; `SessionMissing` where it is not."""
        answer = await self._get("session", self._session_path())
        return self._read("session", answer, read_session)

    async def ensure_session(self, wanted: SessionConfig) -> bool:
        """Make the session exist with what we need in its config. True when changed.

        A change restarts a running session (3 s), so it is made only where what we
        set differs; foreign webhooks and unknown config keys stay. A session that
        does not exist is created and started.
        """
        async with self._one_command:
            try:
                info = await self.session()
            except SessionMissing as missing:
                if missing.http_status != 404:
                    raise  # a name that this WAHA will never accept
                return await self._create(wanted)
            engine = info.engine or (await self._known_version()).engine
            if wanted.fits(info.config, engine=engine):
                return False
            if self._accepted == (wanted, info.config):
                return False  # WAHA shows our config otherwise than it took it
            await self._configure(wanted, info.config, engine=engine)
            return True

    async def start(self, *, revive: bool = True) -> None:
        """Start the session; a running one is left alone. `revive`: one that turns out
        to have FAILED is restarted."""
        async with self._one_command:
            try:
                status = await self._command("start")
            except NotSent as error:
                if error.params.get("reason") != "already_started":
                    raise
                status = (await self.session()).status
            if status == "FAILED" and revive:
                await self._command("restart")

    async def stop(self) -> None:
        """Stop the session; it stays linked to the phone."""
        async with self._one_command:
            await self._command("stop")

    async def restart(self) -> None:
        """Stop and start: the way to new QR codes once they have run out."""
        async with self._one_command:
            await self._command("restart")

    async def logout(self) -> None:
        """Unlink from the phone and forget the login; the config stays."""
        async with self._one_command:
            await self._command("logout")

    async def qr(self) -> Qr:
        """Return the code to scan. `SessionNotReady` unless in SCAN_QR_CODE, and that
        only after WAHA has waited 5-10 s: ask `session` first."""
        path = self._path("auth", "qr")
        answer = await self._get("qr", path, {"format": "image"}, accept="image/png")
        png = read_png(answer)
        if png is None:
            raise unreadable("qr", answer, sending=False)
        try:
            raw = await self._get("qr", path, {"format": "raw"})
        except WahaError:
            return Qr(png)  # scanned meanwhile, or an engine that has only pictures
        return Qr(png, text_of(dict_of(body_of(raw)).get("value")))

    async def request_code(self, phone_digits: str) -> str:
        """Ask for a pairing code to type on the phone, like `X93M-C2CJ`."""
        path = self._path("auth", "request-code")
        answer = await self._post("request_code", path, {"phoneNumber": phone_digits})
        return self._read(
            "request_code", answer, lambda body: text_of(dict_of(body).get("code"))
        )

    async def _command(self, name: str) -> str | None:
        """Give a command and return the status WAHA names in its answer, if any."""
        path = self._session_path(f"/{name}")
        answer = await self._call(name, "POST", path, read_s=COMMAND_READ_S)
        info = read_session(body_of(answer))
        return info.status if info else None

    async def _create(self, wanted: SessionConfig) -> bool:
        """Create and start. Without `start` WAHA 2026.4.1 says 201 and creates none."""
        engine = (await self._known_version()).engine
        config = wanted.merged_into(None, engine=engine)
        body = {"name": self.config.session, "start": True, "config": config}
        try:
            await self._call(
                "create", "POST", "/api/sessions", json=body, read_s=COMMAND_READ_S
            )
        except NotSent as error:
            if error.params.get("reason") != "already_exists":
                raise
            await self._configure(wanted, None, engine=engine)
        return True

    async def _configure(
        self, wanted: SessionConfig, present: dict[str, Any] | None, *, engine: str
    ) -> None:
        """Replace the config, remembering what WAHA makes of it: a WAHA that showed
        it otherwise (a masked key, say) would else be restarted at every look."""
        config = wanted.merged_into(present, engine=engine)
        answer = await self._call(
            "configure",
            "PUT",
            self._session_path(),
            json={"config": config},
            read_s=COMMAND_READ_S,
        )
        info = read_session(body_of(answer))
        self._accepted = (wanted, info.config if info else config)
