"""The Limits page: what is typed, saved, copied, reset, refused; what binds now."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests.builders import Couple, guest_wrote, put, set_policy
from tests.fakes import NOON, FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.domain.policy import Policy
from wedding_wa.models import Account, AuditEntry, HearingGap, MessageAttempt, Role
from wedding_wa.runtime import Runtime
from wedding_wa.services.history import policy_of
from wedding_wa.services.pausing import pause_all
from wedding_wa.services.policies import save_policy
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_limits import LimitsState
from wedding_wa.words import say


@pytest.fixture
async def tab(runtime: Runtime, couple: Couple, clock: FakeClock) -> AsyncIterator[Tab]:
    """The Limits page of an owner who reads English."""
    runtime.bus.attach()
    async with Tab(login(runtime.db, couple, clock=clock), "/settings/limits") as made:
        await made.open(LimitsState.live)
        yield made


async def _state(tab: Tab) -> LimitsState:
    return await tab.state(LimitsState)


async def _toast(tab: Tab) -> str:
    return (await tab.state(PageState)).toast["text"]


def _policy(runtime: Runtime, account_id: int) -> Policy:
    return runtime.db.read_now(policy_of, account_id)


def _elsewhere(runtime: Runtime, account_id: int, **texts: str) -> None:
    """What `python -m wedding_wa policy set` does."""
    runtime.db.write_now(save_policy, account_id, texts, now=NOON)


def _sent(runtime: Runtime, couple: Couple, count: int, *, ago: float = 600.0) -> None:
    """As many sends of the groom, one a second, the last one `ago` seconds ago."""

    guest_wrote(runtime.db, couple.groom)
    message_id = put(runtime.db, couple).id

    def write(session: Session) -> None:
        for index in range(count):
            at = NOON - timedelta(seconds=ago + index)
            session.add(
                MessageAttempt(
                    wedding_id=couple.wedding,
                    account_id=couple.groom,
                    message_id=message_id,
                    chat_id=f"39333{index:07}@c.us",
                    attempt=index + 1,
                    outcome="sent",
                    counts=True,
                    started_at=at,
                    dispatched_at=at,
                    finished_at=at,
                )
            )

    runtime.db.write_now(write)


# --- typing and saving ----------------------------------------------------------------


async def test_the_page_shows_what_is_stored(tab: Tab) -> None:
    """Every limit in the units of people, with nothing typed and nothing wrong."""
    state = await _state(tab)
    assert state.saved["cooldown_seconds"] == "10"
    assert state.usual == state.saved
    assert (state.typed, state.wrong, state.looser) == ({}, {}, [])


async def test_typing_sends_little_and_saves_nothing(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """A typed text sends itself and what follows from it, not the whole page."""
    await tab.do(LimitsState.write("per_hour", "8"))
    assert set(tab.sent()) == {"typed", "kept", "unsaved"}
    assert len(json.dumps(tab.deltas)) < 600
    assert _policy(runtime, couple.groom).per_hour == 10


async def test_a_text_typed_back_is_no_change(tab: Tab) -> None:
    """Whoever types the old value again has nothing to save."""
    await tab.do(LimitsState.write("per_hour", "8"))
    await tab.do(LimitsState.write("per_hour", "10"))
    state = await _state(tab)
    assert (state.typed, state.kept, state.unsaved["groom"]) == ({}, "", 0)


async def test_saving_converts_and_tells(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Two and a half minutes are 150 seconds in the database; only that changed."""
    await tab.do(LimitsState.write("cooldown_seconds", "2,5"))
    await tab.do(LimitsState.save)
    assert _policy(runtime, couple.groom) == Policy(cooldown_seconds=150)
    assert _policy(runtime, couple.bride) == Policy()
    state = await _state(tab)
    assert (state.saved["cooldown_seconds"], state.typed) == ("2.5", {})
    assert await _toast(tab) == say("en", "limits.saved", account="Groom")


async def test_nothing_typed_saves_nothing(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Save without a change leaves no trace, not even in the record of who did what."""
    await tab.do(LimitsState.save)
    assert await _toast(tab) == ""
    assert not runtime.db.read_now(lambda s: s.exec(select(AuditEntry)).all())


async def test_what_is_wrong_is_told_beside_it_and_kept(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """One wrong field keeps the others from being saved, and loses nothing typed."""
    await tab.do(LimitsState.write("per_hour", "many"))
    await tab.do(LimitsState.write("per_day", "70"))
    await tab.do(LimitsState.save)
    state = await _state(tab)
    assert state.wrong == {"per_hour": "This must be a whole number."}
    assert state.typed == {"per_hour": "many", "per_day": "70"}
    assert _policy(runtime, couple.groom) == Policy()


async def test_looser_limits_are_named_before_they_are_saved(tab: Tab) -> None:
    """The warning comes while one types, and forbids nothing."""
    await tab.do(LimitsState.write("per_hour", "200"))
    assert (await _state(tab)).looser == ["per_hour"]
    await tab.do(LimitsState.save)
    assert (await _state(tab)).saved["per_hour"] == "200"


async def test_sending_hours_are_edited_as_rows(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Add, change, remove; what is stored is the one text the rules read."""
    await tab.do(LimitsState.add_hours)
    await tab.do(LimitsState.add_hours)
    await tab.do(LimitsState.set_hours(0, "end", "12:30"))
    await tab.do(LimitsState.set_hours(1, "end", "00:00"))
    await tab.do(LimitsState.save)
    stored = _policy(runtime, couple.groom).windows
    assert stored == "09:00-12:30, 20:00-24:00"
    await tab.do(LimitsState.remove_hours(0))
    assert (await _state(tab)).hours == [{"start": "20:00", "end": "00:00"}]
    assert _policy(runtime, couple.groom).windows == stored


# --- two numbers, two tabs, two doors -------------------------------------------------


async def test_each_number_keeps_what_was_typed_for_it(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Looking at the other number loses nothing, and saves only its own."""
    await tab.do(LimitsState.write("per_hour", "7"))
    await tab.do(LimitsState.choose("bride"))
    assert (await _state(tab)).typed == {}
    await tab.do(LimitsState.write("per_hour", "6"))
    await tab.do(LimitsState.save)
    await tab.do(LimitsState.choose("groom"))
    state = await _state(tab)
    assert (state.typed, state.unsaved) == ({"per_hour": "7"}, {"groom": 1, "bride": 0})
    assert _policy(runtime, couple.bride).per_hour == 6
    assert _policy(runtime, couple.groom).per_hour == 10


async def test_a_change_elsewhere_comes_in_without_touching_what_is_typed(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """The command line's change is seen at once; a field one types in is only noted."""
    await tab.do(LimitsState.write("per_hour", "7"))
    _elsewhere(runtime, couple.groom, per_hour="5", per_day="55")
    await tab.until(lambda: "saved" in tab.sent(), "the change is seen")
    state = await _state(tab)
    assert state.saved["per_day"] == "55"
    assert state.typed == {"per_hour": "7"}
    assert state.meanwhile == {"per_hour": "5"}
    await tab.do(LimitsState.discard)
    state = await _state(tab)
    assert (state.typed, state.meanwhile, state.saved["per_hour"]) == ({}, {}, "5")


async def test_what_was_typed_survives_the_server(
    runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """A new server knows nothing of a tab but what the tab's own store gives back."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock)
    async with Tab(cookie, "/settings/limits") as tab:
        await tab.open(LimitsState.live)
        await tab.do(LimitsState.write("per_hour", "7"))
        kept = (await _state(tab)).kept
    async with Tab(cookie, "/settings/limits") as again:
        (await _state(again)).kept = kept
        await again.open(LimitsState.live)
        assert (await _state(again)).typed == {"per_hour": "7"}


async def test_a_span_that_was_moved_meanwhile_is_refused_with_words(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """The database judges once more: the other end may have moved a moment ago."""
    await tab.do(LimitsState.write("gap_min_seconds", "50"))
    (await _state(tab))._policies = {"groom": Policy(), "bride": Policy()}
    set_policy(runtime.db, couple.groom, gap_max_seconds=40.0)
    await tab.do(LimitsState.save)
    state = await _state(tab)
    assert "gap_min_seconds" in state.wrong
    assert state.typed == {"gap_min_seconds": "50"}
    assert _policy(runtime, couple.groom).gap_min_seconds == 30


async def test_the_other_number_gets_the_same(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Copying takes every limit as it is stored, to the last digit."""
    wanted = {"per_hour": 7, "cooldown_seconds": 1234.5678, "windows": "09:00-20:00"}
    set_policy(runtime.db, couple.groom, **wanted, link_preview=True)
    await tab.do(LimitsState.copy_to_other)
    assert _policy(runtime, couple.bride) == _policy(runtime, couple.groom)
    assert _policy(runtime, couple.bride).cooldown_seconds == 1234.5678


async def test_reset_brings_the_defaults_of_this_number_only(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """All limits of the shown number, and what was typed for it, are gone."""
    for account in (couple.groom, couple.bride):
        set_policy(runtime.db, account, per_hour=3, windows="09:00-20:00")
    await tab.do(LimitsState.write("per_day", "9"))
    await tab.do(LimitsState.reset_limits)
    assert _policy(runtime, couple.groom) == Policy()
    assert _policy(runtime, couple.bride).per_hour == 3
    assert (await _state(tab)).typed == {}


def test_what_cannot_be_undone_is_not_replayed() -> None:
    """A click made while the line was cut must not reset or copy later."""
    for handler in (LimitsState.reset_limits, LimitsState.copy_to_other):
        assert handler.event_actions.get("temporal") is True  # type: ignore[attr-defined]


async def test_nonsense_from_a_browser_is_ignored(tab: Tab) -> None:
    """Handlers can be called with anything by whoever is logged in."""
    for event in (
        LimitsState.write("no_such_limit", "1"),
        LimitsState.write("per_hour", 7),
        LimitsState.choose("best_man"),
        LimitsState.remove_hours(3),
        LimitsState.set_hours(0, "start", "x"),
    ):
        await tab.do(event)
    state = await _state(tab)
    assert (state.typed, state.account) == ({}, "groom")


@pytest.mark.parametrize("role", [Role.PLANNER, Role.VIEWER])
async def test_only_owners_change_limits(
    runtime: Runtime, couple: Couple, clock: FakeClock, role: Role
) -> None:
    """The page shows itself read-only, and the handlers refuse all the same."""
    runtime.bus.attach()
    cookie = login(runtime.db, couple, clock=clock, role=role)
    set_policy(runtime.db, couple.groom, per_hour=3)
    async with Tab(cookie, "/settings/limits") as tab:
        await tab.open(LimitsState.live)
        assert (await _state(tab)).may_edit is False
        await tab.do(LimitsState.write("per_hour", "900"))
        for event in (
            LimitsState.save,
            LimitsState.reset_limits,
            LimitsState.copy_to_other,
        ):
            await tab.do(event)
            assert await _toast(tab) == say("en", "error.not_allowed")
    assert _policy(runtime, couple.groom).per_hour == 3
    assert _policy(runtime, couple.bride) == Policy()


# --- what binds now -------------------------------------------------------------------


async def test_a_free_number_says_how_much_is_left(tab: Tab) -> None:
    """Nothing binds: so many of so many this hour."""
    one = (await _state(tab)).binding["groom"]
    assert (one["rule"], one["sent"], one["n"]) == ("go", 0, 10)


async def test_a_full_hour_names_its_limit_and_frees_by_itself(
    tab: Tab, runtime: Runtime, couple: Couple, clock: FakeClock
) -> None:
    """The rule, its number, its field and its end; then free without any signal."""
    set_policy(runtime.db, couple.groom, per_hour=3)
    await tab.do(LimitsState.choose("groom"))
    _sent(runtime, couple, 3)
    await _until_rule(tab, "hourly")
    one = (await _state(tab)).binding["groom"]
    assert (one["field"], one["n"]) == ("per_hour", 3)
    frees = NOON - timedelta(seconds=602) + timedelta(hours=1)
    assert one["until"] == frees.isoformat()
    await tab.start(LimitsState.follow_holds)  # the fake clock hurries on
    await _until_rule(tab, "go")
    assert clock.now() >= frees


async def _until_rule(tab: Tab, rule: str) -> None:
    state = await _state(tab)
    await tab.until(lambda: state.binding["groom"]["rule"] == rule, rule)


async def test_a_pause_binds_both(tab: Tab, runtime: Runtime, couple: Couple) -> None:
    """Paused has no end and no limit behind it."""
    runtime.db.write_now(pause_all, couple.wedding, now=NOON)
    await _until_rule(tab, "paused")
    one = (await _state(tab)).binding["bride"]
    assert (one["rule"], one["until"], one["field"]) == ("paused", "", "")


async def test_a_number_that_may_be_deaf_says_so(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """While what was missed is read nothing goes, so the page must not say it may."""

    def write(session: Session) -> None:
        session.add(
            HearingGap(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                since=NOON,
                reason="restart",
                opened_at=NOON,
            )
        )

    runtime.db.write_now(write)
    runtime.bus.publish()
    await _until_rule(tab, "hearing_gap")


async def test_a_number_that_is_down_says_so(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Not connected comes before any limit."""

    def write(session: Session) -> None:
        session.get_one(Account, couple.groom).status = "STOPPED"

    runtime.db.write_now(write)
    runtime.bus.publish()
    await _until_rule(tab, "account_down")
