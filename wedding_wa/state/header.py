"""state: the figures in the strip at the top of every page."""

from __future__ import annotations

from typing import TypedDict

from wedding_wa import runtime
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.pausing import pause_all, resume_all, set_account_paused
from wedding_wa.services.rights import may_control
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.strip import AccountFigures, strip
from wedding_wa.services.users import set_language
from wedding_wa.state.ribbons import ALL, Reader, ribbons


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


async def header_values(who: Viewer, lang: str) -> dict[str, object]:
    """Return the variables of PageState that the strip and the ribbons show."""
    now = runtime.current()
    moment = now.clock.now()
    figures = await now.db.read(strip, who.wedding_id, now=moment)
    waiting = {one.key: one.waiting for one in figures.accounts}
    return {
        "paused": figures.paused,
        "any_paused": figures.paused or any(one.paused for one in figures.accounts),
        "may_control": may_control(who),
        "ribbons": ribbons(figures.notices, waiting, Reader(who, lang, moment)),
        "simulated": now.settings.simulated,
        "unread": figures.unread,
        "strip": [_account(one) for one in figures.accounts],
    }


async def pause_everything(who: Viewer, paused: bool) -> None:
    """Pause or resume all sending of the reader's wedding."""
    now, change = runtime.current(), pause_all if paused else resume_all
    await now.db.write(change, who.wedding_id, now=now.clock.now(), by=who.user_id)


async def go_on(who: Viewer, key: str) -> None:
    """Go on with one account, or with everything. Raises NotFound."""
    if key == ALL:
        await pause_everything(who, paused=False)
        return
    now = runtime.current()
    account_id = await now.db.read(account_id_of, who.wedding_id, key)
    await now.db.write(
        set_account_paused,
        account_id,
        False,
        now=now.clock.now(),
        by=who.user_id,
    )


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
