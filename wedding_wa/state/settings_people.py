"""state: Settings, People: who may log in, one's own password and browsers.

Passwords come in with an event and go to the service; no variable ever holds one, so
none can come back to a browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.services import people
from wedding_wa.services.rights import may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

Texts = dict[str, str]


class Member(TypedDict):
    """Somebody with a login. `seen_at` is ISO 8601, "" for who is logged in nowhere."""

    id: int
    email: str
    name: str
    role: str
    seen_at: str
    you: bool


class Seat(TypedDict):
    """A browser in which the reader is logged in."""

    program: str
    system: str
    seen_at: str
    here: bool


class PeopleState(PageState):
    """Who may log in. `added` and `changed` count successes: forms then clear."""

    members: list[Member] = []
    seats: list[Seat] = []
    may_edit: bool = True
    own_email: str = ""
    wrong_new: Texts = {}
    wrong_own: Texts = {}
    added: int = 0
    changed: int = 0

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the lists up to date."""
        return await self._follow()

    @rx.event
    async def add(self, form: dict[str, Any]) -> None:
        """Give somebody a login. `form`: email, name, password, again."""
        if (who := await self._allowed(may_manage)) is None:
            return
        self.wrong_new = await self._wrong(_add(who, form))
        if not self.wrong_new:
            self.added += 1
            await self._refresh()
            self._tell("success", say(self._lang(), "people.added"))

    @rx.event(temporal=True)
    async def remove(self, user_id: int) -> None:
        """End somebody's login."""
        if who := await self._allowed(may_manage):
            await self._do(_remove(who, user_id), done="people.removed")
            await self._refresh()

    @rx.event
    async def change_password(self, form: dict[str, Any]) -> None:
        """Change the reader's own password. `form`: current, password, again."""
        if (who := await viewer(self)) is None:
            return
        self.wrong_own = await self._wrong(_change(who, form))
        if not self.wrong_own:
            self.changed += 1
            await self._refresh()
            self._tell("success", say(self._lang(), "people.password_changed"))

    @rx.event(temporal=True)
    async def end_others(self) -> None:
        """Log the reader out of every other browser."""
        if who := await viewer(self):
            work = runtime.current().db.write(people.end_others, who)
            await self._do(work, done="people.others_ended")
            await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        db, now = runtime.current().db, runtime.current().clock.now()
        members = await db.read(people.people, who.wedding_id, now=now)
        seats = await db.read(people.browsers, who, now=now)
        return {
            "members": [_member(one, who) for one in members],
            "seats": [_seat(one) for one in seats],
            "may_edit": may_manage(who),
            "own_email": who.email,
        }

    async def _wrong(self, work: Awaitable[object]) -> Texts:
        """Return the sentence beside the wrong field; "" is the form as a whole."""
        try:
            await work
        except BadInput as error:
            return {error.field: say(self._lang(), error.code, **error.params)}
        except Refused as error:
            return {"form": say(self._lang(), error.code, **error.params)}
        return {}


async def _add(who: Viewer, form: Mapping[str, Any]) -> None:
    now = runtime.current()
    await now.db.write(
        people.let_in,
        who,
        email=_text(form, "email"),
        name=_text(form, "name"),
        password=_text(form, "password"),
        again=_text(form, "again"),
        now=now.clock.now(),
    )


async def _change(who: Viewer, form: Mapping[str, Any]) -> None:
    now = runtime.current()
    await people.change_own_password(
        now.db,
        who,
        current=_text(form, "current"),
        new=_text(form, "password"),
        again=_text(form, "again"),
        clock=now.clock,
    )


async def _remove(who: Viewer, user_id: int) -> None:
    now = runtime.current()
    await now.db.write(people.take_out, who, user_id, now=now.clock.now())


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "") if isinstance(form, Mapping) else ""
    return value if isinstance(value, str) else ""


def _member(one: people.Person, who: Viewer) -> Member:
    return Member(
        id=one.user_id,
        email=one.email,
        name=one.name,
        role=one.role.value,
        seen_at=one.seen_at.isoformat() if one.seen_at else "",
        you=one.user_id == who.user_id,
    )


def _seat(one: people.Browser) -> Seat:
    return Seat(
        program=one.program,
        system=one.system,
        seen_at=one.seen_at.isoformat(),
        here=one.here,
    )
