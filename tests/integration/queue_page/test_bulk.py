"""Orders for many messages: what they are for, how they go, how they end."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from tests.builders import Couple, guest_wrote, make_couple, message, phases_of, put
from tests.fakes import NOON, FakeClock
from tests.integration.queue_page.conftest import PLAN
from wedding_wa.db import Database
from wedding_wa.domain.errors import MaybeSent, MessageRefused, Unreachable
from wedding_wa.domain.messages import Outcome
from wedding_wa.models import AuditEntry
from wedding_wa.services import lease, queue, queue_bulk
from wedding_wa.services.processes import this_process
from wedding_wa.services.queue import Claim
from wedding_wa.services.queue_bulk import Order, Progress, What, in_batches, select_ids
from wedding_wa.services.queue_list import Wish

MARIA, UGO = "+393331112222", "+393334445555"


@pytest.fixture
def couple(any_database: Database) -> Couple:
    made = make_couple(any_database)
    for account in (made.groom, made.bride):
        guest_wrote(any_database, account, MARIA)
        guest_wrote(any_database, account, UGO)
    return made


def ids_of(
    db: Database, couple: Couple, *, what: What | None = None, **wish: str
) -> list[int]:
    accounts = (couple.groom, couple.bride)
    return db.read_now(select_ids, couple.wedding, accounts, Wish(**wish), what=what)


def claim(db: Database, account: int) -> Claim:
    """A worker takes the first of the account's line into its hands."""
    held = db.write_now(lease.acquire, account, owner=this_process(), now=NOON)
    assert held is not None
    step = db.write_now(queue.next_step, held, now=NOON)
    assert step is not None
    assert step.claim is not None
    return step.claim


def fail(db: Database, account: int, code: str) -> int:
    """The first of the line is given up because of `code`."""
    taken = claim(db, account)
    assert db.write_now(
        queue.finish_failed,
        taken,
        outcome=Outcome.NOT_SENT,
        fault=queue.Fault(code, 400),
        now=NOON,
    )
    return taken.message_id


def mark(db: Database, taken: Claim) -> None:
    """It is on its way."""
    assert db.write_now(
        queue.mark_dispatched, taken, reserved_id="3EB0AA", plan=PLAN, now=NOON
    )


async def carry_out(
    db: Database, order: Order, ids: list[int], **more: Any
) -> list[Progress]:
    steps = in_batches(db, order, ids, clock=FakeClock(), **more)
    return [step async for step in steps]


def audited(db: Database) -> list[tuple[str, int | None, dict[str, object]]]:
    return db.read_now(
        lambda s: [
            (one.action, one.user_id, one.params)
            for one in s.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        ]
    )


def test_all_that_match_are_all_pages_of_the_list(
    any_database: Database, couple: Couple
) -> None:
    """By state and by search, on every page, each once, those that go first first."""
    usual = [put(any_database, couple, to=MARIA, text="the bus").id for _ in range(30)]
    urgent = put(any_database, couple, account="bride", to=UGO, priority=1).id
    later = put(any_database, couple, to=UGO, due_at=NOON + timedelta(hours=1)).id
    gone = put(any_database, couple, to=UGO, text="the bus").id
    any_database.write_now(queue.cancel, couple.wedding, gone, now=NOON)
    assert ids_of(any_database, couple, state="waiting") == [urgent, *usual]
    assert ids_of(any_database, couple, state="held") == [later]
    assert ids_of(any_database, couple, search="BUS") == [*usual, gone]
    assert ids_of(any_database, couple, search="bus", state="skipped") == [gone]
    assert ids_of(any_database, couple, search="333 444") == [urgent, gone, later]
    assert set(ids_of(any_database, couple)) == {*usual, urgent, later, gone}
    only_groom = any_database.read_now(
        select_ids, couple.wedding, [couple.groom], Wish(state="waiting")
    )
    assert only_groom == usual


def test_a_search_is_for_what_its_list_finds(
    any_database: Database, couple: Couple, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than the search looks is not in the list: nor in the order."""
    monkeypatch.setattr("wedding_wa.services.queue_list.SEARCH_REACH", 5)
    ids = [put(any_database, couple).id for _ in range(8)]
    assert ids_of(any_database, couple, search="zia", state="waiting") == ids[:5]


def test_an_order_is_for_whom_it_can_change(
    any_database: Database, couple: Couple
) -> None:
    """Of a list only those that the order makes sense for; of the chosen too."""
    db = any_database
    refused = put(db, couple).id
    fail(db, couple.groom, MessageRefused.code)
    failed = put(db, couple).id
    fail(db, couple.groom, Unreachable.code)
    in_hand = put(db, couple, account="bride").id
    mark(db, claim(db, couple.bride))
    waits = put(db, couple).id
    assert ids_of(db, couple, what=What.CANCEL) == [waits]
    assert ids_of(db, couple, what=What.RETRY) == [failed]
    chosen = [waits, in_hand, failed, refused, 4711]

    def left(what: What) -> list[int]:
        return db.read_now(queue_bulk.still_possible, couple.wedding, chosen, what)

    assert left(What.CANCEL) == [waits]
    assert left(What.RETRY) == [failed]
    assert db.read_now(queue_bulk.still_possible, 99, chosen, What.CANCEL) == []


async def test_an_order_goes_in_batches_and_tells_how_far_it_is(
    any_database: Database, couple: Couple
) -> None:
    """Each batch is one transaction, its progress the sum; every message is changed
    once, with its own line in its timeline; begun and done are in the audit."""
    ids = [put(any_database, couple).id for _ in range(7)]
    order = Order(What.CANCEL, couple.wedding, by=None)
    steps = await carry_out(any_database, order, ids, batch=3)
    assert steps == [Progress(3, 0, 7), Progress(6, 0, 7), Progress(7, 0, 7)]
    assert [step.over for step in steps] == [False, False, True]
    for message_id in ids:
        assert message(any_database, message_id).skip_reason == "cancelled"
        assert phases_of(any_database, message_id).count("cancelled") == 1
    assert audited(any_database) == [
        ("queue_cancel_begun", None, {"total": 7, "done": 3, "left": 0}),
        ("queue_cancel_done", None, {"total": 7, "done": 7, "left": 0}),
    ]


async def test_whoever_moved_meanwhile_is_left_and_counted(
    any_database: Database, couple: Couple
) -> None:
    """One on its way, one cancelled already, one of nobody: counted, untouched."""
    db = any_database
    ids = [put(db, couple).id for _ in range(4)]
    on_its_way = claim(db, couple.groom)
    mark(db, on_its_way)
    db.write_now(queue.cancel, couple.wedding, ids[1], now=NOON)
    order = Order(What.CANCEL, couple.wedding)
    (end,) = await carry_out(db, order, [*ids, 4711])
    assert end == Progress(done=2, left=3, total=5)
    assert message(db, on_its_way.message_id).status == "processing"
    assert phases_of(db, on_its_way.message_id)[-1] == "sending"
    assert phases_of(db, ids[1]).count("cancelled") == 1


async def test_an_order_of_another_wedding_changes_nothing(
    any_database: Database, couple: Couple
) -> None:
    """Ids are not rights: the wedding is checked at each message."""
    one = put(any_database, couple).id
    other = make_couple(any_database).wedding
    (end,) = await carry_out(any_database, Order(What.CANCEL, other), [one])
    assert end == Progress(0, 1, 1)
    assert message(any_database, one).status == "pending"


async def test_an_aborted_order_stops_after_its_batch(
    any_database: Database, couple: Couple
) -> None:
    """What was done stays done, the rest stays as it is, the audit tells both."""
    ids = [put(any_database, couple).id for _ in range(6)]
    order = Order(What.CANCEL, couple.wedding)
    steps = in_batches(any_database, order, ids, clock=FakeClock(), batch=2)
    async with contextlib.aclosing(steps):
        async for step in steps:
            assert step == Progress(2, 0, 6)
            break
    statuses = [message(any_database, one).status for one in ids]
    assert statuses == ["skipped"] * 2 + ["pending"] * 4
    assert audited(any_database)[-1] == (
        "queue_cancel_stopped",
        None,
        {"total": 6, "done": 2, "left": 0},
    )


async def test_retry_takes_no_refusal_and_nothing_in_doubt(
    any_database: Database, couple: Couple
) -> None:
    """Whatever ids are handed in: refused for good and unconfirmed stay untouched."""
    db = any_database
    refused = put(db, couple).id
    assert fail(db, couple.groom, MessageRefused.code) == refused
    failed = put(db, couple).id
    assert fail(db, couple.groom, Unreachable.code) == failed
    doubt = put(db, couple).id
    taken = claim(db, couple.groom)
    mark(db, taken)
    assert db.write_now(
        queue.finish_unconfirmed, taken, fault=queue.Fault(MaybeSent.code), now=NOON
    )
    order = Order(What.RETRY, couple.wedding)
    (end,) = await carry_out(db, order, [refused, failed, doubt])
    assert end == Progress(done=1, left=2, total=3)
    states = [message(db, one).status for one in (refused, failed, doubt)]
    assert states == ["failed", "pending", "unconfirmed"]


def test_selecting_costs_no_rows(any_database: Database, couple: Couple) -> None:
    """Only ids are read, however long the texts are."""
    put(any_database, couple, text="x" * 4000)
    seen: list[str] = []

    def look(session: Session) -> list[int]:
        def note(_c: Any, _u: Any, statement: str, *_more: Any) -> None:
            seen.append(statement)

        event.listen(any_database.engine, "before_cursor_execute", note)
        try:
            return select_ids(session, couple.wedding, [couple.groom], Wish())
        finally:
            event.remove(any_database.engine, "before_cursor_execute", note)

    assert any_database.read_now(look)
    (statement,) = [one for one in seen if "queue_message" in one]
    assert "text" not in statement.split("FROM")[0]
