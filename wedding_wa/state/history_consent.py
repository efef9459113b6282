"""state: chats from before the app: the owner looks, then records.

What was found stays in the process (`services.history_consent`); here is only what the
page shows of it.
"""

from __future__ import annotations

from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import history_consent
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history_look import Look, Progress, Verdict
from wedding_wa.services.rights import may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.base import PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

# The page hears of a look's progress no more often than this.
_PULSE_SECONDS = 0.25


class LookView(TypedDict):
    """How a look at one account's chats stands: `step` is "", looking, done, stopped
    or trouble; `trouble` is the last part of its words' key."""

    account: str
    step: str
    done: int
    total: int
    found: int
    known: int
    trouble: str


class FoundView(TypedDict):
    """A guest who has written. `verdict` free, unsure or stopped; `sentence` is what
    they said of STOP, "" for nothing."""

    key: str
    account: str
    name: str
    household: str
    wrote_at: str
    verdict: str
    sentence: str
    chosen: bool


class HistoryState(PageState):
    """What the section shows; `looks` is by account key."""

    looks: dict[str, LookView] = {}
    found: list[FoundView] = []
    chosen: int = 0
    looking: bool = False
    may_look: bool = False

    # The keys of the guests whom the owner has taken out, or put in, by hand.
    _by_hand: dict[str, bool] = {}
    _stop: bool = False

    @rx.event
    async def recall(self) -> None:
        """Show what an earlier look found and nobody has recorded: the page's start."""
        if who := await viewer(self):
            self.may_look = may_manage(who)
            if self.may_look and not self.looking:
                await self._show(who)

    @rx.event(background=True, temporal=True)
    async def look(self) -> None:
        """Look through the chats of both accounts; nothing is stored."""
        who = await viewer(self)
        if who is None or not may_manage(who):
            return
        async with self:
            if self.looking:
                return
            self.looking, self._stop, self._by_hand = True, False, {}
            self.looks, self.found, self.chosen = {}, [], 0
        try:
            for key in ACCOUNT_KEYS:
                await self._look_at(who, key)
        finally:
            async with self:
                self.looking = False
                await self._show(who)

    @rx.event
    def stop(self) -> None:
        """End the look; what it has found so far stays."""
        self._stop = True

    @rx.event(temporal=True)
    async def choose(self, key: str, on: bool) -> None:
        """Put a guest into what will be recorded, or take them out."""
        who = await viewer(self)
        if who and may_manage(who):
            self._by_hand = {**self._by_hand, str(key): on is True}
            await self._show(who)

    @rx.event
    async def forget(self) -> None:
        """Throw away what was found."""
        who = await viewer(self)
        if who is None or self.looking or not may_manage(who):
            return
        for key in ACCOUNT_KEYS:
            history_consent.forget(runtime.current().clients, await _id_of(who, key))
        self.looks, self.found, self.chosen, self._by_hand = {}, [], 0, {}

    @rx.event(temporal=True)
    async def record(self) -> None:
        """Keep the messages of the guests chosen, and by them the consents."""
        if self.looking or not (who := await self._allowed(may_manage)):
            return
        app, recorded = runtime.current(), 0
        for key in ACCOUNT_KEYS:
            recorded += await history_consent.record_kept(
                app.db,
                app.clients,
                await _id_of(who, key),
                [
                    int(one["key"].partition("-")[2])
                    for one in self.found
                    if one["account"] == key and one["chosen"]
                ],
                by=who.user_id,
                now=app.clock.now(),
            )
        words = say(self._lang(who), "activation.before.recorded", n=recorded)
        self._tell("success" if recorded else "info", words)
        await self._show(who)

    async def _look_at(self, who: Viewer, key: str) -> None:
        app = runtime.current()
        pulse = float("-inf")

        async def told(progress: Progress) -> bool:
            nonlocal pulse
            if app.clock.monotonic() - pulse < _PULSE_SECONDS:
                return True
            pulse = app.clock.monotonic()
            async with self:
                self.looks = {**self.looks, key: _under_way(key, progress)}
                return not self._stop

        account_id = await _id_of(who, key)
        seen = await history_consent.look(
            app.db, app.clients, account_id, app.clock, told=told
        )
        async with self:
            self.looks = {**self.looks, key: _look_view(key, seen)}

    async def _show(self, who: Viewer) -> None:
        """Assign what is kept of the looks."""
        app = runtime.current()
        looks, found = dict(self.looks), []
        for key in ACCOUNT_KEYS:
            seen = history_consent.kept(
                app.clients, await _id_of(who, key), now=app.clock.now()
            )
            if seen is None:
                continue
            looks[key] = _look_view(key, seen)
            found += _found_views(key, seen, self._by_hand)
        chosen = sum(one["chosen"] for one in found)
        self._assign({"looks": looks, "found": found, "chosen": chosen})


def _found_views(key: str, seen: Look, by_hand: dict[str, bool]) -> list[FoundView]:
    views = []
    for one in seen.writers:
        name = f"{key}-{one.guest_id}"
        free = one.verdict is Verdict.FREE
        wanted = by_hand.get(name, free) and one.verdict is not Verdict.STOPPED
        views.append(
            FoundView(
                key=name,
                account=key,
                name=one.name,
                household=one.household if one.household != one.name else "",
                wrote_at=one.wrote_at.isoformat(),
                verdict=one.verdict.value,
                sentence=one.sentence,
                chosen=wanted,
            )
        )
    return views


def _under_way(key: str, progress: Progress) -> LookView:
    return LookView(
        account=key,
        step="looking",
        done=progress.done,
        total=progress.total,
        found=progress.found,
        known=0,
        trouble="",
    )


def _look_view(key: str, seen: Look) -> LookView:
    step = "done" if seen.finished else "stopped"
    return LookView(
        account=key,
        step="trouble" if seen.trouble else step,
        done=seen.read,
        total=seen.chats,
        found=len(seen.writers),
        known=seen.known,
        trouble=seen.trouble.value if seen.trouble else "",
    )


async def _id_of(who: Viewer, key: str) -> int:
    return await runtime.current().db.read(account_id_of, who.wedding_id, key)
