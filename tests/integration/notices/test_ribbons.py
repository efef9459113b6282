"""Notices on every page: a sentence in the reader's language, one thing to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import accounts as see
from tests.builders import Couple, guest_wrote, make_couple, put
from tests.desk import Desk, built
from tests.fakes import NOON, FakeClock
from tests.reflex_harness import Tab
from wedding_wa.db import Database
from wedding_wa.models import Account, Role
from wedding_wa.runtime import Runtime
from wedding_wa.services import apikeys, notices, pausing
from wedding_wa.services.account_status import apply_status
from wedding_wa.services.audit import Program
from wedding_wa.state.base import PageState
from wedding_wa.state.overview import OverviewState


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def runtime(database: Database, clock: FakeClock) -> Iterator[Runtime]:
    with built(database, clock) as app:
        yield app


@pytest.fixture
def couple(database: Database) -> Couple:
    made = make_couple(database)
    guest_wrote(database, made.groom)
    return made


@pytest.fixture
async def desk(runtime: Runtime, couple: Couple, clock: FakeClock) -> Desk:
    runtime.bus.attach()
    return Desk(runtime, couple, clock)


@pytest.fixture
async def tab(desk: Desk) -> AsyncIterator[Tab]:
    async with desk.tab() as made:
        await made.open(OverviewState.live)
        yield made


def down(desk: Desk, status: str = "FAILED") -> None:
    """The groom's number says so now."""
    now = desk.clock.now()
    desk.db.write_now(apply_status, desk.couple.groom, status, at=now, now=now)


def fail(desk: Desk) -> None:
    """The groom's number pauses by itself, after five failures."""
    figures = {
        "n": 5,
        "first": (NOON - timedelta(minutes=9)).isoformat(),
        "error": "error.waha.rate_limited",
    }

    def pause(session: Session) -> None:
        account = session.get_one(Account, desk.couple.groom)
        pausing.pause_account(session, account, "failures", now=NOON, figures=figures)

    desk.db.write_now(pause)


async def ribbons(tab: Tab) -> list[dict[str, object]]:
    return (await tab.state(PageState)).ribbons


async def test_what_opens_while_a_page_is_open_is_shown_and_toasted_once(
    tab: Tab, desk: Desk
) -> None:
    """The ribbon stays, the toast comes once; renewed figures bring no second one."""
    assert await ribbons(tab) == []
    put(desk.db, desk.couple)
    down(desk)
    await tab.until(lambda: tab.sent().get("ribbons"), "a ribbon")
    [one] = await ribbons(tab)
    said = str(one["text"])
    assert said.startswith("Luca's number has been out of WhatsApp since 14:00.")
    assert said.endswith("1 message waits.")
    assert (one["href"], one["go"], one["resume"]) == (
        "/accounts",
        "To the account",
        "",
    )
    toast = (await tab.state(PageState)).toast
    assert (toast["kind"], toast["text"]) == ("info", said)
    tab.deltas.clear()
    down(desk, "MISSING")
    await tab.until(lambda: tab.sent().get("ribbons"), "the ribbon anew")
    assert (await tab.state(PageState)).toast["id"] == toast["id"]


async def test_what_was_open_before_the_page_is_no_news(desk: Desk) -> None:
    """Who opens a page sees the ribbon; a toast tells only of what begins."""
    down(desk)
    async with desk.tab() as tab:
        await tab.open(OverviewState.live)
        state = await tab.state(PageState)
        assert [one["kind"] for one in state.ribbons] == ["account_down"]
        assert state.toast["id"] == ""


async def test_one_paused_account_says_why_and_goes_on_by_one_button(
    tab: Tab, desk: Desk
) -> None:
    """Figures, the last error in words, since when; "Go on" frees this account, and
    "Resume all" is offered although not all is paused."""
    fail(desk)
    await tab.until(lambda: tab.sent().get("ribbons"), "a ribbon")
    state = await tab.state(PageState)
    [one] = state.ribbons
    text = str(one["text"])
    for words in ("5 tries in a row failed", "13:51", "asked for a pause", "14:00"):
        assert words in text
    assert (one["resume"], state.paused, state.any_paused) == ("groom", False, True)
    await tab.do(PageState.go_on("groom"))
    await tab.until(lambda: tab.sent().get("ribbons") == [], "no ribbon")
    assert see.account(desk.db, desk.couple.groom).paused_at is None
    assert (await tab.state(PageState)).any_paused is False
    ended = (await tab.state(OverviewState)).ended
    assert [line["text"] for line in ended] == ["Luca's number was paused"]


async def test_who_may_only_look_cannot_pause_or_go_on(desk: Desk) -> None:
    """Rights are the server's: a viewer's event changes nothing and is told so."""
    fail(desk)
    async with desk.tab(role=Role.VIEWER) as tab:
        await tab.open(OverviewState.live)
        assert (await tab.state(PageState)).may_control is False
        await tab.do(PageState.go_on("groom"))
        await tab.do(PageState.pause_all(True))
        toast = (await tab.state(PageState)).toast
        assert toast["kind"] == "error"
    assert see.account(desk.db, desk.couple.groom).pause_reason == "failures"
    kinds = [
        one.kind for one in desk.db.read_now(notices.open_notices, desk.couple.wedding)
    ]
    assert kinds == ["paused"]


async def test_ones_own_pause_is_no_news_to_oneself(tab: Tab) -> None:
    """Who presses Pause sees the ribbon with their name, and no toast of it."""
    await tab.do(PageState.pause_all(True))
    await tab.until(lambda: tab.sent().get("ribbons"), "a ribbon")
    state = await tab.state(PageState)
    [one] = state.ribbons
    assert (one["kind"], one["resume"]) == ("paused_all", "all")
    assert "by " in str(one["text"])
    assert state.toast["id"] == ""
    await tab.do(PageState.go_on("all"))
    await tab.until(lambda: tab.sent().get("ribbons") == [], "no ribbon")


KINDS = [
    *((notices.ACCOUNT_DOWN, {"status": s}) for s in ("STARTING", "PASSKEY_REQUIRED")),
    *((notices.SILENT, {"why": why, "n": 3}) for why in ("no_acks", "mute", "deaf")),
    *((notices.PAUSED, {"by": by, "n": 1}) for by in ("silence", "number", "person")),
    (notices.PAUSED, {"by": "tomorrow's reason"}),
    (notices.PAUSED_ALL, {}),
    (notices.QUARANTINE, {}),
    (notices.MISSED, {}),
    (notices.RESTORED, {"why": "settling", "account": "bride"}),
    (notices.RESTRICTED, {"until": (NOON + timedelta(hours=30)).isoformat()}),
]


async def test_a_program_that_paused_is_named(desk: Desk) -> None:
    """By the name of its key: of all sending, and of one number."""
    wedding, groom = desk.couple.wedding, desk.couple.groom
    key = desk.db.write_now(
        apikeys.create_key, wedding_id=wedding, name="dj", scopes=["admin"], now=NOON
    )
    found = desk.db.read_now(apikeys.holder, key, NOON)
    assert found is not None
    by = Program(found.key_id)
    desk.db.write_now(pausing.set_account_paused, groom, True, now=NOON, by=by)
    desk.db.write_now(pausing.pause_all, wedding, now=NOON, by=by)
    async with desk.tab() as tab:
        await tab.open(OverviewState.live)
        assert {str(one["text"]) for one in await ribbons(tab)} == {
            "All sending is paused since 14:00, by the program “dj”. Nothing is lost.",
            "Luca's number is paused since 14:00, by the program “dj”.",
        }


@pytest.mark.parametrize("lang", ["en", "it"])
async def test_every_kind_has_a_whole_sentence_in_both_languages(
    desk: Desk, lang: str
) -> None:
    """No key, no hole, no empty words, whatever caused it; also once it is over."""
    for kind, params in KINDS:
        desk.db.write_now(
            notices.open_notice,
            desk.couple.wedding,
            kind,
            now=NOON,
            account_id=desk.couple.bride,
            **params,
        )
        async with desk.tab(lang=lang) as tab:
            await tab.open(OverviewState.live)
            [one] = await ribbons(tab)
        desk.db.write_now(
            notices.close_notice,
            desk.couple.wedding,
            kind,
            now=NOON + timedelta(minutes=1),
            account_id=desk.couple.bride,
            waited=2,
        )
        for words in (str(one["text"]), str(one["go"])):
            assert words
            assert "{" not in words
            assert "notice." not in words
    async with desk.tab(lang=lang) as tab:
        await tab.open(OverviewState.live)
        lines = (await tab.state(OverviewState)).ended
    assert len(lines) == 5
    assert all("14:00" in line["when"] and "2" in line["waited"] for line in lines)
