"""state: the Activation page: how far the households have come, and what helps them.

What is looked at stands in the URL; the state answers it. Links and texts to copy are
in the rows, because a browser copies only at the very moment of the click.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

import reflex as rx
from reflex_base.event import EventSpec
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.domain.guests import TAG_LONGEST, Stage
from wedding_wa.services import activation
from wedding_wa.services.activation import Wish, wish_of
from wedding_wa.services.invitation_cards import Card, cards
from wedding_wa.services.link_code import link_code
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import address, number_of, storable
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

ROUTE = "/guests/activation"
PRINT = "/guests/print"
STAGES = tuple(stage.value for stage in Stage)

_STEPS = 100


class RowView(TypedDict):
    """One household; `link` and `text` are what is copied. Times are ISO 8601."""

    id: int
    key: str
    name: str
    guests: str
    side: str
    stage: str
    since: str
    language: str
    link: str
    text: str
    print: str


class CodeView(TypedDict):
    """The household whose code is shown large; `name` is "" where none is."""

    name: str
    link: str
    text: str
    image: str
    print: str


_NO_CODE: CodeView = {"name": "", "link": "", "text": "", "image": "", "print": ""}


class ActivationState(PageState):
    """What the page shows. `shown`, `side`, `tag` and `searched` mirror the URL."""

    shown: str = ""
    side: str = ""
    tag: str = ""
    searched: str = ""

    rows: list[RowView] = []
    newer: str = ""
    older: str = ""
    # By stage: households, and the guests in them.
    homes: dict[str, int] = dict.fromkeys(STAGES, 0)
    people: dict[str, int] = dict.fromkeys(STAGES, 0)
    total: int = 0
    listed: int = 0
    written: int = 0
    guests: int = 0
    # By stage: its width in the bar, in percent of all guests.
    widths: dict[str, str] = dict.fromkeys(STAGES, "0%")
    tags: list[str] = []
    # Everything that the filters show, on paper.
    print_all: str = PRINT

    picked: list[int] = []
    code: CodeView = _NO_CODE
    may_mark: bool = False
    # No public address is set: the links open on this machine alone.
    local_only: bool = False

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    def choose_tag(self, tag: str) -> EventSpec:
        """Show only the households with this tag; "" for all."""
        left = {k: v for k, v in self._asked_for().items() if k not in _OF_FILTERS}
        if tag:
            left["tag"] = storable(tag, TAG_LONGEST)
        return rx.redirect(address(ROUTE, left))

    @rx.event(temporal=True)
    def pick(self, household_id: int, on: bool) -> None:
        """Put a household into the selection, or take it out."""
        others = [one for one in self.picked if one != number_of(household_id)]
        self.picked = [*others, number_of(household_id)] if on is True else others

    @rx.event(temporal=True)
    def pick_page(self, on: bool) -> None:
        """Select every household of this page, or none."""
        self.picked = [row["id"] for row in self.rows] if on is True else []

    @rx.event(temporal=True)
    async def mark(self, household_id: int) -> None:
        """Note that a household was sent its link."""
        await self._mark([number_of(household_id)], sent=True)

    @rx.event(temporal=True)
    async def unmark(self, household_id: int) -> None:
        """Take the mark back."""
        await self._mark([number_of(household_id)], sent=False)

    @rx.event(temporal=True)
    async def mark_picked(self) -> None:
        """Note that the selected households were sent their links."""
        await self._mark(list(self.picked), sent=True)
        self.picked = []

    @rx.event(temporal=True)
    async def mark_all(self) -> None:
        """Note the same of everybody whom the filters show and who has no mark."""
        if who := await viewer(self):
            wish = replace(wish_of(self._asked_for()), stage=Stage.NOT_INVITED)
            db = runtime.current().db
            ids = await db.read(activation.ids_of, who.wedding_id, wish)
            await self._mark(ids, sent=True)

    @rx.event(temporal=True)
    async def show_code(self, household_id: int) -> None:
        """Show a household's code large, to be scanned from the screen."""
        if who := await viewer(self):
            found = await runtime.current().db.read(
                _card_of, who.wedding_id, number_of(household_id), _public()
            )
            self.code = code_view(found) if found else _NO_CODE

    @rx.event
    def hide_code(self, open: bool) -> None:  # noqa: A002  # the dialog's own word
        """Close the code when its dialog closes."""
        if not open:
            self.code = _NO_CODE

    async def _mark(self, ids: Sequence[int], *, sent: bool) -> None:
        who = await self._allowed(may_send)
        if who is None:
            return
        change = activation.mark_invited if sent else activation.unmark_invited
        app = runtime.current()
        n = await app.db.write(
            change,
            ids,
            wedding_id=who.wedding_id,
            by=who.user_id,
            now=app.clock.now(),
        )
        key = "activation.marked" if sent else "activation.unmarked"
        self._tell("success", say(self._lang(who), key, n=n))
        await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        wish = wish_of(self._asked_for())
        found = await runtime.current().db.read(
            _screen, who.wedding_id, wish, _public()
        )
        shown = {card.row.id for card in found.cards}
        return {
            "shown": wish.stage,
            "side": wish.side,
            "tag": wish.tag,
            "searched": wish.search,
            "rows": [row_view(card) for card in found.cards],
            "newer": found.newer,
            "older": found.older,
            **count_values(found.counts, wish),
            "tags": found.tags,
            "print_all": print_address(wish),
            "picked": [one for one in self.picked if one in shown],
            "may_mark": may_send(who),
            "local_only": not runtime.current().settings.public_url,
        }


class _Screen:
    """What one look at the database brings."""

    def __init__(self, session: Session, wedding_id: int, wish: Wish, url: str) -> None:
        page = activation.activation_page(session, wedding_id, wish)
        self.newer, self.older = page.newer, page.older
        self.cards = cards(session, wedding_id, page.rows, public_url=url)
        self.counts = activation.counts(session, wedding_id, wish)
        self.tags = activation.tags(session, wedding_id)


def _screen(session: Session, wedding_id: int, wish: Wish, url: str) -> _Screen:
    return _Screen(session, wedding_id, wish, url)


def _card_of(
    session: Session, wedding_id: int, household_id: int, url: str
) -> Card | None:
    row = activation.one_household(session, wedding_id, household_id)
    return cards(session, wedding_id, [row], public_url=url)[0] if row else None


def print_address(wish: Wish) -> str:
    """Return where the cards of everybody whom the wish names are printed."""
    asked = {
        "stage": wish.stage,
        "side": wish.side,
        "tag": wish.tag,
        "q": wish.search,
    }
    return address(PRINT, {name: value for name, value in asked.items() if value})


def count_values(
    counts: Mapping[Stage, activation.Count], wish: Wish
) -> dict[str, object]:
    """Return the figures of the cards and of the bar."""
    guests = sum(one.guests for one in counts.values())
    total = sum(one.households for one in counts.values())
    return {
        "homes": {stage.value: one.households for stage, one in counts.items()},
        "people": {stage.value: one.guests for stage, one in counts.items()},
        "total": total,
        "listed": counts[Stage(wish.stage)].households if wish.stage else total,
        "written": counts[Stage.ACTIVE].guests,
        "guests": guests,
        "widths": {
            stage.value: f"{_STEPS * one.guests / guests:.2f}%" if guests else "0%"
            for stage, one in counts.items()
        },
    }


def row_view(card: Card) -> RowView:
    """Return a household as the list shows it."""
    row = card.row
    return RowView(
        id=row.id,
        key=str(row.id),
        name=row.name,
        guests=", ".join(name for name in row.guests if name != row.name),
        side=row.side,
        stage=row.stage.value,
        since=row.since.isoformat(),
        language=card.language,
        link=card.link,
        text=card.text,
        print=f"{PRINT}?household={row.id}",
    )


def code_view(card: Card) -> CodeView:
    """Return a household's code to show large."""
    return CodeView(
        name=card.row.name,
        link=card.link,
        text=card.text,
        image=link_code(card.link),
        print=f"{PRINT}?household={card.row.id}",
    )


def _public() -> str:
    return runtime.current().settings.public


_OF_FILTERS = ("tag", "after", "before")
