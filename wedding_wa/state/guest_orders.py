"""state: the Guests page's selection, and orders for everybody in it.

An order is asked back first: `asked` is the question, with how many it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import reflex as rx
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.domain.errors import WeddingError
from wedding_wa.domain.guest_search import parse_search
from wedding_wa.services import guest_bulk, guest_merge
from wedding_wa.services.guest_bulk import Order, Selection
from wedding_wa.services.guest_orders import ORDERS
from wedding_wa.services.guest_rows import guest_of
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.guests import GuestsState
from wedding_wa.words import say


class QuestionView(TypedDict):
    """What is about to be done; `kind` "" for nothing."""

    kind: str
    value: str
    title: str
    about: str
    action: str


NOTHING: QuestionView = {
    "kind": "",
    "value": "",
    "title": "",
    "about": "",
    "action": "",
}


class GuestOrdersState(GuestsState):
    """Who is chosen stands in GuestsState: a new search chooses nobody."""

    asked: QuestionView = NOTHING
    new_tag: str = ""

    @rx.event(temporal=True)
    def choose(self, guest_id: int, on: bool) -> None:
        """Take a guest into the selection, or out of it."""
        others = [one for one in self.selected if one != int(guest_id)]
        self.selected = [*others, int(guest_id)] if on is True else others
        self.everybody = False

    @rx.event(temporal=True)
    def choose_page(self, on: bool) -> None:
        """Choose every guest of this page, or none of it."""
        here = [row["id"] for row in self.rows]
        others = [one for one in self.selected if one not in here]
        self.selected = [*others, *here] if on is True else others
        self.everybody = False

    @rx.event(temporal=True)
    def choose_everybody(self) -> None:
        """Choose all who match, on every page."""
        self.everybody = not self.hints

    @rx.event
    def choose_nobody(self) -> None:
        """Let the selection go."""
        self.selected, self.everybody = [], False

    @rx.event
    def write_tag(self, text: str) -> None:
        """The tag that is being typed for the selection."""
        self.new_tag = str(text)[:100]

    @rx.event(temporal=True)
    async def ask(self, kind: str, value: str) -> None:
        """Ask whether this order is meant, in words, with how many it is about."""
        who = await self._allowed(may_send)
        if who is None or kind not in ORDERS:
            return
        value = self.new_tag if kind in ("tag", "untag") and not value else value
        lang, n = self._lang(who), self._how_many()
        try:
            more = await self._named(who, kind, value)
        except WeddingError as error:
            self._tell("error", say(lang, error.code, **error.params))
            return
        self.asked = QuestionView(
            kind=kind,
            value=value,
            title=say(lang, f"guests.ask.{kind}.title", n=n, **more),
            about=say(lang, f"guests.ask.{kind}.about", n=n, **more),
            action=say(lang, f"guests.ask.{kind}.action", n=n, **more),
        )

    @rx.event
    def leave_it(self, open: bool) -> None:  # noqa: A002  # the dialog's own word
        """The question is closed: nothing is done."""
        if open is not True:
            self.asked = NOTHING

    @rx.event(temporal=True)
    async def do_it(self) -> None:
        """Do what was asked."""
        asked, self.asked = self.asked, NOTHING
        who = await self._allowed(may_send)
        if who is None or asked["kind"] not in ORDERS:
            return
        app, lang = runtime.current(), self._lang(who)
        order = Order(who.wedding_id, who.user_id, app.clock.now())
        work = ORDERS[asked["kind"]]
        try:
            n = await app.db.write(work, order, self._selection(), asked["value"])
        except WeddingError as error:
            self._tell("error", say(lang, error.code, **error.params))
            return
        if asked["kind"] in _ENDING:
            self.selected, self.everybody = [], False
        self.new_tag = ""
        await self._refresh()
        self._tell("success", say(lang, f"guests.done.{asked['kind']}", n=n))

    def _how_many(self) -> int:
        return self.total if self.everybody else len(self.selected)

    def _selection(self) -> Selection:
        if self.everybody:
            query = parse_search(self.searched)
            return Selection(query=query, expected=self.total)
        return Selection(ids=tuple(self.selected))

    async def _named(self, who: Viewer, kind: str, value: str) -> Mapping[str, object]:
        """What the question names besides the number."""
        lang = self._lang(who)
        if kind == "side":
            return {"side": say(lang, f"common.account.{value}")}
        if kind == "language":
            return {"language": say(lang, f"guests.language.{value or 'none'}")}
        if kind in ("merge", "join"):
            read = runtime.current().db.read
            return await read(_who_stays, who.wedding_id, kind, self._selection())
        return {"tag": value}


def _who_stays(
    session: Session, wedding_id: int, kind: str, selection: Selection
) -> dict[str, object]:
    ids = guest_bulk.chosen(session, wedding_id, selection)
    if kind == "merge":
        kept = guest_merge.who_stays(session, wedding_id, ids)
        return {"name": guest_of(session, wedding_id, kept).name}
    homes = guest_bulk.homes_of(session, ids)
    home = guest_merge.which_stays(session, wedding_id, homes)
    return {"name": home.name, "homes": len(homes)}


# After these the chosen are not what they were.
_ENDING = ("merge", "delete")
