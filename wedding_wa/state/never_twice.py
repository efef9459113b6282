"""state: the proof page: what became of every message, and whether any went twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import never_twice
from wedding_wa.services.never_twice import EVIDENCE, LINES, PERSON, Proof, Recount
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer

#: How a doubt can have ended, as the page names it.
ENDINGS = (*EVIDENCE, PERSON)


class LineView(TypedDict):
    """One line of the sum."""

    name: str
    n: int


class RepeatView(TypedDict):
    """One message that WhatsApp has twice; `href` "" where it is archived."""

    key: str
    href: str
    account: str
    who: str
    text: str
    at: str


class CheckView(TypedDict):
    """What counting the rows found; `at` "" before anybody asked."""

    at: str
    rows: int
    counted: int
    sent_twice: int
    shared: int
    in_order: bool


NOT_CHECKED = CheckView(
    at="", rows=0, counted=0, sent_twice=0, shared=0, in_order=False
)


class NeverTwiceState(PageState):
    """What the page shows. `since` is ISO, "" before the first message."""

    lines: list[LineView] = []
    planned: int = 0
    archived: int = 0
    endings: list[LineView] = []
    doubts_ended: int = 0
    doubts_open: int = 0
    duplicates: int = 0
    repeats: list[RepeatView] = []
    since: str = ""
    check: CheckView = NOT_CHECKED
    checking: bool = False

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the figures up to date."""
        return await self._follow()

    @rx.event(background=True, temporal=True)
    async def count_anew(self) -> None:
        """Count every row, beside all else."""
        if not (who := await viewer(self)):
            return
        async with self:
            if self.checking:
                return
            self.checking = True
        app, found = runtime.current(), NOT_CHECKED
        try:
            found = _check(
                await app.db.read(
                    never_twice.recount, who.wedding_id, now=app.clock.now()
                )
            )
        finally:
            async with self:
                self.checking = False
                self.check = found

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        found = await runtime.current().db.read(never_twice.proof, who.wedding_id)
        endings = _endings(found)
        return {
            "lines": [LineView(name=name, n=found.lines[name]) for name in LINES],
            "planned": found.planned,
            "archived": found.archived,
            "endings": endings,
            "doubts_ended": sum(one["n"] for one in endings),
            "doubts_open": found.lines["unconfirmed"],
            "duplicates": found.duplicates,
            "repeats": [_repeat(one) for one in found.repeats],
            "since": found.since.isoformat() if found.since else "",
        }


def _endings(found: Proof) -> list[LineView]:
    """Every way in which a doubt ended at least once; one that is unknown here (an
    older version's) counts as evidence of the chat."""
    counts = dict.fromkeys(ENDINGS, 0)
    for name, n in found.settled.items():
        counts[name if name in counts else "chat"] += n
    return [LineView(name=name, n=n) for name, n in counts.items() if n]


def _repeat(one: never_twice.Repeat) -> RepeatView:
    return RepeatView(
        key=f"{one.message_id}-{one.sent_at.isoformat()}",
        href=f"/queue?message={one.message_id}" if one.text else "",
        account=one.account,
        who=one.who,
        text=one.text,
        at=one.sent_at.isoformat(),
    )


def _check(found: Recount) -> CheckView:
    return CheckView(
        at=found.at.isoformat(),
        rows=found.rows,
        counted=found.counted,
        sent_twice=found.sent_twice,
        shared=found.shared,
        in_order=found.in_order,
    )
