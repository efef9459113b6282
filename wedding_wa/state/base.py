"""state: what every page has: the reader, the header strip, toasts, the live loop.

A page's state is a subclass that says what it shows; everything else is here:

    class QueueState(PageState):
        rows: list[Row] = []

        async def _pull(self, who: Viewer) -> dict[str, object]:
            found = await runtime.current().db.read(queue_page, who.wedding_id)
            return {"rows": [row(message) for message in found]}

        @rx.event(background=True)
        async def live(self) -> Leave:         # the page's on_load
            return await self._follow()

        @rx.event(temporal=True)               # not replayed after a reconnect
        async def cancel(self, message_id: int) -> None:
            await self._do(services.cancel(message_id), done="queue.cancelled")
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import SimpleCookie
from typing import TypeAlias, TypedDict

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.services.database_trouble import ERRORS, trouble_of
from wedding_wa.services.rights import may_control
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.header import (
    StripAccount,
    go_on,
    header_values,
    keep_language,
    pause_everything,
)
from wedding_wa.state.ribbons import Ribbon
from wedding_wa.state.session import LOGIN_PATH, viewer
from wedding_wa.words import best_language, say

log = logging.getLogger(__name__)

# A page that has heard nothing for longer calls itself stale (pages/js/live.jsx).
BEAT_SECONDS = 5.0
# Looks at the database even without a signal, should one have been lost.
REPAIR_SECONDS = 30.0
# A page is not updated more often than this.
CALM_SECONDS = 0.2


# What a live loop returns when the login has ended: the way out.
Leave: TypeAlias = EventSpec


class Toast(TypedDict):
    """One short notice. A new `id` shows it; `kind` is success, info or error."""

    id: str
    kind: str
    text: str


class PageState(rx.State):
    """The parent of every page's state. There is one of it per open tab."""

    # "" until the server has told: pages then use <html lang>.
    lang: str = ""
    viewer_name: str = ""
    time_zone: str = "UTC"
    groom_name: str = ""
    bride_name: str = ""
    simulated: bool = False
    paused: bool = False
    any_paused: bool = False
    may_control: bool = False
    # What the owner must know now, the most urgent first.
    ribbons: list[Ribbon] = []
    # Messages from guests that nobody has read; the navigation shows it.
    unread: int = 0
    strip: list[StripAccount] = []
    # Counts the server's signs of life; the live word watches it.
    beat: int = 0
    # The states whose first pull has arrived; their pages show skeletons before.
    loaded: list[str] = []
    toast: Toast = {"id": "", "kind": "", "text": ""}

    # Moves when the reader asks for something else, so that an older answer that is
    # still on its way is not shown.
    _asked: int = 0
    # The newest notice this tab has shown; -1 before its first look.
    _newest_notice: int = -1
    # Set by a page's `_pull` that wants to be asked again at once: it has more to show
    # than fits one look.
    _more: bool = False

    @rx.event(temporal=True)
    async def pause_all(self, paused: bool) -> None:
        """Pause or resume all sending."""
        if who := await self._allowed(may_control):
            await self._do(pause_everything(who, paused is True))

    @rx.event(temporal=True)
    async def go_on(self, key: str) -> None:
        """Go on with one account, by its key, or with everything ("all")."""
        if who := await self._allowed(may_control):
            await self._do(go_on(who, key), done="notice.resumed")

    @rx.event
    async def choose_language(self, lang: str) -> None:
        """Read everything in `lang` from now on, here and after the next login."""
        self.lang = best_language(lang)
        if who := await viewer(self):
            await self._do(keep_language(who, self.lang), done="common.saved")

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        """Return this page's variables by name. Overridden by every page.

        Runs without the state's lock: read `self`, never assign, take your time.
        """
        del who
        return {}

    async def _follow(self) -> Leave:
        """Keep this tab up to date until it closes, leaves the page or logs out.

        Call it from a background event that is the page's `on_load`: Reflex cancels
        that on navigation and disconnect and starts it anew on reconnect. While the
        database cannot be used there is no sign of life, and the page says so.
        """
        while True:
            try:
                return await self._follow_on()
            except ERRORS as error:
                if trouble_of(error) is None:
                    raise
                log.warning("page waits", extra={"action": "page_waits"})
                await runtime.current().clock.sleep(BEAT_SECONDS)

    async def _follow_on(self) -> Leave:
        clock, bus = runtime.current().clock, runtime.current().bus
        seen, pulled = -1, float("-inf")
        while await viewer(self):
            at_once = seen < 0 or self._more
            version = await bus.newer(seen, 0 if at_once else BEAT_SECONDS)
            due = clock.monotonic() - pulled >= REPAIR_SECONDS
            if version != seen or due or self._more:
                if not (who := await viewer(self)):  # what changed may be the reader
                    break
                await self._bring(who)
                pulled = clock.monotonic()
            seen = version
            async with self:
                self.beat += 1
            await clock.sleep(CALM_SECONDS)
        return rx.redirect(LOGIN_PATH)

    async def _bring(self, who: Viewer) -> None:
        asked = self._asked
        header = await header_values(who, self._lang(who))
        values = {**header, **await self._pull(who)}
        async with self:
            self._greet(who)
            self._announce(values.get("ribbons"))
            if asked == self._asked:
                self._assign(values)
                self._assign({"loaded": sorted({*self.loaded, self.get_full_name()})})

    def _asked_for(self) -> dict[str, str]:
        """The address's query."""
        return dict(self.router.url.query_parameters)

    async def _allowed(self, rule: Callable[[Viewer], bool]) -> Viewer | None:
        """Who asks, if a rule of services/rights lets them; else they are told."""
        who = await viewer(self)
        if who and not rule(who):
            self._tell("error", say(self._lang(who), "error.not_allowed"))
            return None
        return who

    async def _refresh(self) -> None:
        """Pull now: for event handlers that change what the page shows (a filter)."""
        self._asked += 1
        if who := await viewer(self):
            self._assign(await self._pull(who))

    async def _do(self, work: Awaitable[object], *, done: str = "") -> bool:
        """Await `work` and tell the reader how it ended; True if it went well.

        `done` is the key of the success sentence ("" says nothing). A WeddingError
        becomes its sentence, and so does a database that cannot be used; anything
        else is a defect and goes to the log.
        """
        try:
            await work
        except WeddingError as error:
            self._tell("error", say(self._lang(), error.code, **error.params))
            return False
        except ERRORS as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            self._tell("error", say(self._lang(), trouble.value))
            return False
        if done:
            self._tell("success", say(self._lang(), done))
        return True

    def _tell(self, kind: str, text: str) -> None:
        """Show a toast. `text` is a sentence in the reader's language."""
        self.toast = {"id": uuid.uuid4().hex, "kind": kind, "text": text}

    def _announce(self, ribbons: object) -> None:
        """Show what opened while this page was open as a toast, once."""
        assert isinstance(ribbons, list)
        newest = max((one["id"] for one in ribbons), default=0)
        news = [
            one
            for one in ribbons
            if one["id"] > self._newest_notice and not one["mine"]
        ]
        if self._newest_notice >= 0 and news:
            self._tell("info", news[0]["text"])
        if newest > self._newest_notice:
            self._newest_notice = newest

    def _assign(self, values: Mapping[str, object]) -> None:
        """Assign only what differs: an equal value assigned is sent all the same."""
        for name, value in values.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _greet(self, who: Viewer) -> None:
        self._assign(
            {
                "lang": self._lang(who),
                "viewer_name": who.name or who.email,
                "groom_name": who.groom_name,
                "bride_name": who.bride_name,
                "time_zone": who.time_zone,
            }
        )

    def _lang(self, who: Viewer | None = None) -> str:
        """The reader's choice, else what this tab has, else what the browser asks."""
        chosen = who.language if who else ""
        headers = self.router.headers
        cookie = _cookie_value(headers.cookie or "", "lang")
        return best_language(chosen, self.lang, cookie, headers.accept_language)


def _cookie_value(header: str, name: str) -> str:
    cookie = SimpleCookie(header).get(name)
    return cookie.value if cookie else ""
