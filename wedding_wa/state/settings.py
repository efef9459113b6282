"""state: Settings, General: the wedding. Language and theme are on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.places import zones_by_region
from wedding_wa.services.rights import may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.wedding_details import (
    DETAILS,
    change_details,
    details,
    wrong_details,
)
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

# (region, ((zone, city), …)): the page has them built in.
ZONES = zones_by_region()

_LONGEST = 200

Texts = dict[str, str]


class SettingsState(PageState):
    """The wedding's details as saved, as typed and not yet saved, and what is wrong."""

    saved: Texts = {}
    typed: Texts = {}
    wrong: Texts = {}
    may_edit: bool = True

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the details up to date; what is being typed stays."""
        return await self._follow()

    @rx.event()
    async def write(self, name: str, text: str) -> None:
        """Take what was typed or chosen; one that equals what is saved is no change."""
        if name not in DETAILS or not isinstance(text, str):
            return
        typed = {n: t for n, t in self.typed.items() if n != name}
        if text != self.saved.get(name):
            typed[name] = text[:_LONGEST]
        self._assign({"typed": typed, "wrong": self._faults(typed)})

    @rx.event()
    async def discard(self) -> None:
        """Forget what was typed."""
        self._assign({"typed": {}, "wrong": {}})

    @rx.event()
    async def save(self, _form: dict[str, Any] | None = None) -> None:
        """Save what was typed, if it makes sense."""
        who = await viewer(self)
        if who is None or not self.typed or self.wrong:
            return  # the bar says what is to be looked at
        if not may_manage(who):
            self._tell("error", say(self._lang(), "error.not_allowed"))
            return
        if await self._do(_save(who, self.typed), done="common.saved"):
            self.typed = {}
            await self._refresh()
            if who := await viewer(self):
                self._greet(who)  # the names in the corner, the zone of all times

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        saved = await runtime.current().db.read(details, who.wedding_id)
        return {"saved": saved, "may_edit": may_manage(who)}

    def _faults(self, typed: Texts) -> Texts:
        return {n: _sentence(self._lang(), e) for n, e in wrong_details(typed).items()}


async def _save(who: Viewer, texts: Texts) -> None:
    now = runtime.current()
    await now.db.write(
        change_details,
        who.wedding_id,
        texts,
        now=now.clock.now(),
        by=who.user_id,
    )


def _sentence(lang: str, error: BadInput) -> str:
    return say(lang, error.code, **error.params)
