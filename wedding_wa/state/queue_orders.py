"""state: the Queue page's selection, and orders for all in it.

An order is asked back first: `asked` is the question, with how many it is about. Whom
it is for is frozen then, so that what is confirmed is what is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.services.queue_bulk import Order, What
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_runs import Run
from wedding_wa.services.queue_selection import Chosen, frozen
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.queue import QueueState
from wedding_wa.words import say

_MISSED = Wish(state="held", rule="missed")
_FAILED = Wish(state="failed")
# A page has 25 rows; nobody selects by hand as many as this.
_MOST = 10_000


class QuestionView(TypedDict):
    """What is about to be done; `kind` "" for nothing."""

    kind: str
    title: str
    about: str
    action: str


NO_QUESTION: QuestionView = {"kind": "", "title": "", "about": "", "action": ""}


class QueueOrdersState(QueueState):
    """Who is selected stands in QueueState: a new filter selects nobody."""

    asked: QuestionView = NO_QUESTION

    _order: Order | None = None
    _ids: tuple[int, ...] = ()

    @rx.event(temporal=True)
    async def choose(self, ids: list[int], on: bool) -> None:
        """Take these messages into the selection, or out of it."""
        await self._choose(ids, on=on is True)

    @rx.event(temporal=True)
    async def choose_page(self, on: bool) -> None:
        """Select every message of this page, or none of it."""
        await self._choose([row["id"] for row in self.rows], on=on is True)

    @rx.event(temporal=True)
    async def choose_everybody(self) -> None:
        """Select all that match, on every page."""
        self.everybody = True
        await self._refresh()

    @rx.event
    async def choose_nobody(self) -> None:
        """Let the selection go."""
        self.selected, self.everybody = [], False
        await self._refresh()

    @rx.event(temporal=True)
    async def ask(self, kind: str, priority: int) -> None:
        """Ask whether this is meant for the selection, in words, with how many."""
        everybody = Chosen(wish=self._answered) if self.everybody else None
        await self._ask(kind, everybody or Chosen(tuple(self.selected)), priority)

    @rx.event(temporal=True)
    async def ask_missed(self, kind: str) -> None:
        """Ask the same about every start that was missed."""
        await self._ask(kind, Chosen(wish=_MISSED))

    @rx.event(temporal=True)
    async def ask_retry(self) -> None:
        """Ask whether everything that failed is to be tried again."""
        await self._ask(What.RETRY, Chosen(wish=_FAILED))

    @rx.event
    def leave_it(self, open: bool) -> None:  # noqa: A002  # the dialog's own word
        """The question is closed: nothing is done."""
        if open is not True:
            self._forget()

    @rx.event(background=True, temporal=True)
    async def do_it(self) -> None:
        """Do what was asked. It goes on when the tab closes; any tab can stop it."""
        async with self:
            order, ids = self._order, self._ids
            self._forget()
            who = await self._allowed(may_send)
            if who is None or order is None or order.wedding_id != who.wedding_id:
                return
            lang = self._lang(who)
            self.selected, self.everybody = [], False
        app = runtime.current()
        try:
            run = await app.runs.carry_out(
                app.db, order, ids, clock=app.clock, begun=app.bus.publish
            )
        except WeddingError as error:
            async with self:
                self._tell("error", say(lang, error.code, **error.params))
            return
        finally:
            app.bus.publish()
        async with self:
            await self._refresh()
            self._tell("success", ended(lang, run))

    @rx.event(temporal=True)
    async def abort(self) -> None:
        """Stop what is under way after its batch, whoever began it."""
        if who := await self._allowed(may_send):
            runtime.current().runs.stop(who.wedding_id)
            await self._refresh()

    async def _choose(self, ids: Sequence[object], *, on: bool) -> None:
        meant = {one for one in ids if isinstance(one, int)}
        others = [one for one in self.selected if one not in meant]
        self.selected = [*others, *sorted(meant)][:_MOST] if on else others
        self.everybody = False
        await self._refresh()

    async def _ask(self, kind: str, chosen: Chosen, priority: int = 3) -> None:
        who = await self._allowed(may_send)
        if who is None or kind not in list(What) or priority not in range(1, 6):
            return
        what, db = What(kind), runtime.current().db
        ids = await db.read(frozen, who.wedding_id, chosen, what)
        if not ids:
            self._tell("error", say(self._lang(who), "queue.ask.none"))
            return
        rest = len(chosen.ids) - len(ids) if chosen.wish is None else 0
        self._order = Order(what, who.wedding_id, who.user_id, int(priority))
        self._ids = ids
        self.asked = self._question(who, self._order, len(ids), rest)

    def _question(self, who: Viewer, order: Order, n: int, rest: int) -> QuestionView:
        lang, kind = self._lang(who), order.what
        priority = say(lang, f"queue.priority.p{order.priority}").lower()
        about = say(lang, f"queue.ask.{kind}.about", n=n, priority=priority)
        others = say(lang, "queue.ask.rest", n=rest) if rest else ""
        return QuestionView(
            kind=kind,
            title=say(lang, f"queue.ask.{kind}.title", n=n),
            about=f"{about} {others}".strip(),
            action=say(lang, f"queue.ask.{kind}.action", n=n),
        )

    def _forget(self) -> None:
        self.asked, self._order, self._ids = NO_QUESTION, None, ()


def ended(lang: str, run: Run) -> str:
    """How an order ended: "41 messages cancelled, 2 were already on their way."."""
    kind, at = run.order.what, run.progress
    what = say(lang, f"queue.done.{kind}", n=at.done)
    late = say(lang, f"queue.late.{kind}", n=at.left)
    if at.left:
        what = say(lang, "queue.ended.some", what=what, late=late).rstrip(".")
    if at.over:
        return say(lang, "queue.ended.whole", what=what)
    untouched = at.total - at.done - at.left
    return say(lang, "queue.ended.stopped", what=what, n=untouched)
