"""state: the Inbox. The URL says which people are listed and whose conversation is
open, so that a reload, a shared link and the back button show the same."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.services import inbox_marks, replies
from wedding_wa.services.enqueue import Enqueued
from wedding_wa.services.inbox import Page
from wedding_wa.services.inbox_list import VIEWS, Wish
from wedding_wa.services.inbox_screen import Asked, Conversation, inbox_screen
from wedding_wa.services.inbox_thread import STEP
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.asked import address, field_of, number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.calm import Calm
from wedding_wa.state.inbox_views import (
    NOBODY,
    HeadView,
    LineView,
    PersonRow,
    QuestionView,
    forecast,
    head_view,
    last_heard,
    line_notes,
    line_states,
    line_views,
    person_row,
    question_view,
)
from wedding_wa.state.not_written import NotWritten, waiting_values
from wedding_wa.state.queue_views import NoteView, Speech
from wedding_wa.state.session import viewer
from wedding_wa.words import say

ROUTE = "/inbox"
LIMIT = MAX_TEXT

_SEARCH_LONGEST = 80


class InboxState(NotWritten, Calm, PageState):
    """What the Inbox shows. `view`, `account`, `searched`, `opened` mirror the URL."""

    view: str = ""
    account: str = ""
    searched: str = ""
    opened: int = 0
    may_send: bool = False

    rows: list[PersonRow] = []
    newer: str = ""
    older: str = ""
    # People who stand ready before a list that somebody points at.
    fresh: int = 0
    counts: dict[str, int] = {"unread": 0, "unknown": 0, "questions": 0}

    head: HeadView = NOBODY
    lines: list[LineView] = []
    # By the line's key: what its badge says, and why it waits or failed.
    states: dict[str, str] = {}
    notes: dict[str, NoteView] = {}
    earlier: bool = False
    # The last line that came in: its key and its words, for who hears the page.
    heard: dict[str, str] = {"key": "", "text": ""}
    questions: list[QuestionView] = []
    # When an answer written now would go.
    forecast: str = ""
    # The sheet that was taken over last: the browser then begins a new one.
    sent_draft: str = ""
    error: str = ""

    _answered: Wish = Wish()
    # From which line on the open conversation is shown, and whose that is.
    _since: str = ""
    _since_of: int = 0
    _more_lines: int = 0

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    async def show_earlier(self) -> None:
        """Show the lines before the first one."""
        self._more_lines = STEP
        await self._refresh()

    @rx.event
    async def seen(self, chat: str) -> None:
        """Somebody looks at the open conversation: nothing of it is unread now. Who
        may only look leaves the couple's marks as they are."""
        who = await viewer(self)
        if who and may_send(who):
            db = runtime.current().db
            work = db.write(inbox_marks.mark_read, who.wedding_id, number_of(chat))
            await self._do(work)

    @rx.event(temporal=True)
    async def mark_unread(self, chat: str) -> EventSpec | None:
        """Close the conversation and mark it unread, to come back to it."""
        if who := await self._allowed(may_send):
            db = runtime.current().db
            work = db.write(inbox_marks.mark_unread, who.wedding_id, number_of(chat))
            if await self._do(work):
                return self._closed()
        return None

    @rx.event(temporal=True)
    async def send(self, form: dict[str, Any]) -> None:
        """Put the answer into the queue; a refusal is told under the field.

        `form` has `chat`, `text` and `draft`, which names the sheet of paper: the same
        sheet, however often it comes, is sent once.
        """
        draft = field_of(form, "draft")
        who = await self._allowed(may_send)
        if who is None or (draft and draft == self.sent_draft):
            return
        try:
            await _reply(who, form)
        except WeddingError as error:
            self.error = say(self._lang(who), error.code, **error.params)
            return
        self.error, self.sent_draft = "", draft
        await self._refresh()

    async def _change(self, work: Awaitable[object], *, done: str = "") -> bool:
        """Await a change, tell how it ended, and show the page after it."""
        well = await self._do(work, done=done)
        await self._refresh()
        return well

    def _closed(self) -> EventSpec:
        left = {k: v for k, v in self._asked_for().items() if k != "chat"}
        return rx.redirect(address(ROUTE, left))

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = self._asked_for(), runtime.current()
        wish, opened = wish_of(asked), number_of(asked.get("chat", ""))
        now = app.clock.now()
        screen = await app.db.read(
            inbox_screen,
            who.wedding_id,
            wish,
            self._from_line(opened),
            now=now,
            keep=self._kept(wish),
        )
        speech = Speech(self._lang(who), ZoneInfo(who.time_zone), now)
        return {
            "view": wish.view,
            "account": wish.account,
            "searched": wish.search,
            "opened": opened,
            "may_send": may_send(who),
            "_answered": wish,
            **_list_values(screen.page),
            **_thread_values(screen.conversation, opened, speech),
            **({"error": ""} if opened != self.opened else {}),
            **({} if screen.page.rows else await waiting_values(who)),
        }

    def _kept(self, wish: Wish) -> list[int]:
        """The chats of the people who must stay, because somebody points at them."""
        still = self._still and self._answered == wish
        return [int(row["chat"]) for row in self.rows] if still else []

    def _from_line(self, opened: int) -> Asked:
        if not opened or self._since_of != opened:
            return Asked(opened)
        return Asked(opened, self._since, self._more_lines)


def wish_of(asked: Mapping[str, str]) -> Wish:
    """Read the URL's query; what it cannot mean is left out."""
    view, account = asked.get("show", ""), asked.get("account", "")
    return Wish(
        view=view if view in VIEWS else "",
        account=account if account in ACCOUNT_KEYS else "",
        search=asked.get("q", "").strip()[:_SEARCH_LONGEST],
        after=asked.get("after", ""),
        before=asked.get("before", ""),
    )


async def _reply(who: Viewer, form: Mapping[str, Any]) -> Enqueued:
    app = runtime.current()
    made: Enqueued = await app.db.write(
        replies.reply,
        who.wedding_id,
        number_of(field_of(form, "chat")),
        text=field_of(form, "text"),
        key=field_of(form, "draft"),
        by=who.user_id,
        now=app.clock.now(),
    )
    return made


def _list_values(page: Page) -> dict[str, object]:
    return {
        "rows": [person_row(row) for row in page.rows],
        "newer": page.newer,
        "older": page.older,
        "fresh": page.fresh,
        "counts": {
            "unread": page.counts.unread,
            "unknown": page.counts.unknown,
            "questions": page.counts.questions,
        },
    }


def _thread_values(
    found: Conversation | None, opened: int, speech: Speech
) -> dict[str, object]:
    if found is None:
        return {
            "head": NOBODY,
            "lines": [],
            "states": {},
            "notes": {},
            "earlier": False,
            "heard": last_heard([]),
            "questions": [],
            "forecast": "",
            "_since": "",
            "_since_of": 0,
            "_more_lines": 0,
        }
    lines = found.lines.lines
    return {
        "head": head_view(found),
        "lines": line_views(lines, speech),
        "states": line_states(lines),
        "notes": line_notes(lines, speech),
        "earlier": found.lines.earlier,
        "heard": last_heard(lines),
        "questions": [question_view(one) for one in found.questions],
        "forecast": forecast(found, speech),
        "_since": found.lines.since,
        "_since_of": opened,
        "_more_lines": 0,
    }
