"""state: the Webhooks page. As on the Queue, the URL says what is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.services.rights import may_control, may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.webhook_again import Again, apply_again, apply_failed_again
from wedding_wa.services.webhook_list import ONLY, Wish
from wedding_wa.services.webhook_views import (
    WebhooksPage,
    event_detail,
    refusal_detail,
    webhooks_page,
)
from wedding_wa.services.weddings import ACCOUNT_KEYS
from wedding_wa.state.asked import address, number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.calm import Calm
from wedding_wa.state.webhook_rows import (
    NOTHING,
    NameView,
    PanelView,
    RowView,
    event_panel,
    event_view,
    name_views,
    refusal_panel,
    refusal_view,
    without_words,
)
from wedding_wa.words import say

ROUTE = "/settings/webhooks"

_EVENT_LONGEST = 80


class WebhooksState(Calm, PageState):
    """What the Webhooks page shows; `account`, `event`, `only`, `opened` mirror the
    URL. An id of a refusal is opened only in the list of refusals."""

    account: str = ""
    event: str = ""
    only: str = ""
    opened: int = 0

    rows: list[RowView] = []
    names: list[NameView] = []
    newer: str = ""
    older: str = ""
    fresh: int = 0
    failed: int = 0
    refused: int = 0
    may_apply: bool = False
    panel: PanelView = NOTHING

    _answered: Wish = Wish()

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    def close(self) -> EventSpec:
        """Close the side panel, keep everything else."""
        left = {k: v for k, v in self._asked_for().items() if k != "open"}
        return rx.redirect(address(ROUTE, left))

    @rx.event(background=True, temporal=True)
    async def apply_again(self, row_id: int) -> None:
        """Apply one stored event once more."""
        if who := await self._who_may_apply():
            app = runtime.current()
            await self._apply(
                apply_again(app.db, app.clients, app.clock, who.wedding_id, int(row_id))
            )

    @rx.event(background=True, temporal=True)
    async def apply_failed(self) -> None:
        """Apply once more all that could not be applied."""
        if who := await self._who_may_apply():
            app = runtime.current()
            await self._apply(
                apply_failed_again(app.db, app.clients, app.clock, who.wedding_id)
            )

    async def _apply(self, work: Awaitable[Again]) -> None:
        """Await it without the tab's lock: it may ask WAHA."""
        lang = self._lang()
        try:
            done = await work
        except WeddingError as error:
            kind, text = "error", say(lang, error.code, **error.params)
        else:
            kind, text = _outcome(lang, done)
        async with self:
            self._tell(kind, text)
            await self._refresh()

    async def _who_may_apply(self) -> Viewer | None:
        async with self:
            return await self._allowed(may_control)

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = self._asked_for(), runtime.current()
        wish, opened = wish_of(asked), number_of(asked.get("open", ""))
        still = self._still and self._answered == wish
        keep = [row["id"] for row in self.rows] if still else []
        page = await app.db.read(webhooks_page, who.wedding_id, wish, keep=keep)
        lang = self._lang(who)
        return {
            "account": wish.account,
            "event": wish.event,
            "only": wish.only,
            "opened": opened,
            "_answered": wish,
            "may_apply": may_control(who),
            **_list_values(page, wish, lang),
            "panel": await _panel(who, wish, opened, lang),
        }


def wish_of(asked: Mapping[str, str]) -> Wish:
    """Read the URL's query; what it cannot mean is left out."""
    account, only = asked.get("account", ""), asked.get("only", "")
    return Wish(
        account=account if account in ACCOUNT_KEYS else "",
        event="" if only == "refused" else asked.get("event", "")[:_EVENT_LONGEST],
        only=only if only in ONLY else "",
        after=asked.get("after", ""),
        before=asked.get("before", ""),
    )


def _outcome(lang: str, done: Again) -> tuple[str, str]:
    if done.failed:
        return "error", say(lang, "webhooks.again.failed", n=done.failed)
    return "success", say(lang, "webhooks.again.done", n=done.applied)


def _list_values(page: WebhooksPage, wish: Wish, lang: str) -> dict[str, object]:
    rows = [event_view(row, lang) for row in page.events]
    rows += [refusal_view(row) for row in page.refusals]
    return {
        "rows": rows,
        "names": name_views(page.names, wish.event),
        "newer": page.newer,
        "older": page.older,
        "fresh": page.fresh,
        "failed": page.failed,
        "refused": page.refused,
    }


async def _panel(who: Viewer, wish: Wish, opened: int, lang: str) -> PanelView:
    panel = await _whole_panel(who.wedding_id, wish, opened, lang)
    return panel if may_manage(who) or not panel["id"] else without_words(panel)


async def _whole_panel(
    wedding_id: int, wish: Wish, opened: int, lang: str
) -> PanelView:
    if not opened:
        return NOTHING
    db = runtime.current().db
    if wish.only == "refused":
        refusal = await db.read(refusal_detail, wedding_id, opened)
        return refusal_panel(refusal) if refusal else NOTHING
    event = await db.read(event_detail, wedding_id, opened)
    return event_panel(event, lang) if event else NOTHING
