"""state: the messages of which nobody knows: what was seen, and a person's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import Conflict, Refused
from wedding_wa.services import queue
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.unconfirmed import (
    ids_in_doubt,
    settle_now,
    unconfirmed_page,
)
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.queue_views import Speech
from wedding_wa.state.session import viewer
from wedding_wa.state.unconfirmed_views import DoubtView, doubt_view
from wedding_wa.words import say


class UnconfirmedState(PageState):
    """What the page shows. `busy`: somebody here has asked for a look."""

    rows: list[DoubtView] = []
    total: int = 0
    busy: bool = False
    may_decide: bool = False

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date."""
        return await self._follow()

    @rx.event(background=True, temporal=True)
    async def look_again(self) -> None:
        """Look at what is shown now; beside all else, because WAHA may be slow."""
        if not (who := await viewer(self)) or not may_send(who):
            return
        async with self:
            if self.busy:
                return
            self.busy = True
            shown = [row["id"] for row in self.rows]
        text = ""
        try:
            text = await _look(who, shown, self._lang(who))
        finally:
            async with self:
                self.busy = False
                if text:
                    self._tell("info", text)

    @rx.event(temporal=True)
    async def was_sent(self, message_id: int) -> None:
        """A person has seen it in the chat."""
        await self._decide(queue.declare_sent, message_id, done="unconfirmed.sent.done")

    @rx.event(temporal=True)
    async def send_again(self, message_id: int) -> None:
        """A person has seen that it is not in the chat."""
        await self._decide(queue.send_again, message_id, done="unconfirmed.again.done")

    async def _decide(
        self, decide: Callable[..., None], message_id: int, *, done: str
    ) -> None:
        if not (who := await self._allowed(may_send)):
            return
        app = runtime.current()
        work = app.db.write(
            decide,
            who.wedding_id,
            int(message_id),
            by=who.user_id,
            now=app.clock.now(),
        )
        await self._do(_with_reason(work), done=done)
        await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        app = runtime.current()
        found = await app.db.read(unconfirmed_page, who.wedding_id)
        zone = ZoneInfo(who.time_zone)
        speech = Speech(self._lang(who), zone, app.clock.now())
        return {
            "rows": [doubt_view(row, speech) for row in found.rows],
            "total": found.total,
            "may_decide": may_send(who),
        }


async def _look(who: Viewer, shown: list[int], lang: str) -> str:
    """Look for evidence of these; return what came of it, as a sentence."""
    app = runtime.current()
    ids = await app.db.read(ids_in_doubt, who.wedding_id, shown)
    after = timedelta(seconds=app.settings.settle_after_seconds)
    done = await settle_now(
        app.db, app.clients, app.clock, settle_after=after, message_ids=ids
    )
    if not done.settled:
        return say(lang, "unconfirmed.look.nothing")
    return say(lang, "unconfirmed.look.done", n=done.settled)


async def _with_reason(work: Awaitable[None]) -> None:
    """A refusal here has two reasons, and the reader is told both."""
    try:
        await work
    except Conflict:
        raise Refused("unconfirmed.conflict") from None
