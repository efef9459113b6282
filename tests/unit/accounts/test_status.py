"""One writer of an account's status: late, repeated and foreign words do no harm."""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database, opened
from wedding_wa.services import hearing
from wedding_wa.services.account_status import (
    CODES_RAN_OUT,
    UNLINKED,
    apply_status,
    apply_timelock,
    renew_code,
    set_stopped,
)
from wedding_wa.services.waha import Me, Timelock

ME = Me("393470000001@c.us", "Luca", "98100@lid")
OTHER = Me("393479999999@c.us", "Someone", None)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def couple(database: Database) -> Couple:
    made = make_couple(database, status="STOPPED")
    see.update(database, made.groom, phone=None, own_chat_id=None)
    return made


def tell(
    database: Database, couple: Couple, status: str, seconds: float, **more: object
) -> bool:
    at = later(seconds)
    return database.write_now(  # type: ignore[no-any-return]
        lambda s: apply_status(
            s,
            couple.groom,
            status,
            **{"at": at, "now": at, **more},  # type: ignore[arg-type]
        )
    )


def test_a_status_is_stored_once_per_change(database: Database, couple: Couple) -> None:
    """A repeated status adds no line to the history and keeps its "since"."""
    tell(database, couple, "STARTING", 1)
    tell(database, couple, "STARTING", 3)
    assert [c.status for c in see.changes(database, couple.groom)] == ["STARTING"]
    assert see.account(database, couple.groom).status_at == later(1)


def test_an_older_event_never_overwrites_a_newer_one(
    database: Database, couple: Couple
) -> None:
    """What is older than the last proof changes nothing and says so."""
    tell(database, couple, "WORKING", 5, me=ME)
    assert not tell(database, couple, "STARTING", 4)
    assert see.account(database, couple.groom).status == "WORKING"
    assert see.gaps(database, couple.groom) == []


def test_a_poll_that_confirms_a_status_makes_older_events_late(
    database: Database, couple: Couple
) -> None:
    """After a poll said WORKING, a STARTING retried from before it is old news."""
    tell(database, couple, "WORKING", 1, me=ME)
    tell(database, couple, "WORKING", 60, me=ME, polled=True)
    assert not tell(database, couple, "STARTING", 30, now=later(61))
    assert see.account(database, couple.groom).status_at == later(1)


def test_a_clock_that_is_ahead_does_not_lock_the_status(
    database: Database, couple: Couple
) -> None:
    """WAHA's clock may run an hour ahead: our next poll counts all the same."""
    tell(database, couple, "SCAN_QR_CODE", 3600, now=later(1))
    assert tell(database, couple, "FAILED", 2, polled=True)


def test_each_scan_event_is_a_new_code_and_a_poll_is_none(
    database: Database, couple: Couple
) -> None:
    """SCAN_QR_CODE again renews age and count; STARTING begins anew."""
    for seconds in (1, 61, 81):
        tell(database, couple, "SCAN_QR_CODE", seconds)
    tell(database, couple, "SCAN_QR_CODE", 90, polled=True)
    account = see.account(database, couple.groom)
    assert (account.qr_at, account.qr_count) == (later(81), 3)
    tell(database, couple, "STARTING", 95)
    tell(database, couple, "SCAN_QR_CODE", 97)
    account = see.account(database, couple.groom)
    assert (account.qr_at, account.qr_count) == (later(97), 1)


def test_a_code_seen_to_change_counts_once(database: Database, couple: Couple) -> None:
    """A renewal seen by looking counts, and its event that comes late does not."""
    tell(database, couple, "SCAN_QR_CODE", 1)
    database.write_now(renew_code, couple.groom, seen=later(1), at=later(62))
    database.write_now(renew_code, couple.groom, seen=later(1), at=later(63))
    tell(database, couple, "SCAN_QR_CODE", 61, now=later(64))
    account = see.account(database, couple.groom)
    assert (account.qr_at, account.qr_count) == (later(62), 2)


def test_codes_that_ran_out_are_told_from_other_failures(
    database: Database, couple: Couple
) -> None:
    """FAILED after codes and FAILED after a login have different remedies."""
    tell(database, couple, "SCAN_QR_CODE", 1)
    tell(database, couple, "FAILED", 161)
    assert see.account(database, couple.groom).status_error == CODES_RAN_OUT
    tell(database, couple, "FAILED", 170, polled=True)
    assert see.account(database, couple.groom).status_error == CODES_RAN_OUT
    tell(database, couple, "WORKING", 200, me=ME)
    assert see.account(database, couple.groom).status_error is None
    tell(database, couple, "FAILED", 300)
    assert see.account(database, couple.groom).status_error == UNLINKED


def test_me_counts_only_when_working(database: Database, couple: Couple) -> None:
    """WAHA names who asked for a pairing code: nobody is logged in by that."""
    tell(database, couple, "SCAN_QR_CODE", 1, me=ME)
    account = see.account(database, couple.groom)
    assert (account.phone, account.own_chat_id) == (None, None)
    assert see.consents(database, couple.groom) == []


def test_a_login_gives_the_own_number_consent_once(
    database: Database, couple: Couple
) -> None:
    """WORKING tells who it is; the own number may always be written to."""
    tell(database, couple, "WORKING", 1, me=ME)
    tell(database, couple, "WORKING", 2, me=ME)
    account = see.account(database, couple.groom)
    assert (account.phone, account.push_name, account.lid) == (
        "+393470000001",
        "Luca",
        "98100@lid",
    )
    (consent,) = see.consents(database, couple.groom)
    assert (consent.source, consent.chat_id, consent.phone) == (
        "own_number",
        ME.chat_id,
        "+393470000001",
    )


def test_another_number_takes_the_old_ones_place(
    database: Database, couple: Couple
) -> None:
    """When another phone logs in, the first number becomes a stranger."""
    tell(database, couple, "WORKING", 1, me=ME)
    tell(database, couple, "WORKING", 9, me=OTHER)
    old, new = see.consents(database, couple.groom)
    assert (old.revoked_at, old.revoked_reason) == (later(9), "number_changed")
    assert (new.chat_id, new.revoked_at) == (OTHER.chat_id, None)


def test_a_logout_forgets_who_was_logged_in_but_not_the_consent(
    database: Database, couple: Couple
) -> None:
    """Waiting for a scan means nobody is logged in; the same phone may come back."""
    tell(database, couple, "WORKING", 1, me=ME)
    tell(database, couple, "SCAN_QR_CODE", 5)
    assert see.account(database, couple.groom).phone is None
    tell(database, couple, "WORKING", 9, me=ME)
    (consent,) = see.consents(database, couple.groom)
    assert consent.revoked_at is None


def test_leaving_working_opens_one_gap_since_it_was_last_heard(
    database: Database, couple: Couple
) -> None:
    """The account may be deaf from its last proof of hearing on."""
    tell(database, couple, "WORKING", 1, me=ME)
    database.write_now(
        hearing.heard, couple.groom, "inbound", at=later(7), wedding_id=couple.wedding
    )
    tell(database, couple, "UNREACHABLE", 60)
    tell(database, couple, "STARTING", 70)
    (gap,) = see.gaps(database, couple.groom)
    assert (gap.since, gap.reason, gap.closed_at) == (later(7), "unreachable", None)
    assert database.read_now(hearing.concerned, couple.groom)
    assert not database.read_now(hearing.concerned, couple.bride)


def test_an_account_that_never_worked_has_no_gap(
    database: Database, couple: Couple
) -> None:
    """Nothing can have been missed by a number that was never logged in."""
    tell(database, couple, "SCAN_QR_CODE", 1)
    tell(database, couple, "UNREACHABLE", 2)
    assert not database.write_now(
        hearing.open_after_absence, couple.groom, now=later(900)
    )
    assert see.gaps(database, couple.groom) == []


@pytest.mark.parametrize(("away", "opens"), [(14, False), (16, True)])
def test_an_absence_of_more_than_15_s_opens_a_gap(
    database: Database, couple: Couple, away: int, opens: bool
) -> None:
    """WAHA tries events again for so long; after that something may be lost."""
    tell(database, couple, "WORKING", 0, me=ME)
    database.write_now(
        hearing.heard, couple.groom, "poll", at=NOON, wedding_id=couple.wedding
    )
    assert opens is database.write_now(
        hearing.open_after_absence, couple.groom, now=later(away)
    )


def test_the_owners_stop_ends_when_anybody_starts(
    database: Database, couple: Couple
) -> None:
    """A stop by the owner is remembered through polls, until the account runs."""
    tell(database, couple, "WORKING", 1, me=ME)
    database.write_now(set_stopped, couple.groom, by_owner=True, now=later(2))
    tell(database, couple, "WORKING", 3, me=ME, polled=True)
    tell(database, couple, "STOPPED", 4)
    assert see.account(database, couple.groom).stopped_at == later(2)
    tell(database, couple, "STARTING", 5)
    assert see.account(database, couple.groom).stopped_at is None


def test_a_restriction_begins_and_ends(database: Database, couple: Couple) -> None:
    """The timelock sets when new chats open again, and its end clears it."""

    def lock(active: bool, until: datetime | None) -> datetime | None:
        database.write_now(
            apply_timelock, couple.groom, Timelock(active, until), now=NOON
        )
        return see.account(database, couple.groom).restricted_until

    assert lock(True, later(7200)) == later(7200)
    assert lock(False, None) is None
    assert lock(True, None) == later(86400)


def test_a_status_nobody_knows_is_kept_and_not_ready(
    database: Database, couple: Couple
) -> None:
    """A newer WAHA may name statuses that we do not know."""
    tell(database, couple, "WORKING", 1, me=ME)
    tell(database, couple, "SOMETHING_NEW", 2)
    assert see.account(database, couple.groom).status == "SOMETHING_NEW"
    assert len(see.gaps(database, couple.groom)) == 1


def test_last_heard_moves_at_most_once_a_second(
    database: Database, couple: Couple
) -> None:
    """A burst of acks writes the account's row once."""

    def heard(session: Session, seconds: float, kind: str) -> None:
        hearing.heard(
            session, couple.groom, kind, at=later(seconds), wedding_id=couple.wedding
        )

    for seconds, kind in ((0.0, "ack"), (0.5, "echo"), (1.0, "inbound"), (0.2, "ack")):
        database.write_now(heard, seconds, kind)
    account = see.account(database, couple.groom)
    assert (account.last_heard_at, account.last_heard_kind) == (later(1), "inbound")


EVENTS = [
    ("STARTING", 1),
    ("SCAN_QR_CODE", 2),
    ("SCAN_QR_CODE", 62),
    ("STARTING", 70),
    ("WORKING", 72),
    ("STARTING", 90),
    ("WORKING", 91),
]


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(order=st.permutations([*EVENTS, *EVENTS[:3]]))
def test_status_events_in_any_order_end_with_the_newest(
    template: Path, order: list[tuple[str, int]]
) -> None:
    """Shuffled and repeated: connected, one login, one own consent, in every case."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, Path(folder) / "test.db")
        with opened(f"sqlite:///{folder}/test.db") as database:
            made = make_couple(database, status="UNKNOWN")
            see.update(database, made.groom, phone=None, own_chat_id=None)
            for status, seconds in order:
                tell(database, made, status, seconds, now=later(100), me=ME)
            groom = see.account(database, made.groom)
            assert (groom.status, groom.status_error) == ("WORKING", None)
            assert (groom.phone, groom.qr_count) == ("+393470000001", 0)
            assert len(see.consents(database, made.groom)) == 1


def test_login_deafness_and_another_login_on_every_database(
    any_database: Database,
) -> None:
    """The rules with locks and unique rows hold on PostgreSQL as on SQLite."""
    made = make_couple(any_database, status="UNKNOWN")
    see.update(any_database, made.groom, phone=None, own_chat_id=None)
    for seconds, status, me in (
        (1, "WORKING", ME),
        (2, "UNREACHABLE", None),
        (3, "STARTING", None),
        (4, "WORKING", OTHER),
    ):
        tell(any_database, made, status, seconds, me=me)
    gap = any_database.read_now(hearing.open_gap_of, made.groom)
    assert gap is not None
    assert gap.reason == "unreachable"
    assert any_database.write_now(hearing.count_try, gap, error="store_off") == 1
    close = {"found": None, "error": "store_off", "now": later(5)}
    assert any_database.write_now(hearing.close_gap, gap, **close)
    assert not any_database.write_now(hearing.close_gap, gap, **close)
    old, new = see.consents(any_database, made.groom)
    assert (old.revoked_at, new.revoked_at) == (later(4), None)


def test_a_number_counts_as_new_from_its_own_first_login(
    database: Database, couple: Couple
) -> None:
    """Warm-up begins when this number logs in for the first time, and neither a new
    login of the same one nor a restart makes it young again; another number is."""
    tell(database, couple, "WORKING", 1.7, me=ME)
    assert see.account(database, couple.groom).linked_at == later(1)
    tell(database, couple, "SCAN_QR_CODE", 100)
    tell(database, couple, "WORKING", 200, me=ME)
    assert see.account(database, couple.groom).linked_at == later(1)
    tell(database, couple, "WORKING", 300, me=OTHER)
    assert see.account(database, couple.groom).linked_at == later(300)
