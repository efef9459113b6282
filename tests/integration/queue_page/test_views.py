"""What the Queue page reads: counters, reasons, live phases, lanes, one message."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from tests.builders import Couple, put, set_policy
from tests.fakes import NOON
from tests.integration.queue_page.conftest import MARIA, UGO, Hand
from wedding_wa.db import Database
from wedding_wa.domain.errors import MessageRefused, Unreachable
from wedding_wa.domain.messages import HoldRule, Outcome, Phase
from wedding_wa.services import pausing, queue
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_selection import Chosen
from wedding_wa.services.queue_timeline import Detail, message_detail, queue_screen
from wedding_wa.services.queue_views import QueuePage, queue_page
from wedding_wa.services.queue_why import Why
from wedding_wa.services.strip import strip

SECOND = timedelta(seconds=1)


def page(database: Database, couple: Couple, *, now=NOON, keep=(), **wish) -> QueuePage:
    return database.read_now(
        queue_page, couple.wedding, Wish(**wish), now=now, keep=keep
    )


def why(database: Database, couple: Couple, message_id: int, *, now=NOON) -> Why | None:
    rows = page(database, couple, now=now).rows
    return next(row.why for row in rows if row.id == message_id)


def detail(database: Database, couple: Couple, message_id: int) -> Detail | None:
    return database.read_now(message_detail, couple.wedding, message_id, now=NOON)


def test_counters_follow_every_change(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """The figures are the true counts, of both accounts, read without counting."""
    ids = [put(database, couple).id for _ in range(3)]
    put(database, couple, account="bride", due_at=NOON + SECOND)
    hand.sent(hand.take())
    database.write_now(queue.cancel, couple.wedding, ids[2], now=NOON)
    counts = page(database, couple).counts
    assert {k: n for k, n in counts.items() if n} == {
        "waiting": 1,
        "held": 1,
        "sent": 1,
        "skipped": 1,
    }


def test_a_label_stands_before_the_words(database: Database, couple: Couple) -> None:
    """The label is for our own eyes: shown in the list, not part of the text."""
    one = put(database, couple, text="Ciao  zia", title="Bus").id
    (row,) = page(database, couple).rows
    found = detail(database, couple, one)
    assert found is not None
    assert (row.preview, found.text) == ("Bus: Ciao zia", "Ciao  zia")


def test_an_empty_page_reads_no_messages(database: Database, couple: Couple) -> None:
    """Nothing to show is not looked for through all of the wedding's messages."""
    put(database, couple)
    seen: list[str] = []

    def look(session):
        def note(_conn, _cursor, statement, *_more):
            seen.append(statement)

        sa.event.listen(database.engine, "before_cursor_execute", note)
        try:
            return queue_page(session, couple.wedding, Wish(state="failed"), now=NOON)
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", note)

    assert database.read_now(look).rows == ()
    assert not [one for one in seen if "queue_message.id IN (SELECT 1" in one]


def test_counters_and_rows_are_of_this_wedding(
    database: Database, couple: Couple
) -> None:
    """Nobody sees another wedding's messages, by list, by counter or by id."""
    mine = put(database, couple).id
    other = Couple(couple.wedding + 1, 0, 0)
    assert detail(database, other, mine) is None
    assert detail(database, couple, mine) is not None


def test_the_reason_is_the_one_the_worker_would_get(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """One an hour: the head is held until it frees, the others wait behind it."""
    set_policy(database, couple.groom, per_hour=1, gap_min_seconds=0, gap_max_seconds=0)
    put(database, couple, to=MARIA)
    hand.sent(hand.take())
    head, behind = (put(database, couple, to=UGO).id for _ in range(2))
    hand.wait(NOON + SECOND)

    found = why(database, couple, head, now=NOON + SECOND)
    assert found is not None
    assert (found.rule, found.until) == (HoldRule.HOURLY, NOON + timedelta(hours=1))
    assert found.params["limit"] == 1
    assert found.before == 0
    later = why(database, couple, behind, now=NOON + SECOND)
    assert later is not None
    assert (later.rule, later.before) == (HoldRule.HOURLY, 1)


def test_a_message_of_its_own_time_has_no_place_in_the_line(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """Scheduled, cooling down, to be tried again: its own rule, not its place."""
    planned = put(database, couple, due_at=NOON + timedelta(hours=2)).id
    found = why(database, couple, planned)
    assert found is not None
    assert (found.rule, found.before) == (HoldRule.SCHEDULED, None)

    put(database, couple, to=MARIA)
    hand.sent(hand.take())
    same_guest = put(database, couple, to=MARIA).id
    soon = NOON + timedelta(minutes=5)
    hand.wait(soon)
    found = why(database, couple, same_guest, now=soon)
    assert found is not None
    assert (found.rule, found.before) == (HoldRule.COOLDOWN, None)
    assert found.until == NOON + timedelta(minutes=10)


def test_a_pause_says_who_made_it(database: Database, couple: Couple) -> None:
    """All sending, or this account alone after failures: two different sentences."""
    one = put(database, couple).id
    database.write_now(pausing.pause_all, couple.wedding, now=NOON)
    found = why(database, couple, one)
    assert found is not None
    assert (found.rule, found.params.get("by")) == (HoldRule.PAUSED, None)
    database.write_now(pausing.resume_all, couple.wedding, now=NOON)

    def failing(session):
        session.execute(
            sa.text("UPDATE account SET paused_at=:now, pause_reason='failures'"),
            {"now": NOON.replace(tzinfo=None)},
        )

    database.write_now(failing)
    found = why(database, couple, one)
    assert found is not None
    assert found.params["by"] == "failures"


def test_the_live_phase_counts_for_two_minutes(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """A phase is shown while it is fresh and of this attempt, else the status."""
    one = put(database, couple).id
    claim = hand.take()
    assert page(database, couple).phases == {}
    hand.enter(claim, Phase.TYPING)
    assert page(database, couple).phases == {one: "typing"}
    late = NOON + timedelta(minutes=2)
    assert page(database, couple, now=late - SECOND).phases == {one: "typing"}
    assert page(database, couple, now=late).phases == {}
    database.write_now(queue.release, claim, outcome=Outcome.STOPPED, now=NOON + SECOND)
    hand.take(NOON + SECOND)
    assert page(database, couple, now=NOON + SECOND).phases == {}


def test_each_lane_shows_what_goes_now_or_next(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """In hand: that message. Else the first that only its account holds."""
    sending = put(database, couple, to=MARIA).id
    cooling = put(database, couple, to=MARIA).id
    claim = hand.take()
    groom, bride = page(database, couple).lanes
    assert groom.message is not None
    assert (groom.live, groom.message.id) == (True, sending)
    assert (bride.live, bride.message) == (False, None)

    hand.sent(claim)
    free = put(database, couple, to=UGO).id
    groom = page(database, couple, now=NOON + timedelta(minutes=2)).lanes[0]
    assert groom.message is not None
    assert (groom.live, groom.message.id) == (False, free)
    assert why(database, couple, cooling).rule is HoldRule.COOLDOWN


def test_a_kept_list_stays_while_states_move_on(
    database: Database, couple: Couple
) -> None:
    """Somebody points at the list: same rows in the same order, new ones counted."""
    first = [put(database, couple).id for _ in range(3)][::-1]
    newer = put(database, couple).id
    database.write_now(queue.cancel, couple.wedding, first[0], now=NOON)
    kept = page(database, couple, keep=first)
    assert [row.id for row in kept.rows] == first
    assert [row.state for row in kept.rows] == ["skipped", "waiting", "waiting"]
    assert kept.fresh == 1
    assert page(database, couple).rows[0].id == newer
    gone = page(database, couple, keep=first, state="waiting")
    assert first[0] in [row.id for row in gone.rows]


def test_only_failures_that_a_try_may_mend_are_counted(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """The retry button's count is what pressing it takes: not what was refused."""
    set_policy(database, couple.groom, pause_after_failures=0)
    for to, code in ((MARIA, Unreachable.code), (UGO, MessageRefused.code)):
        put(database, couple, to=to)
        hand.failed(hand.take(), code)
    assert page(database, couple).counts["failed"] == 2
    assert page(database, couple).retryable == 1
    assert database.write_now(queue.retry_failed, couple.wedding, now=NOON) == 1
    assert page(database, couple).retryable == 0


def test_a_name_a_number_or_the_end_of_a_hidden_id(
    database: Database, couple: Couple
) -> None:
    """A guest is shown by name, else by number written nicely."""
    put(database, couple, to=MARIA)

    def unnamed(session):
        session.execute(sa.text("UPDATE queue_message SET name = NULL"))

    (row,) = page(database, couple).rows
    assert (row.who, row.number) == ("Zia Maria", "+39 333 111 2222")
    database.write_now(unnamed)
    (row,) = page(database, couple).rows
    assert (row.who, row.number) == ("+39 333 111 2222", "+39 333 111 2222")


def test_what_one_may_do_follows_the_status(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """Cancel until it is on its way, force while it waits, retry what failed."""

    def may(message_id: int) -> tuple[bool, bool, bool]:
        found = detail(database, couple, message_id)
        assert found is not None
        return found.can_cancel, found.can_force, found.can_retry

    one = put(database, couple).id
    assert may(one) == (True, True, False)
    claim = hand.take()
    assert may(one) == (True, False, False)
    hand.failed(claim, Unreachable.code)
    assert may(one) == (False, False, True)
    database.write_now(queue.retry_failed, couple.wedding, now=NOON)
    database.write_now(queue.force, couple.wedding, one, now=NOON)
    assert may(one) == (True, False, False)
    hand.sent(hand.take())
    assert may(one) == (False, False, False)


def test_the_timeline_and_the_tries_are_whole(
    database: Database, couple: Couple, hand: Hand
) -> None:
    """Every phase in its order; every try with its outcome; the ids to look it up."""
    one = put(database, couple)
    hand.failed(hand.take(), Unreachable.code)
    database.write_now(queue.retry_failed, couple.wedding, now=NOON)
    claim = hand.take(NOON + SECOND)
    hand.enter(claim, Phase.TYPING, NOON + SECOND)
    hand.sent(claim, NOON + 2 * SECOND)
    found = detail(database, couple, one.id)
    assert found is not None
    assert [event.phase for event in found.events] == [
        "queued",
        "rate_limit_ok",
        "failed",
        "retry_scheduled",
        "rate_limit_ok",
        "typing",
        "sending",
        "sent",
    ]
    assert [(t.outcome, t.error_code) for t in found.tries] == [
        ("not_sent", Unreachable.code),
        ("sent", None),
    ]
    assert (found.ids.number, found.ids.task) == (one.id, one.task_id)
    assert found.ids.whatsapp == "3EB0AA"


def test_nothing_reads_the_history(database: Database, couple: Couple) -> None:
    """SQLite's own plans: no statement of the page walks the messages, or sorts them
    without an index that holds only what is asked for."""
    for _ in range(2):
        message_id = put(database, couple, due_at=NOON + timedelta(hours=1)).id
        database.write_now(queue.hold_back, couple.wedding, message_id, now=NOON)
    put(database, couple)
    missed = Wish(state="held", rule="missed")
    plans: list[str] = []

    def look(session):
        bind = session.connection().connection.cursor()

        def plan(_conn, _cursor, statement, parameters, _context, _many):
            if "queue_message" in statement and statement.startswith("SELECT"):
                bind.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(row[3] for row in bind.fetchall())

        sa.event.listen(database.engine, "before_cursor_execute", plan)
        try:
            queue_screen(session, couple.wedding, Wish(), 1, now=NOON)
            queue_screen(session, couple.wedding, Wish(state="waiting"), 1, now=NOON)
            for chosen in (Chosen((1, 2)), Chosen(wish=Wish()), Chosen(wish=missed)):
                queue_screen(
                    session, couple.wedding, missed, 1, now=NOON, chosen=chosen
                )
            strip(session, couple.wedding, now=NOON)
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", plan)

    database.read_now(look)
    used = {line for line in plans if "queue_message" in line}
    allowed = (
        "PRIMARY KEY",
        "ix_queue_message_bucket (wedding_id=? AND bucket=?",
        "ix_queue_message_line (account_id=?",
        "ix_queue_message_due (account_id=? AND due_at>?",
        "ix_queue_message_due (account_id=? AND due_at<?",  # at most some hundred
        "ix_queue_message_held (account_id=?",
        "ix_queue_message_retried (account_id=?",  # of those that wait only
    )
    assert used
    assert not [line for line in used if not any(part in line for part in allowed)]
