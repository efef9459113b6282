"""state: the Guests page's forms: a guest, a household, what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import reflex as rx
from reflex_base.event import EventSpec
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput, WeddingError
from wedding_wa.domain.guests import clean_tags
from wedding_wa.services import guest_panel, guests, households
from wedding_wa.services.guest_bulk import Order, Selection, delete_guests
from wedding_wa.services.guests import GuestForm, PhoneTaken
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.asked import number_of, storable
from wedding_wa.state.guests import GuestsState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

_TYPED_LONGEST = 5000


class TakenView(TypedDict):
    """Who has the number that was typed; `id` 0 for nobody."""

    id: int
    name: str


NOT_TAKEN: TakenView = {"id": 0, "name": ""}


class GuestFormsState(GuestsState):
    """The panel's forms. `wrong` is by field; "" is the form as a whole."""

    wrong: dict[str, str] = {}
    taken: TakenView = NOT_TAKEN
    homes: list[str] = []

    # What was typed last, to save it another way.
    _typed: dict[str, str] = {}

    @rx.event
    async def save(self, form: dict[str, Any]) -> EventSpec | None:
        """Add or change the guest that the panel shows."""
        self._typed = _texts(form)
        return await self._save(self._typed)

    @rx.event
    async def share_phone(self) -> EventSpec | None:
        """Save what was typed, on the phone of who has the number."""
        return await self._save({**self._typed, "contact": str(self.taken["id"])})

    @rx.event
    async def save_home(self, form: dict[str, Any]) -> None:
        """Change the household that the panel shows."""
        who = await self._allowed(may_send)
        if who is None:
            return
        texts, db = _texts(form), runtime.current().db
        self.wrong = {}
        try:
            await db.write(
                households.edit_household,
                who.wedding_id,
                self.home["id"],
                name=texts.get("name", ""),
                side=texts.get("side", ""),
                language=texts.get("language", ""),
                notes=texts.get("notes", ""),
                by=who.user_id,
                now=runtime.current().clock.now(),
            )
        except WeddingError as error:
            self._refused(error, who)
            return
        await self._saved(who, "guests.saved_home")

    @rx.event
    async def look_up(self, text: str) -> None:
        """Offer households whose name holds what is being typed."""
        if who := await viewer(self):
            db = runtime.current().db
            self.homes = await db.read(
                guest_panel.suggested, who.wedding_id, storable(text, 200)
            )

    @rx.event
    def forget_form(self) -> None:
        """Another panel is open: what was wrong with the last one is over."""
        self.wrong, self.taken, self.homes = {}, NOT_TAKEN, []

    @rx.event(temporal=True)
    async def delete_opened(self, guest_id: int) -> EventSpec | None:
        """Take the guest off the list and close the panel."""
        who = await self._allowed(may_send)
        if who is None:
            return None
        app = runtime.current()
        order = Order(who.wedding_id, who.user_id, app.clock.now())
        n = await app.db.write(
            delete_guests, order, Selection(ids=(number_of(guest_id),))
        )
        self._tell("success", say(self._lang(who), "guests.done.delete", n=n))
        return rx.redirect(self._address())

    async def _save(self, texts: Mapping[str, str]) -> EventSpec | None:
        who = await self._allowed(may_send)
        if who is None:
            return None
        app = runtime.current()
        self.wrong, self.taken = {}, NOT_TAKEN
        guest_id = self.person["id"]
        try:
            done = await app.db.write(_write, who, guest_id, texts, now=app.clock.now())
        except WeddingError as error:
            self._refused(error, who)
            return None
        await self._saved(who, "guests.saved" if guest_id else "guests.added")
        return None if guest_id else rx.redirect(self._address(guest=done))

    async def _saved(self, who: Viewer, done: str) -> None:
        self._serial += 1
        await self._refresh()
        self._tell("success", say(self._lang(who), done))

    def _refused(self, error: WeddingError, who: Viewer) -> None:
        sentence = say(self._lang(who), error.code, **error.params)
        field = error.field if isinstance(error, BadInput) else ""
        self.wrong = {field: sentence}
        if isinstance(error, PhoneTaken):
            self.taken = {"id": error.guest_id, "name": str(error.params["name"])}


def _texts(form: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(k): storable(v, _TYPED_LONGEST) for k, v in form.items() if v is not None
    }


def _write(
    session: Session,
    who: Viewer,
    guest_id: int,
    texts: Mapping[str, str],
    *,
    now: Any,
) -> int:
    """Read the form, find its household, add or change the guest; the id."""
    current = None
    if guest_id:
        current = guests.guest_of(session, who.wedding_id, guest_id).household_id
    household = texts.get("household", "").strip()
    home = None
    if household:
        home = guest_panel.named(session, who.wedding_id, household, current=current)
    phone = texts.get("phone", "").strip()
    # A tick to stay on somebody's phone counts while no number is typed.
    contact = texts.get("contact", "" if phone else texts.get("shares", ""))
    shares = number_of(contact)
    form = GuestForm(
        name=texts.get("name", ""),
        phone=phone,
        side=texts.get("side", ""),
        language=texts.get("language", ""),
        tags=clean_tags(texts.get("tags", "")),
        notes=texts.get("notes", ""),
        household_id=home,
        household=household,
        contact_id=shares or None,
    )
    if not guest_id:
        return guests.add_guest(session, who.wedding_id, form, by=who.user_id, now=now)
    guests.edit_guest(session, who.wedding_id, guest_id, form, by=who.user_id, now=now)
    return guest_id
