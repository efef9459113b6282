"""simulator: webhooks, signed, retried in memory, never in the way of the API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from wedding_wa.simulator import ids
from wedding_wa.simulator.answers import dump
from wedding_wa.simulator.config import VERSION
from wedding_wa.simulator.faults import Mode

if TYPE_CHECKING:
    from wedding_wa.simulator.sessions import Session
    from wedding_wa.simulator.world import World

Json = dict[str, Any]

log = logging.getLogger(__name__)

_NOT_IN_STAR = {"state.change", "engine.event"}


def signature(key: str, raw: bytes) -> str:
    """Return HMAC-SHA512 of the raw body, in hex."""
    return hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()


def wanted(hook: Json, event: str) -> bool:
    events = hook.get("events") or []
    return event in events or ("*" in events and event not in _NOT_IN_STAR)


@dataclass(frozen=True)
class Retries:
    """WAHA's retry policy: `attempts` more tries after the first."""

    policy: str = "constant"
    delay: float = 2.0
    attempts: int = 15

    @classmethod
    def of(cls, hook: Json) -> Retries:
        told = {k: v for k, v in (hook.get("retries") or {}).items() if v is not None}
        return cls(
            policy=told.get("policy", cls.policy),
            delay=float(told.get("delaySeconds", cls.delay)),
            attempts=int(told.get("attempts", cls.attempts)),
        )

    def wait(self, tries: int) -> float:
        """Return the seconds to wait after `tries` tries (1 or more)."""
        if self.policy == "linear":
            return self.delay * tries
        if self.policy == "exponential":
            return self.delay * 2.0 ** (tries - 1)
        return self.delay


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one url; bytes and headers stay over the retries."""

    url: str
    raw: bytes
    headers: list[tuple[str, str]]
    retries: Retries

    @classmethod
    def of(cls, hook: Json, envelope: Json, request_id: str) -> Delivery:
        raw = dump(envelope)
        headers = [
            ("Accept", "application/json, text/plain, */*"),
            ("Content-Type", "application/json"),
            ("User-Agent", f"WAHA/{VERSION}"),
        ]
        customs = hook.get("customHeaders") or []
        headers.extend((custom["name"], custom["value"]) for custom in customs)
        headers.append(("X-Webhook-Request-Id", request_id))
        headers.append(("X-Webhook-Timestamp", str(envelope["timestamp"])))
        key = (hook.get("hmac") or {}).get("key")
        if key:
            headers.append(("X-Webhook-Hmac", signature(key, raw)))
            headers.append(("X-Webhook-Hmac-Algorithm", "sha512"))
        return cls(hook["url"], raw, headers, Retries.of(hook))


class Webhooks:
    """Posts events; each on a task of its own, so none waits for another."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client: httpx.AsyncClient | None = None
        self._shuffled: list[Delivery] = []

    def post(self, session: Session, envelope: Json) -> None:
        """Send the event to every webhook of the session that wants it."""
        for hook in (session.config or {}).get("webhooks") or []:
            if wanted(hook, envelope["event"]):
                request_id = ids.request_id(self._world.pace.rng)
                self._send(session.name, Delivery.of(hook, envelope, request_id))

    def _send(self, session: str, delivery: Delivery) -> None:
        faults, spawn = self._world.faults, self._world.spawn
        if faults.take(Mode.DROP_WEBHOOK, session=session):
            return
        copies = 2 if faults.take(Mode.DUP_WEBHOOK, session=session) else 1
        shuffle = faults.take(Mode.SHUFFLE_WEBHOOK, session=session)
        for _ in range(copies):
            if shuffle:
                self._collect(delivery, shuffle.delay_s)
            else:
                spawn(self._deliver(delivery))

    def _collect(self, delivery: Delivery, window: float | None) -> None:
        self._shuffled.append(delivery)
        if len(self._shuffled) == 1:
            pace, timings = self._world.pace, self._world.config.timings
            seconds = pace.real(timings.shuffle) if window is None else window
            self._world.spawn(self._deliver_backwards(seconds))

    async def _deliver_backwards(self, window: float) -> None:
        """Deliver what came in `window` seconds, last first: surely out of order."""
        await asyncio.sleep(window)
        shuffled, self._shuffled = self._shuffled, []
        for delivery in reversed(shuffled):
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        for tries in range(1, delivery.retries.attempts + 2):
            asked_to_wait = await self._try(delivery)
            if asked_to_wait is None:
                return
            if tries <= delivery.retries.attempts:
                await self._world.pace.wait(
                    asked_to_wait or delivery.retries.wait(tries)
                )
        log.warning("A webhook was given up", extra={"action": "webhook_given_up"})

    async def _try(self, delivery: Delivery) -> float | None:
        """Post once; None when taken, else the Retry-After in seconds (0: none)."""
        try:
            answer = await self._pool().post(
                delivery.url, content=delivery.raw, headers=delivery.headers
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return 0.0
        if answer.is_success:
            return None
        try:
            return float(answer.headers.get("Retry-After", 0))
        except ValueError:
            return 0.0

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            # As WAHA: no time-out, no check of certificates; and no proxy between.
            self._client = httpx.AsyncClient(
                timeout=None,  # noqa: S113
                verify=False,  # noqa: S501
                trust_env=False,
                # Each request looks at every connection that was kept.
                limits=httpx.Limits(max_connections=200, max_keepalive_connections=8),
            )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
