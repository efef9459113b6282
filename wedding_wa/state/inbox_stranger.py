"""state: what only a person can tell in the inbox: who somebody is, and whether a
sentence with a stop word in it was meant so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import inbox_match, inbox_naming
from wedding_wa.services.rights import may_send
from wedding_wa.state.asked import field_of, number_of
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.inbox_views import MatchView, match_view
from wedding_wa.state.session import viewer
from wedding_wa.state.stop_answers import ANSWERS, answering

# What is unfolded under a writer nobody knows.
MATCH, NEW = "match", "new"


class StrangerState(InboxState):
    """Naming a writer nobody knows, and answering what the app asks the couple."""

    # Which of the two ways is unfolded, and for which chat.
    unfolded: str = ""
    unfolded_for: str = ""
    looked_for: str = ""
    found: list[MatchView] = []
    # What `found` is: likenesses of the name instead of results of a search.
    only_alike: bool = False

    @rx.event(temporal=True)
    async def unfold(self, what: str) -> None:
        """Unfold a way to name the open chat's writer, or fold it again."""
        same = self.unfolded == what and self.unfolded_for == self.head["chat"]
        self.unfolded = "" if same or what not in (MATCH, NEW) else what
        self.unfolded_for = self.head["chat"]
        await self._look("")

    @rx.event
    async def look_for(self, text: str) -> None:
        """Search guests and households while somebody types."""
        await self._look(str(text)[:80])

    @rx.event(temporal=True)
    async def link(self, household: int, guest: int) -> None:
        """The writer of the open chat is this guest, or of this household."""
        await self._decide(
            inbox_naming.link_to,
            household_id=int(household),
            guest_id=int(guest) or None,
            done="inbox.who.linked",
        )

    @rx.event(temporal=True)
    async def add(self, form: dict[str, Any]) -> None:
        """The writer of the open chat is a new guest."""
        await self._decide(
            inbox_naming.add_as_guest,
            name=field_of(form, "name"),
            side=field_of(form, "side"),
            done="inbox.who.added",
        )

    @rx.event(temporal=True)
    async def ignore(self) -> None:
        """The writer of the open chat is no guest."""
        await self._decide(inbox_naming.ignore, done="inbox.who.ignored")

    @rx.event(temporal=True)
    async def bring_back(self) -> None:
        """The writer of the open chat may be a guest after all."""
        await self._decide(inbox_naming.ignore, ignored=False, done="inbox.who.back")

    @rx.event(temporal=True)
    async def answer(self, question: int, answer: str) -> None:
        """Say what a guest meant: no more messages, or only a word."""
        if answer not in ANSWERS or not (who := await self._allowed(may_send)):
            return
        work = answering(who, question, answer)
        await self._change(work, done=f"inbox.question.done_{answer}")

    async def _decide(
        self, change: Callable[..., object], *, done: str, **values: object
    ) -> None:
        if not (who := await self._allowed(may_send)):
            return
        app = runtime.current()
        work = app.db.write(
            change,
            who.wedding_id,
            number_of(self.head["chat"]),
            by=who.user_id,
            now=app.clock.now(),
            **values,
        )
        if await self._change(work, done=done):
            self.unfolded = ""

    async def _look(self, text: str) -> None:
        """Show whose name holds what was typed; before that, who is called alike."""
        self.looked_for = text
        who = await viewer(self)
        if who is None or self.unfolded != MATCH:
            self.found = []
            return
        read = runtime.current().db.read
        self.only_alike = not text.strip()
        if self.only_alike:
            alike = self.head["push_name"]
            found = await read(inbox_match.suggested, who.wedding_id, alike)
        else:
            found = await read(inbox_match.find, who.wedding_id, text)
        self.found = [match_view(one) for one in found]
