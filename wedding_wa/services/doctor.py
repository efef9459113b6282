"""services: the doctor: one finding a check, each with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx
import sqlalchemy as sa

from wedding_wa.domain.errors import BadInput, BadKey, SessionMissing, WahaError
from wedding_wa.services import migrations
from wedding_wa.services.accounts import WahaPlace
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import WahaClient, WahaConfig

_TIMEOUT_SECONDS = 5.0
_CLOCK_OFF_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `check` and `remedy` are keys of the words topic `doctor`."""

    check: str
    ok: bool
    remedy: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


async def examine(
    engine: sa.Engine,
    places: Mapping[str, WahaPlace | None],
    *,
    webhook_base: str,
    clock: Clock,
) -> list[Finding]:
    """Check everything from the settings outwards; a fault hides no later check."""
    findings = [Finding("settings", ok=True), *_database(engine)]
    for account, place in places.items():
        if place is None:
            findings.append(
                Finding("waha", False, "not_configured", {"account": account})
            )
        else:
            findings += await _waha(account, place, clock)
    findings.append(await _webhook(webhook_base))
    return findings


def _database(engine: sa.Engine) -> list[Finding]:
    kind = {"kind": engine.dialect.name}
    try:
        current = migrations.is_current(engine)
    except sa.exc.SQLAlchemyError:
        return [Finding("database", False, "database", kind)]
    return [
        Finding("database", True, params=kind),
        Finding("migrations", current, "migrations"),
    ]


async def _waha(account: str, place: WahaPlace, clock: Clock) -> list[Finding]:
    facts: dict[str, object] = {"account": account, "url": place.url}
    try:
        config = WahaConfig(place.url, place.api_key, place.session)
    except BadInput:
        return [Finding("waha", False, "waha_settings", facts)]
    told = await _ping(place.url)
    if told is None:
        return [Finding("waha", False, "waha_unreachable", facts)]
    findings = [Finding("waha", True, params=facts), _clock(account, told, clock)]
    client = WahaClient(config, clock=clock)
    try:
        findings += await _session(client, facts | {"session": place.session})
    finally:
        await client.aclose()
    return findings


async def _session(client: WahaClient, facts: dict[str, object]) -> list[Finding]:
    try:
        version = await client.version()
    except BadKey:
        return [Finding("key", False, "bad_key", facts)]
    except WahaError:
        return [Finding("version", False, "waha_unreachable", facts)]
    facts |= {"version": version.version, "engine": version.engine}
    findings = [Finding("key", True, params=facts), Finding("version", True, "", facts)]
    try:
        info = await client.session()
    except SessionMissing:
        return [*findings, Finding("session", False, "session_missing", facts)]
    except WahaError:
        return [*findings, Finding("session", False, "waha_unreachable", facts)]
    return [*findings, Finding("session", True, params=facts | {"status": info.status})]


async def _ping(url: str) -> httpx.Response | None:
    try:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, trust_env=False
        ) as client:
            return await client.get(f"{url}/ping")
    except httpx.HTTPError:
        return None


def _clock(account: str, told: httpx.Response, clock: Clock) -> Finding:
    """Leases, limits and evidence compare times: both clocks must agree."""
    theirs = _date(told)
    off = abs((clock.now() - theirs).total_seconds()) if theirs else 0.0
    facts = {"account": account, "seconds": round(off)}
    return Finding("clock", off <= _CLOCK_OFF_SECONDS, "clock", facts)


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        return None


async def _webhook(base: str) -> Finding:
    """From here only: whether WAHA's own network reaches it, its events will show."""
    facts = {"url": base}
    try:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, trust_env=False
        ) as client:
            answer = await client.get(f"{base}/api/health")
    except httpx.HTTPError:
        return Finding("webhook", False, "webhook_unreachable", facts)
    ours = answer.status_code in (200, 503) and "status" in answer.text
    return Finding("webhook", ours, "webhook_not_ours", facts)
