"""state: the overview: what is still to do, what needs a person, what went lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import overview as services
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.lines import LineState, MessageLine, line_states, message_lines
from wedding_wa.state.not_written import NotWritten, waiting_values
from wedding_wa.state.ribbons import Ended, Reader, ended


class Step(TypedDict):
    """One tick; `key` is the last part of its words' keys."""

    key: str
    done: bool
    next: bool


class Concern(TypedDict):
    """Something that needs a person; `what` is the last part of its words' keys."""

    id: str
    what: str
    account: str
    n: int


class Plan(TypedDict):
    """How an account's sending ends; `done_at` is "" where nobody can tell."""

    linked: bool
    done_at: str


class OverviewState(NotWritten, PageState):
    """What the page shows."""

    steps: list[Step] = []
    concerns: list[Concern] = []
    # What was over lately; what is open has every page (PageState.ribbons).
    ended: list[Ended] = []
    # By account key; the figures beside it are in the strip.
    plans: dict[str, Plan] = {}
    lines: list[MessageLine] = []
    states: dict[str, LineState] = {}

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the page up to date."""
        return await self._follow()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        db, now = runtime.current().db, runtime.current().clock.now()
        found = await db.read(services.overview, who.wedding_id, now=now)
        lang = self._lang(who)
        return {
            "steps": _steps(found.steps),
            "concerns": [_concern(one) for one in found.concerns],
            "ended": ended(found.ended, Reader(who, lang, now)),
            "plans": {one.key: _plan(one) for one in found.plans},
            "lines": message_lines(found.newest),
            "states": line_states(found.newest, lang=lang, zone=who.time_zone, now=now),
            **await waiting_values(who),
        }


def _steps(steps: tuple[services.Step, ...]) -> list[Step]:
    open_keys = [step.key for step in steps if not step.done]
    return [
        Step(key=step.key, done=step.done, next=[step.key] == open_keys[:1])
        for step in steps
    ]


def _concern(one: services.Concern) -> Concern:
    return Concern(
        id=f"{one.what}-{one.account}", what=one.what, account=one.account, n=one.n
    )


def _plan(one: services.Plan) -> Plan:
    return Plan(
        linked=one.linked,
        done_at=one.done_at.isoformat() if one.done_at else "",
    )
