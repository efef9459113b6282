"""state: the figures in the strip at the top of every page."""

from __future__ import annotations

from typing import TypedDict

from wedding_wa import runtime
from wedding_wa.services.preferences import set_language
from wedding_wa.services.strip import AccountFigures, set_paused, strip
from wedding_wa.state.session import Reader


class StripAccount(TypedDict):
    """One account in the strip. `next_free` is ISO 8601 in UTC, "" for now."""

    key: str
    ready: bool
    paused: bool
    sent: int
    limit: int
    next_free: str
    waiting: int


async def header_values(reader: Reader) -> dict[str, object]:
    """Return the variables of PageState that the strip shows."""
    now = runtime.current()
    figures = await now.db.read(strip, reader.wedding_id, now=now.clock.now())
    return {
        "groom_name": figures.groom_name,
        "bride_name": figures.bride_name,
        "time_zone": figures.time_zone,
        "paused": figures.paused,
        "simulated": now.settings.simulated,
        "strip": [_account(one) for one in figures.accounts],
    }


async def pause_everything(reader: Reader, paused: bool) -> None:
    """Pause or resume all sending of the reader's wedding."""
    now = runtime.current()
    await now.db.write(
        set_paused,
        reader.wedding_id,
        paused,
        user_id=reader.user_id,
        now=now.clock.now(),
    )


async def keep_language(reader: Reader, lang: str) -> None:
    """Remember the reader's language beyond this tab."""
    await runtime.current().db.write(set_language, reader.user_id, lang)


def _account(one: AccountFigures) -> StripAccount:
    return StripAccount(
        key=one.key,
        ready=one.ready,
        paused=one.paused,
        sent=one.sent,
        limit=one.limit,
        next_free=one.next_free.isoformat() if one.next_free else "",
        waiting=one.waiting,
    )
