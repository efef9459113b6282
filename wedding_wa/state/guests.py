"""state: the Guests page: the list that the URL names, and the panel beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_base.event import EventSpec
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.domain.guest_search import LONGEST, GuestQuery, parse_search
from wedding_wa.services import consent_views, guest_list, guest_panel
from wedding_wa.services.consent_views import Proof
from wedding_wa.services.guest_list import Counts, GuestPage
from wedding_wa.services.guest_panel import Home
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import address, number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.calm import Calm
from wedding_wa.state.consent_evidence import ProofView, proof_views
from wedding_wa.state.guest_views import (
    NOBODY,
    NOWHERE,
    ChipView,
    HomeView,
    MemberView,
    PersonView,
    RowView,
    ThreadView,
    chip_views,
    hint_words,
    home_view,
    member_views,
    person_view,
    row_views,
    thread_views,
)

ROUTE = "/guests"
_PANEL = ("guest", "household", "add")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL asks for. `mode` is the panel: "", guest, household or add."""

    search: str = ""
    after: str = ""
    before: str = ""
    mode: str = ""
    opened: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """What one look at the database brings."""

    page: GuestPage
    counts: Counts
    home: Home | None
    proofs: tuple[Proof, ...]


class GuestsState(Calm, PageState):
    """What the page shows. `searched`, `mode` and `opened` mirror the URL."""

    searched: str = ""
    mode: str = ""
    opened: int = 0

    rows: list[RowView] = []
    # By the household's id: how far it is. Apart, so that one change sends little.
    stages: dict[str, str] = {}
    previous: str = ""
    following: str = ""
    fresh: int = 0
    total: int = 0
    total_of_all: int = 0
    households: int = 0
    chips: list[ChipView] = []
    hints: list[str] = []
    tags_known: list[str] = []

    person: PersonView = NOBODY
    home: HomeView = NOWHERE
    members: list[MemberView] = []
    threads: list[ThreadView] = []
    # Why they may be written to.
    proofs: list[ProofView] = []
    may_edit: bool = False

    # Who is chosen, or with `everybody` all who match.
    selected: list[int] = []
    everybody: bool = False

    _answered: Asked = Asked()
    # Moves when a form was saved: then it shows what is stored.
    _serial: int = 0

    @rx.var
    def page_chosen(self) -> bool:
        """Whether every guest of the page is chosen."""
        return bool(self.rows) and {row["id"] for row in self.rows} <= set(
            self.selected
        )

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    def close(self) -> EventSpec:
        """Close the side panel, keep everything else."""
        return rx.redirect(self._address())

    def _address(self, **panel: object) -> str:
        """This page with another panel, or with none."""
        asked = {k: v for k, v in self._asked_for().items() if k not in _PANEL}
        return address(ROUTE, {**asked, **panel})

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = asked_for(self._asked_for()), runtime.current()
        query = parse_search(asked.search)
        same = _list_of(asked) == _list_of(self._answered)
        keep = [row["id"] for row in self.rows] if self._still and same else []
        screen = await app.db.read(read_screen, who.wedding_id, asked, query, keep)
        lang = self._lang(who)
        # Never what is chosen now: it may change before this answer is assigned.
        other = asked.search != self._answered.search
        nobody = {"selected": [], "everybody": False} if other else {}
        return {
            "searched": asked.search,
            "mode": asked.mode,
            "opened": asked.opened,
            "_answered": asked,
            **nobody,
            "hints": hint_words(query.hints, lang),
            "may_edit": may_send(who),
            **_list_values(screen, query),
            **_panel_values(screen, asked, self._serial, app.settings.public),
        }


def asked_for(parameters: Mapping[str, str]) -> Asked:
    """Read the URL's query; what it cannot mean is left out."""
    mode = next((name for name in _PANEL if name in parameters), "")
    return Asked(
        search=parameters.get("q", "").strip()[:LONGEST],
        after=parameters.get("after", ""),
        before=parameters.get("before", ""),
        mode=mode,
        opened=number_of(parameters.get(mode, "")),
    )


def read_screen(
    session: Session, wedding_id: int, asked: Asked, query: GuestQuery, keep: list[int]
) -> Screen:
    """Read everything that the page shows, in one look."""
    home = None
    if asked.mode == "guest":
        home = guest_panel.home_of_guest(session, wedding_id, asked.opened)
    elif asked.mode == "household" or asked.opened:
        # A new guest may be meant for a household: /guests?add=<household>, else
        # /guests?add=new.
        home = guest_panel.home_of(session, wedding_id, asked.opened)
    return Screen(
        page=guest_list.guest_page(
            session,
            wedding_id,
            query,
            after=asked.after,
            before=asked.before,
            keep=keep,
        ),
        counts=guest_list.counts(session, wedding_id),
        home=home,
        proofs=_proofs(session, wedding_id, asked) if home else (),
    )


def _proofs(session: Session, wedding_id: int, asked: Asked) -> tuple[Proof, ...]:
    if asked.mode == "guest":
        return consent_views.proofs_of_guest(session, wedding_id, asked.opened)
    return consent_views.proofs_of_household(session, wedding_id, asked.opened)


def _list_of(asked: Asked) -> tuple[str, str, str]:
    return asked.search, asked.after, asked.before


def _list_values(screen: Screen, query: GuestQuery) -> dict[str, Any]:
    page = screen.page
    return {
        "rows": row_views(page.rows),
        "stages": {str(row.household_id): row.stage for row in page.rows},
        "previous": page.previous,
        "following": page.following,
        "fresh": page.fresh,
        "total": page.total,
        "total_of_all": screen.counts.guests,
        "households": screen.counts.households,
        "chips": chip_views(screen.counts, query),
        "tags_known": [tag for tag, _ in screen.counts.tags],
    }


def _panel_values(
    screen: Screen, asked: Asked, serial: int, public_url: str
) -> dict[str, Any]:
    home = screen.home
    if home is None:
        new: PersonView = {**NOBODY, "form": f"new.{serial}"}
        nothing: dict[str, Any] = {"members": [], "threads": [], "proofs": []}
        return {"person": new, "home": NOWHERE, **nothing}
    person: PersonView = {
        **NOBODY,
        "form": f"new.{home.id}.{serial}",
        "side": home.side,
        "household": home.name,
    }
    if asked.mode == "guest":
        one = next(one for one in home.people if one.id == asked.opened)
        person = person_view(one, home, serial)
    return {
        "person": person,
        "home": home_view(home, public_url),
        "members": member_views(home),
        "threads": thread_views(home.threads),
        "proofs": proof_views(screen.proofs),
    }
