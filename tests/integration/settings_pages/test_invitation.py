"""Settings, Invitation: texts in six languages, typed, checked, saved, reset."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlmodel import Session, select

from tests.builders import Couple
from tests.fakes import FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.db import Database
from wedding_wa.models import Account, AuditEntry, Invitation, Role, Wedding
from wedding_wa.runtime import Runtime
from wedding_wa.services.invitation_texts import (
    reset_texts,
    save_texts,
    unpacked,
    wrong_texts,
)
from wedding_wa.services.invitations import own_texts, texts_of
from wedding_wa.services.live import Change, note
from wedding_wa.state.settings_invitation import WEDDING, InvitationState, typed_in
from wedding_wa.words import say
from wedding_wa.words.invitation import default_texts

ADDRESS = "/settings/invitation"


@pytest.fixture
async def tab(runtime: Runtime, couple: Couple, clock: FakeClock) -> AsyncIterator[Tab]:
    """The page of an owner who reads English."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock)
    async with Tab(cookie, ADDRESS) as made:
        await made.open(InvitationState.live)
        yield made


def _own(runtime: Runtime, couple: Couple, language: str) -> dict[str, str]:
    return runtime.db.read_now(own_texts, couple.wedding, language)


def _draft(address: str) -> dict[str, str]:
    return unpacked(address.partition("draft=")[2])


async def test_it_begins_in_the_guests_language(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Our words are there from the start, with nothing to save."""
    state = await tab.state(InvitationState)
    assert state.language == "en"
    assert state.saved["headline"] == default_texts("en")["headline"]
    assert (state.unsaved, state.own, state.typed) == (0, [], {})
    assert "(Invitation K7M2P)" in state.greeting


async def test_it_says_whose_button_is_missing(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """A number that is not linked is told, as soon as it is so."""
    assert (await tab.state(InvitationState)).unlinked == []

    def unlink(session: Session) -> None:
        session.get_one(Account, couple.bride).phone = None
        note(session, Change("account", couple.wedding, couple.bride))

    runtime.db.write_now(unlink)
    await tab.until(lambda: tab.sent().get("unlinked") == ["bride"], "the bride's")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ""),  # the simulator: nobody is really invited
        ({"waha_url_groom": "http://waha:3000"}, "http://localhost:8000"),
        (
            {
                "waha_url_groom": "http://waha:3000",
                "public_url": "https://we.example",
            },
            "",
        ),
    ],
)
async def test_it_says_when_links_lead_nowhere(
    runtime: Runtime,
    couple: Couple,
    clock: FakeClock,
    values: dict[str, str],
    told: str,
) -> None:
    """Links that only this machine can open are told before they are handed out."""
    runtime.settings = runtime.settings.model_copy(update=values)
    runtime.bus.attach()
    async with Tab(login(runtime.db, couple, clock=clock), ADDRESS) as tab:
        await tab.open(InvitationState.live)
        assert (await tab.state(InvitationState)).local == told


async def test_typed_in_two_languages_saved_at_once(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """What was typed in one language waits while another is shown."""
    await tab.do(InvitationState.write("en", "headline", "We say yes"))
    await tab.do(InvitationState.choose("it"))
    await tab.do(InvitationState.write("it", "headline", "Diciamo sì"))
    await tab.do(InvitationState.write(WEDDING, "place", "Ravello"))
    await tab.do(InvitationState.write(WEDDING, "day", "2027-06-19"))
    state = await tab.state(InvitationState)
    assert (state.unsaved, state.unsaved_in["en"], state.unsaved_in["it"]) == (4, 1, 1)
    assert _draft(state.preview)["headline"] == "Diciamo sì"
    await tab.do(InvitationState.save)
    assert _own(runtime, couple, "en") == {"headline": "We say yes"}
    assert _own(runtime, couple, "it") == {"headline": "Diciamo sì"}
    wedding = runtime.db.read_now(lambda s: s.exec(select(Wedding)).one())
    assert (wedding.place, wedding.day) == ("Ravello", date(2027, 6, 19))
    state = await tab.state(InvitationState)
    assert (state.unsaved, state.kept, state.own) == (0, "", ["headline"])


async def test_a_greeting_without_the_code_is_not_saved(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """The sentence comes while typing; nothing of the rest is saved either."""
    await tab.do(InvitationState.write("en", "greeting", "Hello {couple}"))
    await tab.do(InvitationState.write("en", "headline", "Yes"))
    state = await tab.state(InvitationState)
    assert state.wrong == {"greeting": say("en", "invitation_settings.error.code")}
    await tab.do(InvitationState.save)
    assert _own(runtime, couple, "en") == {}


async def test_save_goes_to_the_language_that_is_wrong(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """A fault in a language that is not shown is brought into view."""
    await tab.do(InvitationState.write("de", "button", "x" * 50))
    await tab.do(InvitationState.save)
    state = await tab.state(InvitationState)
    assert state.language == "de"
    assert list(state.wrong) == ["button"]
    assert _own(runtime, couple, "de") == {}


async def test_typing_survives_a_new_page(
    tab: Tab, runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """The tab's own store holds it; another's change meanwhile does not take it."""
    await tab.do(InvitationState.write("en", "letter", "Dear all"))
    runtime.db.write_now(
        save_texts,
        couple.wedding,
        "en",
        {"headline": "By the other"},
        now=clock.now(),
        by=None,
    )

    def there() -> bool:
        return bool(tab.sent().get("saved", {}).get("headline") == "By the other")

    await tab.until(there, "the other's words")
    state = await tab.state(InvitationState)
    assert state.typed == {"letter": "Dear all"}
    assert typed_in(state.kept) == {"en": {"letter": "Dear all"}}


async def test_typed_back_is_no_change(tab: Tab) -> None:
    """A text that equals what is saved leaves nothing to save."""
    await tab.do(InvitationState.write("en", "headline", "x"))
    same = default_texts("en")["headline"]
    await tab.do(InvitationState.write("en", "headline", same))
    assert (await tab.state(InvitationState)).unsaved == 0


async def test_back_to_our_words(tab: Tab, runtime: Runtime, couple: Couple) -> None:
    """One language is reset; the others, and what is typed in them, stay."""
    await tab.do(InvitationState.write("en", "headline", "Yes"))
    await tab.do(InvitationState.write("fr", "headline", "Oui"))
    await tab.do(InvitationState.save)
    await tab.do(InvitationState.write("fr", "front", "Venez"))
    await tab.do(InvitationState.reset_words)
    assert _own(runtime, couple, "en") == {}
    assert _own(runtime, couple, "fr") == {"headline": "Oui"}
    assert (await tab.state(InvitationState)).unsaved_in["fr"] == 1


async def test_discard(tab: Tab) -> None:
    """Everything that was typed is forgotten."""
    await tab.do(InvitationState.write("en", "headline", "x"))
    await tab.do(InvitationState.discard)
    state = await tab.state(InvitationState)
    assert (state.unsaved, state.kept) == (0, "")


@pytest.mark.parametrize(("role", "saved"), [(Role.PLANNER, 1), (Role.VIEWER, 0)])
async def test_who_may_save(
    runtime: Runtime, couple: Couple, clock: FakeClock, role: Role, saved: int
) -> None:
    """A planner may; a viewer is told that they may only look."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock, role=role)
    async with Tab(cookie, ADDRESS) as tab:
        await tab.open(InvitationState.live)
        await tab.do(InvitationState.write("en", "headline", "Yes"))
        await tab.do(InvitationState.save)
        await tab.do(InvitationState.remove_picture)
        state = await tab.state(InvitationState)
        assert state.may_edit == bool(saved)
    assert len(_own(runtime, couple, "en")) == saved


async def test_the_browser_may_send_anything(tab: Tab) -> None:
    """Unknown languages and fields are as if nothing had been typed."""
    await tab.do(InvitationState.write("xx", "headline", "x"))
    await tab.do(InvitationState.write("en", "token", "x"))
    await tab.do(InvitationState.choose("xx"))
    state = await tab.state(InvitationState)
    assert (state.language, state.unsaved) == ("en", 0)


@pytest.mark.parametrize(
    "kept",
    ["", "[]", "nonsense", "{", '{"en": 1}', '{"en": {"x": "y"}}', '{"xx": {"a": 1}}'],
)
def test_a_spoilt_store_is_empty(kept: str) -> None:
    """What the tab's store holds may be anything."""
    assert not any(typed_in(kept).values())


def test_a_long_store_is_cut() -> None:
    """Nobody fills the server through their own store."""
    kept = json.dumps({"en": {"letter": "x" * 100_000}})
    assert len(typed_in(kept)["en"]["letter"]) < 10_000


def test_only_what_differs_is_stored(any_database: Database) -> None:
    """A text as ours stays ours: it follows when ours get better. All on record."""
    from tests.builders import make_couple
    from tests.fakes import NOON

    wedding = make_couple(any_database).wedding
    ours = default_texts("es")
    texts = {"headline": ours["headline"], "front": "  Venid  "}
    when = {"now": NOON, "by": None}
    any_database.write_now(save_texts, wedding, "es", texts, **when)
    any_database.write_now(save_texts, wedding, "es", {"button": "Hola"}, **when)
    stored = any_database.read_now(lambda s: s.exec(select(Invitation)).one().texts)
    assert stored == {"front": "Venid", "button": "Hola"}
    said = any_database.read_now(texts_of, wedding, "es")
    assert said == {**ours, "front": "Venid", "button": "Hola"}
    any_database.write_now(reset_texts, wedding, "es", **when)
    assert any_database.read_now(texts_of, wedding, "es") == ours

    def actions(session: Session) -> list[str]:
        return list(session.exec(select(AuditEntry.action)))

    assert any_database.read_now(actions) == [
        "invitation_changed",
        "invitation_changed",
        "invitation_reset",
    ]


def test_wrong_texts_are_named() -> None:
    """Only the wrong ones, each by its name."""
    assert list(wrong_texts({"headline": "", "front": "ok"})) == ["headline"]
