"""`process_retries`: it sends what nobody sends, and only that, and only as it may."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from tests.builders import attempts_of, message, phases_of, put, set_policy
from tests.integration.retries.conftest import GUESTS, Waiting
from tests.integration.worker.test_running import until
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.processes import ProcessIdentity, this_process


def tables(waiting: Waiting) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is in the database."""
    with waiting.world.database.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(table.select())]
            for name, table in SQLModel.metadata.tables.items()
        }


async def test_due_retries_go_and_the_lease_comes_back(waiting: Waiting) -> None:
    """Where nobody serves the account they are sent here, once, each as a try of its
    own; a first try and a back-off that is not over are not this one's business."""
    one, two = waiting.due(GUESTS[0]), waiting.due(GUESTS[1])
    first = put(
        waiting.world.database, waiting.world.couple, to=GUESTS[2], now=waiting.now()
    ).id
    stats = await waiting.run()
    groom = stats.accounts[0]
    assert (groom.account, groom.due, groom.sent, groom.ended) == (
        "groom",
        2,
        2,
        "done",
    )
    assert (stats.tried, stats.on_their_way, stats.dry_run) == (2, 0, False)
    assert [waiting.state(i) for i in (one, two, first)] == ["sent", "sent", "pending"]
    assert len(waiting.world.delivered()) == 2
    assert [t.outcome for t in attempts_of(waiting.world.database, one)] == [
        "not_sent",
        "sent",
    ]
    assert waiting.served_by() is None
    assert (await waiting.run()).due == 0


async def test_what_a_living_worker_serves_is_left_to_it(
    waiting: Waiting, alive: ProcessIdentity
) -> None:
    """They are on their way already: this says so, and takes no lease."""
    due = waiting.due()
    waiting.serve(alive)
    stats = await waiting.run()
    assert (stats.on_their_way, stats.tried) == (1, 0)
    assert str(alive.pid) in (stats.accounts[0].served_by or "")
    assert waiting.state(due) == "pending"
    assert waiting.served_by() == str(alive)


async def test_this_processs_own_worker_is_a_worker(waiting: Waiting) -> None:
    """As a chore of the app it must not take its own worker's lease a second time:
    two of one process would send."""
    due = waiting.due()
    waiting.serve(this_process())
    assert (await waiting.run()).on_their_way == 1
    assert waiting.state(due) == "pending"
    assert waiting.served_by() == str(this_process())


async def test_a_process_with_a_worker_wakes_it_instead(waiting: Waiting) -> None:
    """Nobody serves the account yet, but this process's worker will in a moment: as a
    chore it takes nothing and sends nothing, and wakes whoever listens."""
    due, told = waiting.due(), []
    waiting.world.database.on_commit.append(told.append)
    stats = await waiting.run(send=False)
    assert (stats.due, stats.tried, len(told)) == (1, 0, 1)
    assert waiting.state(due) == "pending"
    assert waiting.served_by() != str(this_process())


async def test_a_dead_workers_messages_are_freed_first(
    waiting: Waiting, dead: ProcessIdentity
) -> None:
    """Its lease has not lapsed, but it is proven dead: what it held, unmarked, goes
    back in the line, and as a first try stays there for a worker."""
    due = waiting.due()
    held = put(
        waiting.world.database,
        waiting.world.couple,
        to=GUESTS[1],
        priority=1,
        now=waiting.now(),
    ).id
    waiting.claim(waiting.now(), owner=dead)
    assert waiting.state(held) == "processing"
    stats = await waiting.run()
    assert (stats.accounts[0].rescued, stats.accounts[0].sent) == (1, 1)
    assert (waiting.state(due), waiting.state(held)) == ("sent", "pending")
    assert "rescued" in phases_of(waiting.world.database, held)


async def test_a_dry_run_changes_nothing(
    waiting: Waiting, dead: ProcessIdentity
) -> None:
    """It tells what would be done, and every table is as it was."""
    waiting.due()
    put(
        waiting.world.database,
        waiting.world.couple,
        to=GUESTS[1],
        priority=1,
        now=waiting.now(),
    )
    waiting.claim(waiting.now(), owner=dead)
    before = tables(waiting)
    stats = await waiting.run(dry_run=True, cleanup_days=1)
    assert (stats.dry_run, stats.due, stats.tried, stats.cleaned) == (True, 1, 0, 0)
    assert (stats.accounts[0].served_by, stats.accounts[0].rescued) == (None, 1)
    assert tables(waiting) == before
    assert waiting.world.delivered() == []


async def test_at_most_so_many_are_tried(waiting: Waiting) -> None:
    """`max_retries` counts tries in all; the rest waits for the next run."""
    ids = [waiting.due(guest) for guest in GUESTS[:3]]
    stats = await waiting.run(max_retries=2)
    assert (stats.tried, stats.accounts[0].ended) == (2, "limit")
    assert [waiting.state(i) for i in ids] == ["sent", "sent", "pending"]
    assert (await waiting.run(max_retries=0)).tried == 0
    assert len(waiting.world.delivered()) == 2


async def test_no_limit_is_skipped(waiting: Waiting) -> None:
    """The gap after the first is longer than it waits: the second is left, and when
    it may go is told."""
    set_policy(
        waiting.world.database,
        waiting.world.couple.groom,
        gap_min_seconds=900.0,
        gap_max_seconds=900.0,
    )
    one, two = waiting.due(GUESTS[0]), waiting.due(GUESTS[1])
    stats = await waiting.run(patience=timedelta(seconds=30))
    groom = stats.accounts[0]
    assert (groom.sent, groom.ended) == (1, "wait")
    assert groom.until is not None
    assert groom.until > waiting.now() + timedelta(minutes=10)
    assert (waiting.state(one), waiting.state(two)) == ("sent", "pending")
    assert message(waiting.world.database, two).hold_rule == "gap"


async def test_a_short_gap_is_waited_for(waiting: Waiting) -> None:
    """Within its patience it waits, as a worker would, and goes on."""
    set_policy(
        waiting.world.database,
        waiting.world.couple.groom,
        gap_min_seconds=2.0,
        gap_max_seconds=2.0,
    )
    waiting.due(GUESTS[0])
    waiting.due(GUESTS[1])
    stats = await waiting.run(patience=timedelta(seconds=30))
    assert (stats.accounts[0].sent, stats.accounts[0].ended) == (2, "done")


async def test_who_said_stop_while_nobody_listened_gets_nothing(
    waiting: Waiting,
) -> None:
    """It hears the account before it sends: what was said meanwhile counts."""
    due, other = waiting.due(GUESTS[0]), waiting.due(GUESTS[1])
    waiting.world.post(
        "/__world/messages", session="groom", text="STOP", **{"from": GUESTS[0]}
    )
    stats = await waiting.run()
    assert (waiting.state(due), waiting.state(other)) == ("skipped", "sent")
    assert stats.accounts[0].sent == 1
    assert [one["chatId"] for one in waiting.world.delivered()] == [
        f"{GUESTS[1][1:]}@c.us"
    ]


async def test_without_waha_nothing_is_lost_or_counted(waiting: Waiting) -> None:
    """Its account is down: held, no failure counted, and told."""
    due = waiting.due()
    waiting.world.fault("refuse", path="/api/")
    before = message(waiting.world.database, due).failures
    stats = await waiting.run(patience=timedelta(seconds=0))
    row = message(waiting.world.database, due)
    assert (row.status, row.failures) == ("pending", before)
    assert stats.accounts[0].sent == 0
    assert stats.accounts[0].ended == "deaf"
    assert waiting.served_by() is None


async def test_a_failure_is_tried_again_later_or_given_up(waiting: Waiting) -> None:
    """The back-off and the number of tries are the message's own."""
    again = waiting.due(GUESTS[0])
    last = waiting.due(GUESTS[1], max_attempts=2)
    waiting.world.fault("429", path="/api/sendText")
    stats = await waiting.run()
    groom = stats.accounts[0]
    assert (groom.later, groom.failed, groom.sent) == (1, 1, 0)
    row = message(waiting.world.database, again)
    assert (row.status, row.failures, row.hold_rule) == ("pending", 2, "retry")
    assert waiting.state(last) == "failed"


async def test_cancelled_it_gives_everything_back(waiting: Waiting) -> None:
    """Stopped while it types: the message is back in the line, the lease is free."""
    set_policy(
        waiting.world.database,
        waiting.world.couple.groom,
        typing_min_seconds=25.0,
        typing_max_seconds=25.0,
    )
    due = waiting.due()
    run = asyncio.create_task(waiting.run())
    await until(lambda: "typing" in phases_of(waiting.world.database, due), "it types")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert waiting.state(due) == "pending"
    assert waiting.served_by() is None
    assert waiting.world.delivered() == []


async def test_two_runs_at_once_send_once(waiting: Waiting) -> None:
    """The lease decides: the second finds the account served, or nothing left."""
    ids = [waiting.due(guest) for guest in GUESTS[:3]]
    stats = await asyncio.gather(waiting.run(), waiting.run())
    assert sum(one.tried for one in stats) == 3
    assert {waiting.state(i) for i in ids} == {"sent"}
    assert len(waiting.world.delivered()) == 3


async def test_nonsense_is_refused(waiting: Waiting) -> None:
    """Below nothing there is nothing."""
    with pytest.raises(BadInput):
        await waiting.run(max_retries=-1)
    with pytest.raises(BadInput):
        await waiting.run(cleanup_days=0)
