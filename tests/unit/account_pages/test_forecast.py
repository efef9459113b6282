"""When the queue will be done, by the rules that send it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.fakes import NOON
from wedding_wa.domain.forecast import FARTHEST, done_about
from wedding_wa.domain.pacing import AccountView
from wedding_wa.domain.policy import Policy

ROME = ZoneInfo("Europe/Rome")
HOUR = timedelta(hours=1)
READY = AccountView()


def minutes(policy: Policy, waiting: int, account: AccountView = READY) -> float:
    done = done_about(NOON, account, policy, ROME, waiting=waiting)
    assert done is not None
    return (done - NOON).total_seconds() / 60


def test_nothing_waiting_has_no_end() -> None:
    """There is nothing to be done by any time."""
    assert done_about(NOON, READY, Policy(), ROME, waiting=0) is None


def test_one_message_goes_within_a_minute() -> None:
    """Read, think, type 80 characters, send: no limit is near."""
    assert 0 < minutes(Policy(), 1) < 1


def test_the_eleventh_waits_for_the_first_to_leave_the_hour() -> None:
    """Ten an hour: the eleventh goes when the first is an hour old."""
    policy = Policy(rest_after=0)
    assert minutes(policy, 10) < 30
    assert 60 <= minutes(policy, 11) < 62


def test_a_rest_counts() -> None:
    """After ten in a row the account rests 15 to 30 minutes: 22.5 on average."""
    wide = Policy(per_hour=100, rest_after=0)
    rested = Policy(per_hour=100, rest_after=10)
    assert 20 < minutes(rested, 11) - minutes(wide, 11) < 23


def test_windows_count() -> None:
    """Outside the sending hours nothing goes: 14:00 in Rome, the window opens at 16."""
    policy = Policy(windows="16:00-18:00")
    assert 120 <= minutes(policy, 1) < 121


def test_what_only_a_person_frees_has_no_end() -> None:
    """Paused or down: no time would be true."""
    for account in (AccountView(paused=True), AccountView(ready=False)):
        assert done_about(NOON, account, Policy(), ROME, waiting=3) is None


def test_a_long_queue_is_not_walked() -> None:
    """Beyond what anybody plans by, no forecast is worth its time."""
    policy = Policy(per_hour=1000, per_day=10_000, rest_after=0)
    assert done_about(NOON, READY, policy, ROME, waiting=FARTHEST + 1) is None
    assert minutes(policy, FARTHEST) > 0


def test_one_calculation_a_minute() -> None:
    """Many looks within a minute see the same time, so no figure flickers."""
    early = done_about(NOON, READY, Policy(), ROME, waiting=5)
    late = done_about(NOON + timedelta(seconds=59), READY, Policy(), ROME, waiting=5)
    assert early == late
