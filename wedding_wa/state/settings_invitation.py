"""state: Settings, Invitation: its texts by language, day and place, cover, preview.

What is typed and not yet saved lives in the tab's own store (`kept`), for all languages
at once: neither a change of page nor a restarted server loses it. `Save` saves it all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.invitation import GUEST_LANGUAGES, TEXTS
from wedding_wa.services.invitation_cover import remove_cover
from wedding_wa.services.invitation_texts import (
    all_texts,
    packed,
    reset_texts,
    save_texts,
    wrong_texts,
)
from wedding_wa.services.invitation_view import SAMPLE_CODE, cover_of, unlinked_sides
from wedding_wa.services.invitations import couple_name, greeting_text
from wedding_wa.services.rights import may_control
from wedding_wa.services.sessions import Viewer
from wedding_wa.services.wedding_details import change_details, details, wrong_details
from wedding_wa.state.base import Leave, PageState
from wedding_wa.words import say
from wedding_wa.words.invitation import default_texts, guest_language, guest_say

PREVIEW_PATH = "/settings/invitation/preview"
DETAIL_NAMES = ("day", "place", "guest_language")
# The details belong to no language.
WEDDING = "wedding"
_LONGEST = 6_000

Texts = dict[str, str]
# (language or WEDDING) -> name -> text
Typed = dict[str, Texts]


class InvitationState(PageState):
    """One language at a time; what was typed, of all."""

    language: str = ""
    may_edit: bool = True
    # By name, of the language that is shown, and of the wedding.
    saved: Texts = {}
    typed: Texts = {}
    wrong: Texts = {}
    own: list[str] = []
    unsaved: int = 0
    # By language: what is not saved yet, and whether it has words of the couple's own.
    unsaved_in: dict[str, int] = dict.fromkeys(GUEST_LANGUAGES, 0)
    rewritten: dict[str, bool] = dict.fromkeys(GUEST_LANGUAGES, False)
    greeting: str = ""
    preview: str = ""
    cover: str = ""
    cover_kb: int = 0
    # Sides whose number is not linked: their letters have no button yet.
    unlinked: list[str] = []
    # Where links begin, if nobody else can open them; else "".
    local: str = ""

    kept: str = rx.SessionStorage("", name="invitation-typed")

    _all: Typed = {}

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep texts and cover up to date; what is being typed stays."""
        return await self._follow()

    @rx.event()
    async def choose(self, language: str) -> None:
        """Show another language; what was typed is kept."""
        if language in GUEST_LANGUAGES:
            self.language = language
            self._show()

    @rx.event()
    async def write(self, part: str, name: str, text: str) -> None:
        """Take what was typed; a text that equals what is saved is no change."""
        known = DETAIL_NAMES if part == WEDDING else tuple(TEXTS)
        if part not in (WEDDING, *GUEST_LANGUAGES) or name not in known:
            return
        typed = self._typed()
        texts = {n: t for n, t in typed.get(part, {}).items() if n != name}
        if str(text) != self._all.get(part, {}).get(name):
            texts[name] = str(text)[:_LONGEST]
        self._keep({**typed, part: texts})

    @rx.event()
    async def discard(self) -> None:
        """Forget what was typed, in all languages."""
        self._keep({})

    @rx.event()
    async def save(self, _form: dict[str, Any] | None = None) -> None:
        """Save what was typed in all languages, if all of it makes sense."""
        who, typed = await self._allowed(may_control), self._typed()
        if who is None or not typed:
            return
        wrong = [p for p, texts in typed.items() if _faults(p, texts, "en")]
        if wrong:
            if wrong[0] in GUEST_LANGUAGES:
                self.language = wrong[0]
                self._show()
            self._tell("error", say(self._lang(), "limits.look_again"))
            return
        if await self._do(_save(who, typed), done="common.saved"):
            self._assign({"kept": ""})
            await self._refresh()

    @rx.event(temporal=True)
    async def reset_words(self) -> None:
        """Say what we propose again, in the language that is shown."""
        who, now = await self._allowed(may_control), runtime.current()
        if who is None:
            return
        await now.db.write(
            reset_texts,
            who.wedding_id,
            self.language,
            now=now.clock.now(),
            by=who.user_id,
        )
        rest = {p: t for p, t in self._typed().items() if p != self.language}
        self._keep(rest)
        await self._refresh()

    @rx.event(temporal=True)
    async def remove_picture(self) -> None:
        """Let the letter go without its cover."""
        who, now = await self._allowed(may_control), runtime.current()
        if who is None:
            return
        await now.db.write(
            remove_cover, who.wedding_id, now=now.clock.now(), by=who.user_id
        )
        await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        db = runtime.current().db
        texts = await db.read(all_texts, who.wedding_id)
        wedding = await db.read(details, who.wedding_id)
        cover = await db.read(cover_of, who.wedding_id)
        return {
            "_all": {**texts, WEDDING: {n: wedding[n] for n in DETAIL_NAMES}},
            "may_edit": may_control(who),
            "local": _local_links(),
            "unlinked": await db.read(unlinked_sides, who.wedding_id),
            "cover": cover.digest if cover else "",
            "cover_kb": cover.kilobytes if cover else 0,
        }

    def _assign(self, values: Mapping[str, object]) -> None:
        """Derive what is shown only now: somebody may have typed meanwhile."""
        super()._assign(values)
        if "_all" in values:
            if self.language not in GUEST_LANGUAGES:
                self.language = guest_language(self._all[WEDDING]["guest_language"])
            self._show()

    def _typed(self) -> Typed:
        """What was typed and differs from what is saved, by part; empty parts not."""
        parts = typed_in(self.kept)
        changed = {
            part: {n: t for n, t in texts.items() if t != self._all[part].get(n)}
            for part, texts in parts.items()
            if part in self._all
        }
        return {part: texts for part, texts in changed.items() if texts}

    def _keep(self, typed: Typed) -> None:
        some = {part: texts for part, texts in typed.items() if texts}
        self._assign({"kept": json.dumps(some) if some else ""})
        self._show()

    def _show(self) -> None:
        """Show the chosen language with what was typed in it."""
        typed, part = self._typed(), self.language
        here = {**typed.get(WEDDING, {}), **typed.get(part, {})}
        texts = {**self._all[part], **typed.get(part, {})}
        lang = self._lang()
        wrong = {
            **_faults(WEDDING, typed.get(WEDDING, {}), lang),
            **_faults(part, typed.get(part, {}), lang),
        }
        defaults = default_texts(part)
        self._assign(
            {
                "saved": {**self._all[WEDDING], **self._all[part]},
                "typed": here,
                "wrong": wrong,
                "own": [n for n, text in texts.items() if text != defaults[n]],
                "unsaved": sum(len(some) for some in typed.values()),
                "unsaved_in": {p: len(typed.get(p, {})) for p in GUEST_LANGUAGES},
                "rewritten": {
                    p: self._all[p] != default_texts(p) for p in GUEST_LANGUAGES
                },
                "greeting": self._greeting(texts["greeting"]),
                "preview": self._preview(here),
            }
        )

    def _greeting(self, template: str) -> str:
        """The message as a guest would send it."""
        return greeting_text(
            self.language,
            code=SAMPLE_CODE,
            couple=couple_name(self.groom_name, self.bride_name),
            household=guest_say(self.language, "sample"),
            template=template,
        )

    def _preview(self, drafts: Texts) -> str:
        """The preview's address; it changes with whatever the page would show."""
        shown = {"language": self.language, "v": _version(self._all, self.cover)}
        if drafts:
            shown["draft"] = packed(drafts)
        return f"{PREVIEW_PATH}?{urlencode(shown)}"


def typed_in(kept: str) -> Typed:
    """Return what the tab's store holds. The browser could put anything there: what
    does not fit is as if nothing had been typed."""
    try:
        found = json.loads(kept) if kept else {}
        return {
            part: {
                name: text[:_LONGEST]
                for name, text in texts.items()
                if name in _names(part) and isinstance(text, str)
            }
            for part, texts in found.items()
            if part in (WEDDING, *GUEST_LANGUAGES)
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}


def _local_links() -> str:
    """Where links begin, if only this machine understands it; else nothing. With the
    simulator nobody is really invited."""
    settings = runtime.current().settings
    here = urlsplit(settings.public).hostname in ("localhost", "127.0.0.1", "::1")
    return settings.public if here and not settings.simulated else ""


def _names(part: str) -> tuple[str, ...]:
    return DETAIL_NAMES if part == WEDDING else tuple(TEXTS)


def _faults(part: str, texts: Texts, lang: str) -> Texts:
    wrong = wrong_details(texts) if part == WEDDING else wrong_texts(texts)
    return {name: _sentence(error, lang) for name, error in wrong.items()}


def _sentence(error: BadInput, lang: str) -> str:
    return say(lang, error.code, **error.params)


def _version(texts: Typed, cover: str) -> str:
    """A short name for what is saved, so that the preview sees others' changes too."""
    content = json.dumps([texts, cover], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:10]


async def _save(who: Viewer, typed: Typed) -> None:
    """Save all parts; each is checked again where it is stored."""
    app = runtime.current()
    when: dict[str, Any] = {"now": app.clock.now(), "by": who.user_id}
    for part, texts in typed.items():
        if part == WEDDING:
            await app.db.write(change_details, who.wedding_id, texts, **when)
        else:
            await app.db.write(save_texts, who.wedding_id, part, texts, **when)
