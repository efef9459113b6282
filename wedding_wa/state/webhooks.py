"""state: the Webhooks page. As on the Queue, the URL says what is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from urllib.parse import urlencode

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.services.apikeys import SCOPES_OF_ROLE, Scope
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
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
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
)
from wedding_wa.words import say

ROUTE = "/settings/webhooks"

_EVENT_LONGEST = 80


class WebhooksState(PageState):
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

    # While somebody points at the list, its rows stay the ones that they are.
    _still: bool = False
    _answered: Wish = Wish()

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    async def hold(self, still: bool) -> None:
        """The pointer rests on the list (`still`), or has left it."""
        self._still = still is True
        if not self._still:
            await self._refresh()

    @rx.event
    def close(self) -> EventSpec:
        """Close the side panel, keep everything else."""
        left = {k: v for k, v in self._asked_for().items() if k != "open"}
        return rx.redirect(f"{ROUTE}?{urlencode(left)}" if left else ROUTE)

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
        who = await viewer(self)
        if who and not _may_apply(who):
            async with self:
                self._tell("error", say(self._lang(who), "error.not_allowed"))
            return None
        return who

    def _asked_for(self) -> dict[str, str]:
        return dict(self.router.url.query_parameters)

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = self._asked_for(), runtime.current()
        wish, opened = wish_of(asked), _opened(asked)
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
            "may_apply": _may_apply(who),
            **_list_values(page, wish, lang),
            "panel": await _panel(who.wedding_id, wish, opened, lang),
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


def _opened(asked: Mapping[str, str]) -> int:
    number = asked.get("open", "")
    return int(number) if number.isascii() and number.isdigit() else 0


def _may_apply(who: Viewer) -> bool:
    return Scope.CONTROL in SCOPES_OF_ROLE[who.role]


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


async def _panel(wedding_id: int, wish: Wish, opened: int, lang: str) -> PanelView:
    if not opened:
        return NOTHING
    db = runtime.current().db
    if wish.only == "refused":
        refusal = await db.read(refusal_detail, wedding_id, opened)
        return refusal_panel(refusal) if refusal else NOTHING
    event = await db.read(event_detail, wedding_id, opened)
    return event_panel(event, lang) if event else NOTHING
