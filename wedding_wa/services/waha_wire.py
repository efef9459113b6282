"""services: HTTP calls to WAHA, each answered or judged.

`Wire` is the connection, `WahaCalls` what the parts of the client share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from wedding_wa.domain.errors import Unreachable
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha_answers import ServerVersion, body_of, read_version
from wedding_wa.services.waha_config import WahaConfig
from wedding_wa.services.waha_errors import judge_answer, judge_transport, unreadable

# httpx writes every URL at INFO, and WAHA's URLs hold the guests' phone numbers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

CONNECT_S = 5.0
POOL_S = 5.0
WRITE_S = 10.0
#: WAHA itself waits up to 10 s for a session to reach the status a call needs.
READ_S = 15.0
#: Stop, log out and a changed config take 3-4 s, and WAHA lets a session's command
#: wait 5 s for the one before and run for 30 s.
COMMAND_READ_S = 40.0
#: WAHA was seen to answer a send after 240 s, when WhatsApp was slow (2 x 120 s).
SEND_READ_S = 300.0

# Node closes an idle connection after 5 s. A request written in just that moment is
# lost as "maybe sent", so we drop idle connections well before.
_KEEPALIVE_S = 2.0
#: A WAHA can be replaced by another version under our feet: look again after this.
VERSION_TRUSTED_S = 600.0

#: Bytes of the largest answer that is read; a hundred long messages are far smaller.
LARGEST = 32_000_000

_PAGE = 100
_T = TypeVar("_T")
_LIMITS = httpx.Limits(max_connections=10, keepalive_expiry=_KEEPALIVE_S)


class Wire:
    """The pooled connection of one account to its WAHA."""

    def __init__(
        self,
        config: WahaConfig,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        key = {"X-Api-Key": config.api_key} if config.api_key else {}
        self._http = httpx.AsyncClient(
            base_url=config.url,
            headers={"Accept": "application/json", **key},
            limits=_LIMITS,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        action: str,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: dict[str, str | int] | None = None,
        accept: str | None = None,
        read_s: float = READ_S,
        sending: bool = False,
    ) -> httpx.Response:
        """Return a 2xx answer; raise the `WahaError` that anything else means.

        `action` names the call in errors, since the path holds phone numbers.
        `sending` marks the one call whose loss may leave a message on its way.
        """
        timeout = httpx.Timeout(
            connect=CONNECT_S, pool=POOL_S, write=WRITE_S, read=read_s
        )
        headers = {"Accept": accept} if accept else None
        request = self._http.build_request(
            method, path, json=json, params=params, headers=headers, timeout=timeout
        )
        try:
            answer = await self._answered(request, read_s)
        except httpx.RequestError as error:
            raise judge_transport(error, action=action, sending=sending) from error
        if answer.is_success:
            return answer
        raise judge_answer(
            answer, action=action, sending=sending, now=self._clock.now()
        )

    async def _answered(self, request: httpx.Request, read_s: float) -> httpx.Response:
        """The whole answer. One that drips, or that never ends, is a lost one: httpx's
        own time-outs only bound each piece of it."""
        try:
            async with asyncio.timeout(CONNECT_S + POOL_S + WRITE_S + 2 * read_s):
                answer = await self._http.send(request, stream=True)
                try:
                    return await _read_whole(answer)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise httpx.ReadTimeout("it never came to an end") from None


async def _read_whole(answer: httpx.Response) -> httpx.Response:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise httpx.ReadError("more than any answer of WAHA's")
    packing = ("content-encoding", "content-length", "transfer-encoding")
    plain = {k: v for k, v in answer.headers.items() if k not in packing}
    return httpx.Response(
        answer.status_code, headers=plain, content=bytes(body), request=answer.request
    )


class WahaCalls:
    """What the parts of the client share: calls by name, paths, readable answers."""

    def __init__(
        self,
        config: WahaConfig,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.config = config
        self._clock = clock
        self._wire = Wire(config, clock=clock, transport=transport)
        self._version: ServerVersion | None = None
        self._version_at = 0.0

    async def aclose(self) -> None:
        """Close the connections. Calls under way fail as a lost answer does."""
        await self._wire.aclose()

    async def version(self) -> ServerVersion:
        """Ask which WAHA this is. Needs the key, so it proves that too."""
        answer = await self._get("version", "/api/server/version")
        self._version = self._read("version", answer, read_version)
        self._version_at = self._clock.monotonic()
        return self._version

    async def _known_version(self) -> ServerVersion:
        """The version, asked again after a while and after WAHA was away."""
        age = self._clock.monotonic() - self._version_at
        if self._version is None or age > VERSION_TRUSTED_S:
            return await self.version()
        return self._version

    async def _get(
        self,
        action: str,
        path: str,
        params: dict[str, str | int] | None = None,
        *,
        accept: str | None = None,
    ) -> httpx.Response:
        return await self._call(action, "GET", path, params=params, accept=accept)

    async def _post(
        self, action: str, path: str, body: dict[str, Any]
    ) -> httpx.Response:
        return await self._call(action, "POST", path, json=body)

    async def _call(
        self, action: str, method: str, path: str, **how: Any
    ) -> httpx.Response:
        try:
            return await self._wire.call(action, method, path, **how)
        except Unreachable:
            self._version = None  # what comes back may be another WAHA
            raise

    async def _pages(
        self,
        action: str,
        path: str,
        asked: dict[str, str | int],
        *,
        limit: int,
        read: Callable[[object], _T | None],
        wanted: Callable[[_T], bool] = lambda _: True,
    ) -> list[_T]:
        """Collect the wanted entries of a list, newest first, over as many pages as
        `limit` needs. A page that is not full is not the last one (WAHA leaves out
        entries that it cannot show); an empty one, or one with nothing wanted, is."""
        found: list[_T] = []
        for offset in range(0, limit, _PAGE):
            window = {"limit": min(_PAGE, limit - offset), "offset": offset}
            answer = await self._get(action, path, {**asked, **window})
            page = body_of(answer)
            if not isinstance(page, list):
                raise unreadable(action, answer, sending=False)
            entries = [entry for one in page if (entry := read(one)) is not None]
            found += (fresh := [entry for entry in entries if wanted(entry)])
            if not fresh:
                break
        return found

    def _read(
        self,
        action: str,
        answer: httpx.Response,
        read: Callable[[object], _T | None],
    ) -> _T:
        """Return what `read` makes of the answer's JSON; `NotSent` where nothing."""
        value = read(body_of(answer))
        if value is None:
            raise unreadable(action, answer, sending=False)
        return value

    def _session_path(self, command: str = "") -> str:
        return f"/api/sessions/{self.config.session}{command}"

    def _path(self, *parts: str) -> str:
        """Return a path of this session; `@` and everything odd is escaped."""
        escaped = "/".join(quote(part, safe="") for part in parts)
        return f"/api/{self.config.session}/{escaped}"
