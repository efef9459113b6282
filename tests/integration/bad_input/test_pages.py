"""Nonsense to every event of every page, and to the plain forms: told, never raised."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_type_hints
from urllib.parse import quote

import httpx
import pytest
from sqlmodel import select

from tests.builders import GUEST, guest_wrote, make_couple, put
from tests.desk import Desk, running
from tests.fakes import NOON, FakeClock
from tests.integration.auth.conftest import (  # noqa: F401
    EMAIL,
    PASSWORD,
    House,
    _quick_hashes,
    browser,
    house,
)
from tests.integration.auth.test_setup import FORM, link  # noqa: F401
from tests.integration.bad_input.texts import VERBATIM
from tests.integration.inbound.test_refusals import everything
from wedding_wa.db import Database
from wedding_wa.models import Guest
from wedding_wa.services import guests
from wedding_wa.services.guests import GuestForm
from wedding_wa.state.activation import ActivationState
from wedding_wa.state.base import PageState
from wedding_wa.state.guest_forms import GuestFormsState
from wedding_wa.state.guest_import import GuestImportState
from wedding_wa.state.guest_orders import GuestOrdersState
from wedding_wa.state.guests import GuestsState
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.inbox_stranger import StrangerState
from wedding_wa.state.maintenance import MaintenanceState
from wedding_wa.state.never_twice import NeverTwiceState
from wedding_wa.state.opted_out import OptedOutState
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import QueueOrdersState
from wedding_wa.state.queue_text import QueueTextState
from wedding_wa.state.settings import SettingsState
from wedding_wa.state.settings_invitation import InvitationState
from wedding_wa.state.settings_keys import KeysState
from wedding_wa.state.settings_limits import LimitsState
from wedding_wa.state.settings_people import PeopleState
from wedding_wa.state.test_message import TestMessageState
from wedding_wa.state.unconfirmed import UnconfirmedState
from wedding_wa.state.webhooks import WebhooksState

# The page's address, the state whose loop runs there, the state whose events are tried.
PAGES: list[tuple[str, type[PageState], type[PageState]]] = [
    ("/queue", QueueState, QueueState),
    ("/queue", QueueState, QueueOrdersState),
    ("/queue", QueueState, QueueTextState),
    ("/queue/unconfirmed", UnconfirmedState, UnconfirmedState),
    ("/never-twice", NeverTwiceState, NeverTwiceState),
    ("/inbox?chat=1", InboxState, InboxState),
    ("/inbox?chat=1", InboxState, StrangerState),
    ("/guests?add=1", GuestsState, GuestFormsState),
    ("/guests", GuestsState, GuestOrdersState),
    ("/guests/import", GuestImportState, GuestImportState),
    ("/activation", ActivationState, ActivationState),
    ("/guests/opted-out", OptedOutState, OptedOutState),
    ("/test", TestMessageState, TestMessageState),
    ("/settings", SettingsState, SettingsState),
    ("/settings/limits", LimitsState, LimitsState),
    ("/settings/people", PeopleState, PeopleState),
    ("/settings/api-keys", KeysState, KeysState),
    ("/settings/invitation", InvitationState, InvitationState),
    ("/settings/maintenance", MaintenanceState, MaintenanceState),
    ("/settings/webhooks", WebhooksState, WebhooksState),
]
HUGE = "x" * 65_536
TEXTS = ("", "\0", "\ud83d", "\u202e\u200b", "\u00b2", "9" * 5000, "NaN", HUGE, "٣")
NUMBERS = (0, -1, 2**31, 2**63, 10**30)
FIELDS = (
    *("name", "phone", "side", "language", "tags", "notes", "household", "contact"),
    *("shares", "text", "draft", "chat", "message", "to", "account", "at", "email"),
    *("expires_at", "priority", "password", "again", "current"),
)
FORMS: tuple[dict[str, Any], ...] = (
    {},
    *(dict.fromkeys(FIELDS, text) for text in TEXTS),
    {name: ["a", {"b": 1}] for name in FIELDS},
    dict.fromkeys(FIELDS, 10**30),
    {"name": "Pia", "side": "groom", "contact": "\u00b2"},
    {"name": "Pia", "side": "groom", "contact": "9" * 4500},
    {"name": "Pia", "side": "groom", "contact": "9" * 30},
    {"\ud83d": HUGE},
)
VALUES: dict[Any, tuple[Any, ...]] = {
    int: NUMBERS,
    str: TEXTS,
    bool: (True, False),
    list[int]: ([], list(NUMBERS)),
    dict[str, Any]: FORMS,
    dict[str, Any] | None: (None, {}, {HUGE: HUGE}),
}
# They go on until the page is left; another test's.
ENDLESS = {"live", "follow_holds", "follow_code", "setvar"}


def events(state: type[PageState]) -> Iterator[Any]:
    """Every event with every kind of nonsense that its parameters take."""
    for name, handler in sorted(state.event_handlers.items()):
        if name in ENDLESS or name not in vars(state):
            continue
        hints = get_type_hints(handler.fn)
        names = list(inspect.signature(handler.fn).parameters)[1:]
        lists = [VALUES[hints[one]] for one in names]
        if not lists:
            yield name, getattr(state, name)
        for number in range(max((len(values) for values in lists), default=0)):
            values = [one[number % len(one)] for one in lists]
            yield f"{name}{values!a:.60}", getattr(state, name)(*values)


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> AsyncIterator[Desk]:
    """One of each: a guest who wrote, a message that waits."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom)
    form = GuestForm(name="Zia Carla", phone=GUEST)
    database.write_now(guests.add_guest, couple.wedding, form, by=None, now=NOON)
    put(database, couple)
    async with running(database, clock) as app:
        yield Desk(app, couple, clock)


def those_of_others(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Rows that no nonsense may touch."""
    found = everything(database)
    names = ("queue_message", "message_event", "consent", "account")
    return {name: found[name] for name in names}


@pytest.mark.parametrize(
    ("address", "page", "state"), PAGES, ids=[s.__name__ for *_, s in PAGES]
)
async def test_no_event_of_a_page_raises(
    desk: Desk, address: str, page: Any, state: type[PageState]
) -> None:
    """Whatever a browser sends: told in words or let be, and nobody's rows change."""
    before, wrong, tried = those_of_others(desk.db), {}, 0
    async with desk.tab(address) as tab:
        await tab.open(page.live)
        for name, event in events(state):
            tried += 1
            try:
                await tab.do(event)
            except Exception as error:
                wrong[name] = repr(error)[:150]
                tab.errors.clear()
    assert wrong == {}
    assert tried
    assert those_of_others(desk.db) == before


ASKED = ("q", "state", "message", "after", "before", "chat", "guest", "household")
ASKED += ("add", "show", "account", "only", "open", "event", "draft", "stage", "tag")
ADDRESSES = ("\u200b", "%00", "%ED%A0%80", "9" * 5000, "-1", "%F0%9F%98%80", "٣", "a=b")


@pytest.mark.parametrize(
    ("address", "page"),
    sorted({(a.partition("?")[0], p.__name__) for a, p, _ in PAGES}),
)
async def test_no_address_of_a_page_raises(desk: Desk, address: str, page: str) -> None:
    """A link that was cut, typed or made up opens the page."""
    (state,) = {one for _, one, _ in PAGES if one.__name__ == page}
    async with desk.tab(address) as tab:
        await tab.open(state.live)
        for value in (*ADDRESSES, quote(VERBATIM["a script"]), quote(HUGE[:3000])):
            query = "&".join(f"{name}={value}" for name in ASKED)
            await tab.go(f"{address}?{query}", state.live)


async def test_names_are_kept_as_text(desk: Desk) -> None:
    """Markup and formulas in a guest's name are a name, through the form as well."""
    async with desk.tab("/guests?add=1") as tab:
        await tab.open(GuestsState.live)
        for name in ("a script", "SQL", "equals", "emoji with joiners"):
            form = {"name": VERBATIM[name], "notes": VERBATIM[name], "side": "groom"}
            await tab.do(GuestFormsState.save(form))
            assert (await tab.state(GuestFormsState)).wrong == {}
    found = desk.db.read_now(lambda s: {g.name: g.notes for g in s.exec(select(Guest))})
    for name in ("a script", "SQL", "equals", "emoji with joiners"):
        assert found[VERBATIM[name]] == VERBATIM[name]


BODIES: dict[str, tuple[bytes, str]] = {
    "JSON": (b'{"email": "a@b.c"}', "application/json"),
    "a file": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    "no type": (b"email=a", ""),
    "too large": (b"email=" + b"x" * 65_536, "application/x-www-form-urlencoded"),
    "other bytes": (b"email=\xff\xfe", "application/x-www-form-urlencoded"),
    "wrong UTF-8": (
        b"email=%ff%fe&password=%ED%A0%80",
        "application/x-www-form-urlencoded",
    ),
    "many": (b"a=b&" * 900, "application/x-www-form-urlencoded"),
}
FORM_KIND = "application/x-www-form-urlencoded"
TYPED = (
    "",
    "\0",
    "\u200b",
    "\u202ea@b.c",
    HUGE[:9000],
    "<b>",
    "' OR 1=1 --",
    "9" * 5000,
)


@pytest.mark.parametrize("name", BODIES)
async def test_what_is_no_form(
    house: House,  # noqa: F811
    browser: httpx.AsyncClient,  # noqa: F811
    link: str,  # noqa: F811
    name: str,
) -> None:
    """A body of another kind, encoding or size: 4xx with a page, and no row."""
    body, kind = BODIES[name]
    for path in ("/login", link):
        answer = await browser.post(path, content=body, headers={"Content-Type": kind})
        assert _told(answer) == ""
    assert not everything(house.db)["users"]


def nonsense() -> Iterator[tuple[str, str]]:
    """What no field of the setup page takes."""
    for field in FORM:
        for text in TYPED if field != "day" else TYPED[1:]:  # it may be unknown
            if not field.endswith("_name") or text in ("", "\u200b", HUGE[:9000]):
                yield field, text
    for day in ("0000-01-01", "10000-01-01", "2027-02-29", "\u0662-1-1", "1e3"):
        yield "day", day


async def test_the_setup_takes_no_nonsense(
    house: House,  # noqa: F811
    browser: httpx.AsyncClient,  # noqa: F811
    link: str,  # noqa: F811
) -> None:
    """Field by field, the others being right: the page again, with what is wrong."""
    wrong = {}
    for field, text in nonsense():
        answer = await browser.post(link, data={**FORM, field: text})
        wrong[f"{field} {text[:9]!a}"] = _told(answer)
    assert {name: told for name, told in wrong.items() if told} == {}
    assert not everything(house.db)["users"]
    assert not everything(house.db)["wedding"]


async def test_the_login_takes_no_nonsense(
    house: House,  # noqa: F811
    browser: httpx.AsyncClient,  # noqa: F811
) -> None:
    """Nobody gets in, and the page says so."""
    house.owner()
    right = {"email": EMAIL, "password": PASSWORD}
    for field in right:
        for text in TYPED:
            answer = await browser.post("/login", data={**right, field: text})
            assert _told(answer) == ""


def _told(answer: httpx.Response) -> str:
    """ "" for a refusal that a person can read."""
    good = 400 <= answer.status_code < 500 and "<h1" in answer.text
    return "" if good and "Traceback" not in answer.text else f"{answer.status_code}"
