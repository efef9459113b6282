"""`decide`: which rule holds a message, until when, and what a force may skip."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import (
    ACCOUNT_RULES,
    AccountView,
    Candidate,
    Decision,
    Go,
    Hold,
    Send,
    decide,
)
from wedding_wa.domain.policy import Policy

ROME = ZoneInfo("Europe/Rome")
READY = AccountView()
DUE = Candidate(due_at=NOON)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def sends(
    *ages: float, gap: float = 30, sibling: float = 5, rest: float = 900
) -> tuple[Send, ...]:
    return tuple(Send(ago(age), gap, sibling, rest) for age in sorted(ages))


def ask(
    account: AccountView = READY,
    message: Candidate | None = DUE,
    *,
    now: datetime = NOON,
    **limits: object,
) -> Decision:
    policy = replace(Policy(), **limits)  # type: ignore[arg-type]
    return decide(now, account, message, policy, ROME)


def _aside(rule: HoldRule) -> Candidate:
    """Set aside for `rule`, its own time long past."""
    return Candidate(due_at=ago(9000), hold_rule=rule.value, aside=True)


# One case a rule, in which that rule alone binds: account, message, limits, until.
ALONE: dict[HoldRule, tuple[AccountView, Candidate, dict[str, object], object]] = {
    HoldRule.BY_HAND: (READY, _aside(HoldRule.BY_HAND), {}, None),
    HoldRule.MISSED: (READY, _aside(HoldRule.MISSED), {}, None),
    HoldRule.QUARANTINE: (READY, _aside(HoldRule.QUARANTINE), {}, None),
    HoldRule.RESTORED: (AccountView(restored=True), DUE, {}, None),
    HoldRule.PAUSED: (AccountView(paused=True), DUE, {}, None),
    HoldRule.ACCOUNT_DOWN: (AccountView(ready=False, status="FAILED"), DUE, {}, None),
    HoldRule.HEARING_GAP: (READY, replace(DUE, deaf=True), {}, None),
    HoldRule.RESTRICTED: (
        READY,
        replace(DUE, restricted_until=after(3600)),
        {},
        after(3600),
    ),
    HoldRule.SCHEDULED: (READY, Candidate(due_at=after(90)), {}, after(90)),
    HoldRule.RETRY: (
        READY,
        Candidate(due_at=after(60), hold_rule="retry"),
        {},
        after(60),
    ),
    HoldRule.SIBLING: (
        AccountView(sibling=Send(ago(2), 30, 7, 900)),
        DUE,
        {},
        after(5),
    ),
    # NOON is 14:00 on the wall in Rome
    HoldRule.WINDOW: (READY, DUE, {"windows": "15:30-20:00"}, after(5400)),
    HoldRule.HOURLY: (
        AccountView(sends=sends(100, 1200, 2400)),
        DUE,
        {"per_hour": 2, "rest_after": 0},
        after(2400),
    ),
    HoldRule.DAILY: (
        AccountView(sends=sends(4000, 80_000)),
        DUE,
        {"per_day": 2},
        after(6400),
    ),
    HoldRule.REST: (
        AccountView(sends=sends(100, 200, 300, rest=1000)),
        DUE,
        {"rest_after": 3},
        after(900),
    ),
    HoldRule.GAP: (AccountView(sends=sends(10, gap=42)), DUE, {}, after(32)),
    HoldRule.WARMUP: (
        AccountView(sends=sends(100, 4000), linked_at=ago(5000)),
        DUE,
        {"warmup_days": 4, "warmup_per_day": 2},
        after(81_400),
    ),
    HoldRule.COOLDOWN: (READY, replace(DUE, last_to_chat=ago(100)), {}, after(500)),
    HoldRule.UNANSWERED: (READY, replace(DUE, unanswered=3), {}, None),
    HoldRule.HUMAN: (READY, replace(DUE, human_at=ago(200)), {}, after(1600)),
    HoldRule.BEHIND: (READY, replace(DUE, behind_until=after(70)), {}, after(70)),
    HoldRule.BUSY: (AccountView(busy_until=after(90)), DUE, {}, after(90)),
}
SKIPPED_BY_FORCE = {
    HoldRule.SCHEDULED,
    HoldRule.RETRY,
    HoldRule.WINDOW,
    HoldRule.HOURLY,
    HoldRule.DAILY,
    HoldRule.WARMUP,
    HoldRule.REST,
    HoldRule.GAP,
    HoldRule.COOLDOWN,
    HoldRule.HUMAN,
    HoldRule.BEHIND,
}


@pytest.mark.parametrize("rule", list(ALONE))
def test_each_rule_holds_until_it_frees(rule: HoldRule) -> None:
    """The hold names its rule and its end; at that end, and not before, it is free."""
    account, message, limits, until = ALONE[rule]
    held = ask(account, message, **limits)
    assert isinstance(held, Hold)
    assert (held.rule, held.until) == (rule, until)
    assert held.account_wide == (rule in ACCOUNT_RULES)
    if held.until is not None:
        before = held.until - timedelta(microseconds=1)
        assert isinstance(ask(account, message, now=before, **limits), Hold)
        assert isinstance(ask(account, message, now=held.until, **limits), Go)


@pytest.mark.parametrize("rule", list(ALONE))
def test_force_skips_exactly_what_it_may(rule: HoldRule) -> None:
    """Limits, gap, cool-down, rest, windows, the phone in a person's hand and the
    message's own time; never pause, an account that is down or deaf, WhatsApp's
    restriction, the sibling's moment, or a guest who does not answer."""
    account, message, limits, _ = ALONE[rule]
    decision = ask(account, replace(message, forced=True), **limits)
    if rule in SKIPPED_BY_FORCE:
        assert isinstance(decision, Go)
    else:
        assert isinstance(decision, Hold)
        assert decision.rule is rule


def test_every_rule_is_tried_here() -> None:
    """A new rule must say in this file whether a force skips it."""
    assert set(ALONE) == set(HoldRule)


def test_the_rule_that_ends_last_binds() -> None:
    """Of several the one that lasts longest is told: the others are over by then."""
    account = AccountView(sends=sends(10, gap=42))
    both = ask(account, replace(DUE, last_to_chat=ago(100)))
    assert isinstance(both, Hold)
    assert both.rule is HoldRule.COOLDOWN
    endless = ask(replace(account, paused=True), replace(DUE, last_to_chat=ago(100)))
    assert isinstance(endless, Hold)
    assert (endless.rule, endless.until) == (HoldRule.PAUSED, None)


@pytest.mark.parametrize(
    "rule", sorted(set(ALONE) - {HoldRule.SCHEDULED, HoldRule.RETRY})
)
def test_a_held_message_is_explained_by_the_rule_that_holds_it(rule: HoldRule) -> None:
    """A hold moves `due_at`; asked again, the answer is still that rule, and not that
    somebody had scheduled the message."""
    account, message, limits, until = ALONE[rule]
    due = until if isinstance(until, datetime) else message.due_at
    held = replace(message, due_at=due, hold_rule=rule.value)
    again = ask(account, held, **limits)
    assert isinstance(again, Hold)
    assert (again.rule, again.until) == (rule, until)


@pytest.mark.parametrize("rule", [HoldRule.COOLDOWN, HoldRule.HOURLY, HoldRule.GAP])
def test_a_limit_that_was_lifted_holds_no_more(rule: HoldRule) -> None:
    """Yesterday's hold is not today's reason: only the rules as they are now count."""
    held = Candidate(due_at=after(3600), hold_rule=rule.value)
    assert isinstance(ask(READY, held), Go)


def test_the_own_number_is_exempt_from_the_cool_down() -> None:
    """The couple may test as often as the gap allows."""
    mine = replace(DUE, last_to_chat=ago(60), own_number=True)
    assert isinstance(ask(READY, mine), Go)
    assert isinstance(ask(READY, replace(mine, own_number=False)), Hold)
    hasty = ask(AccountView(sends=sends(1)), mine)
    assert isinstance(hasty, Hold)
    assert hasty.rule is HoldRule.GAP


def test_the_own_number_need_not_answer() -> None:
    """The couple never answer themselves, and no hand interrupts them."""
    mine = replace(DUE, own_number=True, unanswered=50, human_at=ago(1))
    assert isinstance(ask(READY, mine), Go)


def test_a_reply_may_follow_at_once_what_the_guest_wrote() -> None:
    """A conversation is not mailing: an answer to a newer word waits for no cool-down,
    and a reply by hand not for the hand on the phone; the unanswered limit holds."""
    reply = replace(DUE, by_hand=True, last_to_chat=ago(60), human_at=ago(30))
    assert isinstance(ask(READY, replace(reply, answers=True)), Go)
    held = ask(READY, reply)
    assert isinstance(held, Hold)
    assert held.rule is HoldRule.COOLDOWN
    ignored = ask(READY, replace(reply, unanswered=3))
    assert isinstance(ignored, Hold)
    assert ignored.rule is HoldRule.UNANSWERED


def test_the_unanswered_limit_can_be_switched_off() -> None:
    """0 means no limit, as the settings page says."""
    silent = replace(DUE, unanswered=99)
    assert isinstance(ask(READY, silent, unanswered_max=0), Go)


def test_a_number_linked_long_ago_is_warm() -> None:
    """Neither an old number nor one of unknown age is slowed down."""
    busy = sends(*(4000 + 1000 * n for n in range(9)))
    for linked_at in (None, ago(9 * 86_400)):
        account = AccountView(sends=busy, linked_at=linked_at)
        assert isinstance(ask(account, warmup_days=9, warmup_per_day=1), Go)


def test_go_counts_what_is_left_of_the_hour() -> None:
    """`rate_limit_ok` tells how many went in this hour and how many are left after."""
    account = AccountView(sends=sends(100, 1200, 3600))
    go = ask(account, rest_after=0)
    assert go == Go(sent_count=2, limit=10)
    assert isinstance(go, Go)
    assert go.remaining == 7
    beyond = Go(sent_count=12, limit=10)  # forced ones count too
    assert beyond.remaining == 0


def test_without_a_message_only_the_account_is_asked() -> None:
    """ "Could anything go now?" is what Settings → Limits shows."""
    assert isinstance(ask(READY, None), Go)
    held = ask(AccountView(sends=sends(10, gap=42)), None)
    assert isinstance(held, Hold)
    assert held.rule is HoldRule.GAP


def test_a_real_break_ends_the_streak() -> None:
    """Ten in a row earn a rest; a break as long as a rest begins the count anew."""
    row = sends(*(100 + 60 * n for n in range(9)), 100 + 60 * 8 + 900)
    assert isinstance(ask(AccountView(sends=row), per_hour=100), Go)
    row = sends(*(100 + 60 * n for n in range(9)), 100 + 60 * 8 + 899)
    held = ask(AccountView(sends=row), per_hour=100)
    assert isinstance(held, Hold)
    assert held.rule is HoldRule.REST


def test_what_was_drawn_under_other_limits_is_kept_within_the_present_ones() -> None:
    """The owner changes the gap: the pause already drawn follows at once."""
    account = AccountView(sends=sends(10, gap=300))
    shorter = ask(account, gap_max_seconds=60.0)
    assert isinstance(shorter, Hold)
    assert shorter.until == after(50)
    longer = ask(
        AccountView(sends=sends(10, gap=5)),
        gap_min_seconds=100.0,
        gap_max_seconds=200.0,
    )
    assert isinstance(longer, Hold)
    assert longer.until == after(90)


moments = st.floats(-90_000, 90_000).map(after)
a_send = st.builds(
    Send, moments, st.floats(0, 60), st.floats(0, 20), st.floats(0, 1800)
)
accounts = st.builds(
    AccountView,
    ready=st.booleans(),
    paused=st.booleans(),
    sends=st.lists(a_send, max_size=12).map(
        lambda all_: tuple(sorted(all_, key=lambda send: send.at, reverse=True))
    ),
    sibling=st.none() | a_send,
    linked_at=st.none() | moments,
)
candidates = st.builds(
    Candidate,
    due_at=moments,
    hold_rule=st.none() | st.sampled_from([rule.value for rule in HoldRule]),
    forced=st.booleans(),
    own_number=st.booleans(),
    by_hand=st.booleans(),
    answers=st.booleans(),
    last_to_chat=st.none() | moments,
    unanswered=st.integers(0, 4),
    human_at=st.none() | moments,
    deaf=st.booleans(),
    restricted_until=st.none() | moments,
)
policies = st.builds(
    Policy,
    per_hour=st.integers(1, 5),
    per_day=st.integers(1, 10),
    warmup_days=st.integers(0, 5),
    warmup_per_day=st.integers(1, 12),
    rest_after=st.integers(0, 4),
    windows=st.sampled_from(["", "09:00-12:30, 15:00-20:00", "22:00-01:00"]),
)


@given(accounts, candidates, policies)
def test_a_hold_ends_in_the_future_and_then_something_moves(
    account: AccountView, message: Candidate, policy: Policy
) -> None:
    """No hold ends in the past, and asking again at its end never gets the same
    answer, so nobody can wait in a circle. `history` may even lie in the future (a
    clock that was set back)."""
    now = NOON
    for _ in range(60):
        held = decide(now, account, message, policy, ROME)
        if isinstance(held, Go) or held.until is None:
            return
        assert held.until > now
        again = decide(held.until, account, message, policy, ROME)
        same = isinstance(again, Hold) and (again.rule, again.until) == (
            held.rule,
            held.until,
        )
        assert not same
        now = held.until
    raise AssertionError("sixty holds and no end")
