"""state: the Queue page. The URL says what is looked at, so that a reload, a shared
link and the back button show the same; the state only answers it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from reflex_base.event import EventSpec

from wedding_wa import runtime
from wedding_wa.services import queue
from wedding_wa.services.queue_list import RULES, STATES, Wish
from wedding_wa.services.queue_selection import NOBODY, Chosen
from wedding_wa.services.queue_timeline import Detail, Screen, queue_screen
from wedding_wa.services.queue_views import QueuePage
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import address, number_of
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.calm import Calm
from wedding_wa.state.not_written import NotWritten, waiting_values
from wedding_wa.state.queue_live import first_look, next_look
from wedding_wa.state.queue_panel import (
    NOTHING,
    PanelView,
    StepView,
    TryView,
    panel_view,
    raw_events,
    step_views,
    try_views,
)
from wedding_wa.state.queue_views import (
    NO_RUN,
    LaneView,
    NoteView,
    RowView,
    RunView,
    Speech,
    lane_view,
    notes,
    row_view,
    run_view,
)
from wedding_wa.state.session import viewer
from wedding_wa.words import say

ROUTE = "/queue"

_SEARCH_LONGEST = 80


class QueueState(NotWritten, Calm, PageState):
    """What the Queue page shows. `shown`, `searched` and `opened` mirror the URL."""

    shown: str = ""
    searched: str = ""
    opened: int = 0

    rows: list[RowView] = []
    # By the message's id. A live phase overlays the state while it is being sent.
    states: dict[str, str] = {}
    phases: dict[str, str] = {}
    notes: dict[str, NoteView] = {}
    newer: str = ""
    older: str = ""
    # New rows that wait behind a list somebody points at.
    fresh: int = 0

    counts: dict[str, int] = {}
    total: int = 0
    total_of_all: int = 0
    retryable: int = 0
    missed: int = 0
    # Only what this rule set aside; "" for all.
    rule: str = ""
    lanes: list[LaneView] = []

    panel: PanelView = NOTHING
    steps: list[StepView] = []
    tries: list[TryView] = []
    raw: str = ""

    # Who is selected, by id, or with `everybody` all that match; how many that are,
    # and with how many of them each order can be done.
    selected: list[int] = []
    everybody: bool = False
    chosen: int = 0
    able: dict[str, int] = {}
    # What "all that match" would be, while the whole page is selected.
    matching: int = 0
    may_send: bool = False
    run: RunView = NO_RUN

    _answered: Wish = Wish()
    # The last live phase shown, by message; None before the first look.
    _played: dict[int, int] | None = None
    _wants_raw: bool = False

    @rx.var
    def page_chosen(self) -> str:
        """How much of the page is selected: "", "some" or "all"."""
        here = {row["id"] for row in self.rows}
        if self.everybody or (here and here <= set(self.selected)):
            return "all"
        return "some" if here & set(self.selected) else ""

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date; started anew whenever the URL changes."""
        return await self._follow()

    @rx.event
    def close(self) -> EventSpec:
        """Close the side panel, keep everything else."""
        left = {k: v for k, v in self._asked_for().items() if k != "message"}
        return rx.redirect(address(ROUTE, left))

    @rx.event
    async def show_raw(self) -> None:
        """Unfold, or fold, the stored events under the timeline."""
        self._wants_raw = not self._wants_raw
        await self._refresh()

    @rx.event(temporal=True)
    async def retry(self, message_id: int) -> None:
        """Put one failed message back in the line."""
        if who := await self._allowed(may_send):
            db, now = runtime.current().db, runtime.current().clock.now()
            n = await db.write(
                queue.retry_failed,
                who.wedding_id,
                now=now,
                message_ids=[number_of(message_id)],
            )
            self._tell("success", say(self._lang(who), "queue.retried", n=n))

    @rx.event(temporal=True)
    async def force(self, message_id: int) -> None:
        """Send one now, past the limits."""
        await self._change(queue.force, message_id, done="queue.force.done")

    @rx.event(temporal=True)
    async def cancel(self, message_id: int) -> None:
        """Take one out of the queue for good."""
        await self._change(queue.cancel, message_id, done="queue.cancel.done")

    @rx.event(temporal=True)
    async def set_aside(self, message_id: int) -> None:
        """Hold one back until it is let go."""
        if who := await viewer(self):
            change = functools.partial(queue.hold_back, by=who.user_id)
            await self._change(change, message_id, done="queue.hold.done")

    @rx.event(temporal=True)
    async def let_go(self, message_id: int) -> None:
        """Let one go on that was set aside."""
        await self._change(queue.let_go, message_id, done="queue.release.done")

    @rx.event(temporal=True)
    async def hurry(self, message_id: int, priority: int) -> None:
        """Let one go sooner or later than others: 1 first, 5 last."""
        change = functools.partial(queue.set_priority, priority=int(priority))
        await self._change(change, message_id, done="queue.hurry.done")

    async def _change(
        self, change: Callable[..., None], message_id: int, *, done: str
    ) -> bool:
        who = await self._allowed(may_send)
        if who is None:
            return False
        db, now = runtime.current().db, runtime.current().clock.now()
        work = db.write(change, who.wedding_id, int(message_id), now=now)
        return await self._do(work, done=done)

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        asked, app = self._asked_for(), runtime.current()
        wish, opened = wish_of(asked), number_of(asked.get("message", ""))
        still = self._still and self._answered == wish
        keep = [row["id"] for row in self.rows] if still else []
        # A new filter selects nobody; another page of it keeps who is selected.
        other = not same_list(wish, self._answered)
        chosen = NOBODY if other else self._chosen(wish)
        now = app.clock.now()
        screen = await app.db.read(
            queue_screen,
            who.wedding_id,
            wish,
            opened,
            now=now,
            keep=keep,
            chosen=chosen,
            offer=not other and self.page_chosen == "all",
        )
        speech = Speech(self._lang(who), ZoneInfo(screen.page.zone), now)
        return {
            "shown": wish.state,
            "searched": wish.search,
            "opened": opened,
            "rule": wish.rule,
            "_answered": wish,
            **({"selected": [], "everybody": False} if other else {}),
            "chosen": screen.selected.n,
            "able": dict(screen.selected.able),
            "matching": screen.matching,
            "may_send": may_send(who),
            "run": run_view(app.runs.of(who.wedding_id)),
            **_list_values(screen.page, speech),
            **_phase_values(screen, self._played),
            **_panel_values(screen.detail, speech, raw=self._wants_raw),
            **await waiting_values(who),
        }

    def _chosen(self, wish: Wish) -> Chosen:
        if self.everybody:
            return Chosen(wish=wish)
        return Chosen(ids=tuple(self.selected))


def same_list(one: Wish, other: Wish) -> bool:
    """Whether both ask for the same messages, be it another page of them."""
    return (one.state, one.search, one.rule) == (other.state, other.search, other.rule)


def wish_of(asked: Mapping[str, str]) -> Wish:
    """Read the URL's query; what it cannot mean is left out."""
    state = asked.get("state", "")
    return Wish(
        state=state if state in STATES else "",
        search=asked.get("q", "").strip()[:_SEARCH_LONGEST],
        after=asked.get("after", ""),
        before=asked.get("before", ""),
        rule=asked.get("rule", "") if asked.get("rule") in RULES else "",
    )


def _list_values(page: QueuePage, speech: Speech) -> dict[str, Any]:
    whole = sum(page.counts.values())
    return {
        "rows": [row_view(row) for row in page.rows],
        "states": {str(row.id): row.state for row in page.rows},
        "notes": notes(page, speech),
        "newer": page.newer,
        "older": page.older,
        "fresh": page.fresh,
        "counts": dict(page.counts),
        "total": page.total,
        "missed": page.missed,
        "total_of_all": whole,
        "retryable": page.retryable,
        "lanes": [lane_view(lane, speech) for lane in page.lanes],
    }


def _phase_values(screen: Screen, played: Mapping[int, int] | None) -> dict[str, Any]:
    current = screen.page.phases
    if played is None:
        play = first_look(current, screen.recent)
    else:
        play = next_look(current, screen.recent, played)
    return {
        "phases": {str(i): phase for i, phase in play.overlay.items()},
        "_played": dict(play.last),
        "_more": play.more,
    }


def _panel_values(
    detail: Detail | None, speech: Speech, *, raw: bool
) -> dict[str, Any]:
    if detail is None:
        return {"panel": NOTHING, "steps": [], "tries": [], "raw": ""}
    return {
        "panel": panel_view(detail, speech),
        "steps": step_views(detail, speech),
        "tries": try_views(detail, speech),
        "raw": raw_events(detail) if raw else "",
    }
