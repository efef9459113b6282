"""state: Settings, Limits: both numbers' limits as people type them, and what binds.

What is typed and not yet saved lives in the tab's own store (`kept`), so neither a
change of page nor a restarted server loses it; what comes in live touches only fields
in which nothing was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.caution import looser
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.policy import Policy, as_texts, changed
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.limits import make_same, to_defaults
from wedding_wa.services.policies import save_policy
from wedding_wa.services.rights import may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.state.settings_binding import NOT_TOLD, Binding, is_over, limits_now
from wedding_wa.state.settings_hours import (
    Hours,
    rows_of,
    with_row,
    with_time,
    without_row,
)
from wedding_wa.state.settings_kept import LONGEST, entries_of, with_entries
from wedding_wa.state.settings_units import FIELDS, faults, meant, sentence, shown
from wedding_wa.words import say

ACCOUNT_KEYS = ("groom", "bride")
OTHER = {"groom": "bride", "bride": "groom"}

# How often it is looked whether a hold has just ended.
_GLANCE_SECONDS = 1.0

Texts = dict[str, str]


class LimitsState(PageState):
    """One account's limits at a time; what binds, of both."""

    account: str = "groom"
    may_edit: bool = True
    # By field, as shown: what is saved, typed, wrong, changed elsewhere meanwhile.
    saved: Texts = {}
    typed: Texts = {}
    wrong: Texts = {}
    meanwhile: Texts = {}
    usual: Texts = {}
    hours: list[Hours] = []
    # Limits looser than the defaults, as they would be once saved.
    looser: list[str] = []
    unsaved: dict[str, int] = dict.fromkeys(ACCOUNT_KEYS, 0)
    binding: dict[str, Binding] = dict.fromkeys(ACCOUNT_KEYS, NOT_TOLD)

    kept: str = rx.SessionStorage("", name="limits-typed")

    _policies: dict[str, Policy] = {}

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep limits and what binds up to date."""
        return await self._follow()

    @rx.event(background=True)
    async def follow_holds(self) -> None:
        """Look again the moment a hold ends: nothing else may tell."""
        clock = runtime.current().clock
        while True:
            await clock.sleep(_GLANCE_SECONDS)
            ended = any(is_over(one, clock.now()) for one in self.binding.values())
            if ended and (who := await viewer(self)):
                _, binding = await limits_now(who)
                async with self:
                    self._assign({"binding": binding})

    @rx.event()
    async def choose(self, key: str) -> None:
        """Show the other account's limits; what was typed for this one is kept."""
        if key in ACCOUNT_KEYS:
            self.account = key
            self._show()

    @rx.event()
    async def write(self, name: str, text: str) -> None:
        """Take what was typed into a field."""
        if name in FIELDS and isinstance(text, str):
            self._type(name, text)

    @rx.event()
    async def switch(self, name: str, on: bool) -> None:
        """Take a yes or no."""
        if name in FIELDS:
            self._type(name, "true" if on is True else "false")

    @rx.event()
    async def add_hours(self) -> None:
        """Add a row to the sending hours."""
        self._type("windows", with_row(self._text("windows")))

    @rx.event()
    async def remove_hours(self, index: int) -> None:
        """Take a row of the sending hours away; it is gone once saved."""
        self._type("windows", without_row(self._text("windows"), index))

    @rx.event()
    async def set_hours(self, index: int, end: str, time: str) -> None:
        """Set the "start" or the "end" of a row."""
        self._type("windows", with_time(self._text("windows"), index, end, str(time)))

    @rx.event()
    async def discard(self) -> None:
        """Forget what was typed for this account."""
        self._keep(self.account, {})
        self._show()

    @rx.event()
    async def save(self, _form: dict[str, Any] | None = None) -> None:
        """Save what was typed for this account, if it makes sense."""
        who, key = await self._allowed(may_manage), self.account
        if who is None or not self.typed or self.wrong:
            return  # the bar says what is to be looked at
        texts = {name: meant(name, text) for name, text in self.typed.items()}
        try:
            await _save(who, key, texts)
        except BadInput as error:  # somebody else changed the other end meanwhile
            self._assign({"wrong": {error.field: sentence(error, self._lang())}})
            self._tell("error", say(self._lang(), "limits.look_again"))
            return
        self._keep(key, {})
        await self._refresh()
        self._tell("success", self._about("limits.saved", key))

    @rx.event(temporal=True)
    async def reset_limits(self) -> None:
        """Give this account the defaults, and forget what was typed for it."""
        now, key = runtime.current(), self.account
        if (who := await self._allowed(may_manage)) is None:
            return
        await now.db.write(
            to_defaults, who.wedding_id, key, now=now.clock.now(), by=who.user_id
        )
        self._keep(key, {})
        await self._refresh()
        self._tell("success", self._about("limits.were_reset", key))

    @rx.event(temporal=True)
    async def copy_to_other(self) -> None:
        """Give the other account the limits saved for this one."""
        now, key = runtime.current(), self.account
        if (who := await self._allowed(may_manage)) is None:
            return
        await now.db.write(
            make_same,
            who.wedding_id,
            source=key,
            target=OTHER[key],
            now=now.clock.now(),
            by=who.user_id,
        )
        self._keep(OTHER[key], {})
        await self._refresh()
        self._tell("success", say(self._lang(), "limits.same_now"))

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        policies, binding = await limits_now(who)
        return {
            "_policies": policies,
            "binding": binding,
            "may_edit": may_manage(who),
        }

    def _assign(self, values: Mapping[str, object]) -> None:
        """Derive what is shown only now: somebody may have typed meanwhile."""
        super()._assign(values)
        if "_policies" in values:
            self._show()

    def _text(self, name: str) -> str:
        return self.typed.get(name, self.saved.get(name, ""))

    def _type(self, name: str, text: str) -> None:
        """Remember a typed text; one that equals what is saved is no change."""
        entries = entries_of(self.kept, self.account)
        saved = as_texts(self._policy(self.account))[name]
        _, base = entries.pop(name, ("", saved))
        if text.strip() != self.saved.get(name):
            entries[name] = (text[:LONGEST], base)
        self._keep(self.account, entries)
        self._show()

    def _keep(self, key: str, entries: Mapping[str, tuple[str, str]]) -> None:
        self._assign({"kept": with_entries(self.kept, key, entries)})

    def _policy(self, key: str) -> Policy:
        return self._policies.get(key, Policy())

    def _typed_for(self, key: str) -> Texts:
        saved = shown(self._policy(key), self._lang())
        entries = entries_of(self.kept, key)
        return {
            name: text
            for name, (text, _) in entries.items()
            if text.strip() != saved[name]
        }

    def _show(self) -> None:
        """Show the chosen account's limits with what was typed for it."""
        lang, policy = self._lang(), self._policy(self.account)
        saved, typed = shown(policy, lang), self._typed_for(self.account)
        wrong = faults(policy, typed, lang)
        good = {n: meant(n, text) for n, text in typed.items() if n not in wrong}
        values = {
            "saved": saved,
            "typed": typed,
            "wrong": wrong,
            "meanwhile": self._meanwhile(policy, saved, typed),
            "usual": shown(Policy(), lang),
            "hours": rows_of(typed.get("windows", saved["windows"])),
            "looser": sorted(looser(_changed(policy, good))),
            "unsaved": {one: len(self._typed_for(one)) for one in ACCOUNT_KEYS},
        }
        self._assign(values)

    def _meanwhile(self, policy: Policy, saved: Texts, typed: Texts) -> Texts:
        """Fields in which somebody types and that were saved elsewhere meanwhile."""
        now, entries = as_texts(policy), entries_of(self.kept, self.account)
        return {n: saved[n] for n in typed if entries[n][1] != now[n]}

    def _about(self, sentence_key: str, account: str) -> str:
        lang = self._lang()
        return say(lang, sentence_key, account=say(lang, f"common.account.{account}"))


async def _save(who: Viewer, key: str, texts: Mapping[str, str]) -> None:
    now = runtime.current()
    account_id = await now.db.read(account_id_of, who.wedding_id, key)
    await now.db.write(
        save_policy, account_id, texts, now=now.clock.now(), by=who.user_id
    )


def _changed(policy: Policy, texts: Texts) -> Policy:
    """`policy` with those texts; as it is where they do not fit together."""
    try:
        return changed(policy, texts)
    except BadInput:
        return policy
