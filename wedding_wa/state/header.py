"""state: the figures in the strip at the top of every page."""

from __future__ import annotations

from typing import TypedDict

from wedding_wa import runtime
from wedding_wa.services.pausing import pause_all, resume_all
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.strip import AccountFigures, strip
from wedding_wa.services.users import set_language


class StripAccount(TypedDict):
    """One account in the strip. Times are ISO 8601 in UTC, "" for none."""

    key: str
    ready: bool
    paused: bool
    sent: int
    limit: int
    next_free: str
    waiting: int
    done_at: str


async def header_values(who: Viewer) -> dict[str, object]:
    """Return the variables of PageState that the strip shows."""
    now = runtime.current()
    figures = await now.db.read(strip, who.wedding_id, now=now.clock.now())
    return {
        "paused": figures.paused,
        "simulated": now.settings.simulated,
        "unread": figures.unread,
        "strip": [_account(one) for one in figures.accounts],
    }


async def pause_everything(who: Viewer, paused: bool) -> None:
    """Pause or resume all sending of the reader's wedding."""
    now, change = runtime.current(), pause_all if paused else resume_all
    await now.db.write(change, who.wedding_id, now=now.clock.now(), user_id=who.user_id)


async def keep_language(who: Viewer, lang: str) -> None:
    """Remember the reader's language beyond this tab."""
    await runtime.current().db.write(set_language, who.user_id, lang)


def _account(one: AccountFigures) -> StripAccount:
    return StripAccount(
        key=one.key,
        ready=one.ready,
        paused=one.paused,
        sent=one.sent,
        limit=one.limit,
        next_free=one.next_free.isoformat() if one.next_free else "",
        waiting=one.waiting,
        done_at=one.done_at.isoformat() if one.done_at else "",
    )
