"""state: Settings, Maintenance: what runs by itself, and for how long things are kept.

What is typed into the form and not yet saved lives in this tab.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.retention import (
    BOUNDS,
    FIELDS,
    Retention,
    as_texts,
    changed,
    from_stored,
)
from wedding_wa.services import chore_rows
from wedding_wa.services.maintenance_views import (
    ChoreState,
    ChoreView,
    Screen,
    maintenance_screen,
)
from wedding_wa.services.retention_policy import save_retention
from wedding_wa.services.rights import may_control, may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import storable
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

#: What chores count, in the order in which it is told.
DID = (
    "connected",
    "lost",
    "retried",
    "settled",
    "freed",
    "rescued",
    "unacknowledged",
    "lists",
    "archived",
    "deleted",
    "tries",
    "webhooks",
    "refusals",
    "history",
    "logins",
    "optimised",
)

_LONGEST = 40
_SECOND_MS = 1000
_MINUTE = timedelta(minutes=1)

Texts = dict[str, str]


class ChoreRow(TypedDict):
    """One chore as the page shows it; the moments are ISO 8601, "" for none.

    `lately`: it comes so often that its runs are not all written: only this is known.
    """

    name: str
    state: str
    when: str
    ran_at: str
    lately: bool
    next_at: str
    took: str
    told: str
    wrong: str


class MaintenanceState(PageState):
    """The chores, and the retention policy as saved, as typed, and what is wrong."""

    chores: list[ChoreRow] = []
    asleep: bool = False
    may_run: bool = False
    may_edit: bool = True
    saved: Texts = {}
    typed: Texts = {}
    wrong: Texts = {}
    # The action as it will be once saved: the days belong to it.
    action: str = ""

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the chores up to date; what is being typed stays."""
        return await self._follow()

    @rx.event(temporal=True)
    async def run_now(self, name: str) -> None:
        """Ask for a run; whichever process keeps the chores hears it."""
        if who := await self._allowed(may_control):
            app = runtime.current()
            asked = app.db.write(
                chore_rows.want,
                storable(name, _LONGEST),
                wedding_id=who.wedding_id,
                by=who.user_id,
                now=app.clock.now(),
            )
            await self._do(asked)
            await self._refresh()

    @rx.event()
    async def write(self, name: str, text: str) -> None:
        """Take what was typed or chosen; one that equals what is saved is no change."""
        if name not in FIELDS or not isinstance(text, str):
            return
        typed = {n: t for n, t in self.typed.items() if n != name}
        if text.strip() != self.saved.get(name):
            typed[name] = text[:_LONGEST]
        self._show(typed)

    @rx.event()
    async def discard(self) -> None:
        """Forget what was typed."""
        self._show({})

    @rx.event()
    async def save(self, _form: dict[str, Any] | None = None) -> None:
        """Save what was typed, if it makes sense."""
        if await viewer(self) is None or not self.typed or self.wrong:
            return  # the bar says what is to be looked at
        if (who := await self._allowed(may_manage)) is None:
            return
        if await self._do(_save(who, self.typed), done="common.saved"):
            self._show({})
            await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        app, lang = runtime.current(), self._lang(who)
        screen: Screen = await app.db.read(
            maintenance_screen,
            who.wedding_id,
            settle_after=timedelta(seconds=app.settings.settle_after_seconds),
            now=app.clock.now(),
        )
        return {
            "chores": [row_of(chore, lang) for chore in screen.chores],
            "asleep": screen.asleep,
            "may_run": may_control(who),
            "may_edit": may_manage(who),
            "saved": dict(screen.retention),
        }

    def _assign(self, values: Mapping[str, object]) -> None:
        """Derive what hangs on it: somebody may have typed, or saved elsewhere."""
        super()._assign(values)
        if "saved" in values:
            same = self.saved
            self._show({n: t for n, t in self.typed.items() if t.strip() != same[n]})

    def _show(self, typed: Texts) -> None:
        action = typed.get("failed_action", self.saved.get("failed_action", ""))
        wrong = faults(self.saved, typed, self._lang())
        super()._assign({"typed": typed, "wrong": wrong, "action": action})


def row_of(chore: ChoreView, lang: str) -> ChoreRow:
    """The chore in the reader's words."""
    return {
        "name": chore.name,
        "state": chore.state.value,
        "when": _when(chore, lang),
        "ran_at": chore.ran_at.isoformat() if chore.ran_at else "",
        "lately": _ran_lately(chore),
        "next_at": chore.next_at.isoformat() if chore.next_at else "",
        "took": _took(chore.took_ms, lang),
        "told": _told(chore, lang),
        "wrong": _wrong(chore, lang),
    }


def faults(saved: Mapping[str, str], typed: Mapping[str, str], lang: str) -> Texts:
    """A sentence for every typed field that would be refused."""
    wrong: Texts = {}
    now = from_stored(dict(saved)) if saved else Retention()
    for name, text in typed.items():
        try:
            changed(now, {name: text})
        except BadInput as error:
            wrong[name] = say(lang, error.code, **error.params)
    return wrong


def bounds(name: str) -> dict[str, str]:
    """What stands under a field of days: its usual value and its ends."""
    low, high = BOUNDS[name]
    usual = as_texts(Retention())[name]
    return {"usual": usual, "low": str(low), "high": str(high)}


def _when(chore: ChoreView, lang: str) -> str:
    if chore.daily is not None:
        return say(lang, "maintenance.every.night", time=f"{chore.daily:%H:%M}")
    seconds = round(chore.every.total_seconds()) if chore.every else 0
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return say(lang, f"maintenance.every.{unit}", n=seconds // size)
    return say(lang, "maintenance.every.seconds", n=seconds)


def _ran_lately(chore: ChoreView) -> bool:
    """Its row tells of it once a minute; were it late, its state would say so."""
    often = chore.every is not None and chore.every < _MINUTE
    return often and chore.state is ChoreState.WELL


def _took(ms: int | None, lang: str) -> str:
    if ms is None:
        return ""
    if ms < _SECOND_MS:
        return say(lang, "maintenance.took_ms", ms=ms)
    seconds = f"{ms / _SECOND_MS:.1f}".replace(".", say(lang, "limits.decimal_mark"))
    return say(lang, "maintenance.took_s", seconds=seconds)


def _told(chore: ChoreView, lang: str) -> str:
    """What the last run did; "" while it is not known."""
    if chore.took_ms is None or chore.error is not None:
        return ""
    did = [
        say(lang, f"maintenance.did.{name}", n=chore.did[name])
        for name in DID
        if name in chore.did
    ]
    return " ".join(did) or say(lang, f"maintenance.nothing.{chore.name}")


def _wrong(chore: ChoreView, lang: str) -> str:
    if chore.error is None or chore.state is ChoreState.RUNNING:
        return ""
    if "." in chore.error:
        why = say(lang, chore.error)
    else:
        why = say(lang, "maintenance.fault", name=chore.error)
    return f"{say(lang, 'maintenance.failed', n=chore.failures)} {why}"


async def _save(who: Viewer, texts: Mapping[str, str]) -> None:
    app = runtime.current()
    await app.db.write(
        save_retention,
        who.wedding_id,
        texts,
        now=app.clock.now(),
        by=who.user_id,
    )
