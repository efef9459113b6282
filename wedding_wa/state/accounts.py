"""state: the Accounts page: two cards, their codes to scan, what can be done to them.

Each card and each code is a variable of its own, so that a change of one sends only
that one; a picture is sent when it is another picture.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import (
    AccountDown,
    Refused,
    Unreachable,
    WahaError,
    WeddingError,
)
from wedding_wa.services import account_commands as commands
from wedding_wa.services.account_cards import account_cards
from wedding_wa.services.account_commands import Desk
from wedding_wa.services.account_poll import poll
from wedding_wa.services.account_qr import qr_code
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.pausing import set_account_paused
from wedding_wa.services.rights import may_control
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.account_card import (
    NO_CARD,
    NO_CODE,
    UNHEARD,
    Card,
    Code,
    Heard,
    Pairing,
    card_of,
    code_of,
    heard_of,
)
from wedding_wa.state.account_words import pretend_phones
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.session import viewer
from wedding_wa.words import say

ACCOUNT_KEYS = ("groom", "bride")

# A code that changes is told by an event; looking so often repairs a lost one.
_LOOK_SECONDS = 5.0
_CALM_SECONDS = 0.5


class AccountsState(PageState):
    """What the page shows; every dictionary is by account key."""

    groom: Card = NO_CARD
    bride: Card = NO_CARD
    groom_code: Code = NO_CODE
    bride_code: Code = NO_CODE
    heard: dict[str, Heard] = dict.fromkeys(ACCOUNT_KEYS, UNHEARD)
    # The command under way here, "" for none, and the sentence of one that failed.
    busy: dict[str, str] = dict.fromkeys(ACCOUNT_KEYS, "")
    trouble: dict[str, str] = dict.fromkeys(ACCOUNT_KEYS, "")
    pairing: dict[str, Pairing] = {}
    pairing_error: dict[str, str] = dict.fromkeys(ACCOUNT_KEYS, "")

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the cards up to date."""
        return await self._follow()

    @rx.event(background=True)
    async def follow_code(self, key: str) -> None:
        """Keep one account's code up to date, whatever WAHA does meanwhile.

        Apart from the cards: a WAHA that hangs must not hold them up.
        """
        now, seen = runtime.current(), -1
        while key in ACCOUNT_KEYS and (who := await viewer(self)):
            seen = await now.bus.newer(seen, _LOOK_SECONDS if seen >= 0 else 0)
            code = await _code(who, key)
            async with self:
                self._assign({f"{key}_code": code})
                if not code["image"]:
                    self._put("pairing_error", key, "")
                    self._assign({"pairing": _without(self.pairing, key)})
            await now.clock.sleep(_CALM_SECONDS)

    @rx.event(background=True, temporal=True)
    async def command(self, key: str, name: str) -> None:
        """Do one of COMMANDS to an account; the card tells how it ends."""
        do = COMMANDS.get(name)
        who = await viewer(self)
        if who is None or do is None or key not in ACCOUNT_KEYS:
            return
        async with self:
            if self.busy[key]:
                return
            self._put("busy", key, name)
            self._put("trouble", key, "")
        trouble = ""
        try:
            await do(_desk(who), await _account_id(who, key))
        except WeddingError as error:
            trouble = _sentence(self._lang(who), error)
        finally:
            async with self:
                self._put("busy", key, "")
                self._put("trouble", key, trouble)

    @rx.event(background=True, temporal=True)
    async def pair(self, key: str, form: dict[str, Any]) -> None:
        """Ask for a code to type on the phone; `form` has the phone's number."""
        who = await viewer(self)
        if who is None or key not in ACCOUNT_KEYS:
            return
        async with self:
            if self.busy[key]:
                return
            self._put("busy", key, "pair")
            self._put("pairing_error", key, "")
        typed, trouble, code = str(form.get("phone", "")).strip(), "", ""
        try:
            account_id = await _account_id(who, key)
            code = await commands.request_pairing_code(_desk(who), account_id, typed)
        except WeddingError as error:
            trouble = _sentence(self._lang(who), error)
        finally:
            async with self:
                self._put("busy", key, "")
                self._put("pairing_error", key, trouble)
                if code:
                    self._put("pairing", key, Pairing(code=code, typed=typed))

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        now = runtime.current()
        cards = await now.db.read(
            account_cards,
            who.wedding_id,
            now=now.clock.now(),
            simulator_url=pretend_phones(),
        )
        heard = {card.key: heard_of(card) for card in cards}
        return {"heard": heard, **{card.key: card_of(card) for card in cards}}

    def _put(self, name: str, key: str, value: object) -> None:
        """Set one account's entry of a dictionary; the same value sends nothing."""
        self._assign({name: {**getattr(self, name), key: value}})


def _desk(who: Viewer) -> Desk:
    """Where this person's commands are done. Raises Refused for who only looks."""
    if not may_control(who):
        raise Refused("error.not_allowed")
    now = runtime.current()
    return Desk(now.db, now.clients, now.clock, by=who.user_id)


async def _account_id(who: Viewer, key: str) -> int:
    return await runtime.current().db.read(account_id_of, who.wedding_id, key)


async def _ask_again(desk: Desk, account_id: int) -> str:
    return await poll(desk.db, desk.clients, account_id, desk.clock)


async def _set_paused(desk: Desk, account_id: int, *, paused: bool) -> None:
    await desk.db.write(
        set_account_paused,
        account_id,
        paused,
        now=desk.clock.now(),
        by=desk.by,
    )


COMMANDS: Mapping[str, Callable[[Desk, int], Awaitable[object]]] = {
    "start": commands.start,
    "stop": commands.stop,
    "restart": commands.restart,
    "logout": commands.logout,
    "new_code": commands.new_code,
    "ask": _ask_again,
    "pause": functools.partial(_set_paused, paused=True),
    "resume": functools.partial(_set_paused, paused=False),
}


async def _code(who: Viewer, key: str) -> Code:
    """The code to scan now; none while WAHA does not give one."""
    now = runtime.current()
    try:
        account_id = await _account_id(who, key)
        shown = await qr_code(now.db, now.clients, account_id, now.clock)
    except (Refused, WahaError):
        return NO_CODE  # the card's status says what is wrong
    if shown is None:
        return NO_CODE
    return code_of(shown)


def _without(entries: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if name != key}


def _sentence(lang: str, error: WeddingError) -> str:
    """Say why a command was not done. WAHA's faults have words for messages, which
    a command is not."""
    if isinstance(error, Unreachable):
        return say(lang, "accounts.failed.unreachable")
    if isinstance(error, WahaError) and not isinstance(error, AccountDown):
        return say(lang, "accounts.failed.waha")
    return say(lang, error.code, **error.params)
