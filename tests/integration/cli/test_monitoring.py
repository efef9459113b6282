"""Monitored notifications: sent like messages, and answered for in words."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from tests.builders import GUEST, Couple, guest_wrote, make_couple, message, set_policy
from tests.fakes import NOON
from tests.integration.queue.desk import FAULT, ME, NO_LIMITS, PLAN, wa_id
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NoConsent, NotFound
from wedding_wa.domain.messages import Outcome
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.retry import backoff
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.monitoring import (
    Notification,
    notification,
    send_monitored_notification,
    wait_for_end,
)


@pytest.fixture
def couple(database: Database) -> Couple:
    made = make_couple(database)
    guest_wrote(database, made.groom)
    set_policy(database, made.groom, **NO_LIMITS)
    return made


def send(database: Database, couple: Couple, **more: object) -> Notification:
    """A one-time code to the guest."""
    wanted = {"to": GUEST, "text": "*12* 34", "category": "otp", "now": NOON} | more
    return database.write_now(send_monitored_notification, couple.wedding, **wanted)  # type: ignore[arg-type]


def stands(database: Database, couple: Couple, one: Notification) -> Notification:
    return database.read_now(notification, couple.wedding, one.task_id)


def claim(database: Database, couple: Couple) -> queue.Claim:
    """The next message, in hand and on its way."""

    def take(session):  # type: ignore[no-untyped-def]
        lease = leases.acquire(session, couple.groom, owner=ME, now=NOON)
        taken = queue.next_step(session, lease, now=NOON).claim
        queue.mark_dispatched(
            session, taken, reserved_id=wa_id(taken.message_id), plan=PLAN, now=NOON
        )
        return taken

    return database.write_now(take)


def test_it_goes_into_the_queue_word_for_word(
    database: Database, couple: Couple
) -> None:
    """Category and title are labels; the text is what is sent, as it is."""
    made = send(database, couple, title="Code", max_attempts=2)
    row = message(database, made.message_id)
    assert (row.kind, row.category, row.title) == ("notification", "otp", "Code")
    assert (row.text, row.priority, row.max_attempts) == ("*12* 34", 1, 2)
    assert (made.attempt, made.success, made.error) == (0, None, None)
    assert (made.status, made.next_try_at) == ("pending", NOON)


def test_it_never_goes_to_somebody_who_has_not_written(
    database: Database, couple: Couple
) -> None:
    """A notification is no way round the guest's first word."""
    with pytest.raises(NoConsent):
        send(database, couple, to="+393330000000")


def test_an_unknown_category_is_refused_with_the_list(
    database: Database, couple: Couple
) -> None:
    """So that nobody finds out later that it was none."""
    with pytest.raises(BadInput) as wrong:
        send(database, couple, category="spam")
    assert "account, otp, system" in str(wrong.value.params["known"])


def test_under_one_key_there_is_one(database: Database, couple: Couple) -> None:
    """Asked for twice, the answer is about the same one."""
    first = send(database, couple, idempotency_key="login-7")
    assert send(database, couple, idempotency_key="login-7") == first


def test_its_trouble_is_told_while_it_goes_on(
    database: Database, couple: Couple
) -> None:
    """After a failed try: which try, why, and when again; in the reader's words."""
    made = send(database, couple)
    due = NOON + timedelta(minutes=7)
    taken = claim(database, couple)
    assert stands(database, couple, made).attempt == 1
    database.write_now(queue.retry_later, taken, due_at=due, fault=FAULT, now=NOON)
    now = stands(database, couple, made)
    assert (now.attempt, now.success, now.next_try_at) == (1, None, due)
    assert now.error
    assert "tried again" in now.error
    other = database.read_now(notification, couple.wedding, made.task_id, lang="it")
    assert other.error not in (None, now.error)


def test_its_end_is_told(database: Database, couple: Couple) -> None:
    """Success, failure, left out: yes or no, never "perhaps" while nobody knows."""
    went, lost, out, doubt = (send(database, couple, text=t) for t in "abcd")
    database.write_now(
        queue.finish_sent,
        claim(database, couple),
        provider_id=wa_id(went.message_id),
        plan=PLAN,
        now=NOON,
    )
    database.write_now(
        queue.finish_failed,
        claim(database, couple),
        outcome=Outcome.REFUSED,
        fault=queue.Fault("error.waha.message_refused", 400),
        now=NOON,
    )
    database.write_now(queue.cancel, couple.wedding, out.message_id, now=NOON)
    database.write_now(
        queue.finish_unconfirmed, claim(database, couple), fault=FAULT, now=NOON
    )
    ends = [stands(database, couple, one) for one in (went, lost, out, doubt)]
    assert [one.success for one in ends] == [True, False, False, None]
    assert [one.over for one in ends] == [True, True, True, False]
    assert [one.error is None for one in ends] == [True, False, False, False]
    assert ends[3].status == "unconfirmed"
    assert all(one.next_try_at is None for one in ends)


def test_it_is_asked_for_by_its_own_wedding_only(
    database: Database, couple: Couple
) -> None:
    """An unknown task is not found."""
    made = send(database, couple)
    with pytest.raises(NotFound):
        database.read_now(notification, couple.wedding + 1, made.task_id)


def test_its_back_off_is_its_own() -> None:
    """Base five minutes, twice as long each time, at most 32 times: slower than an
    ordinary message's."""
    longest = random.Random()
    longest.random = lambda: 0.0  # type: ignore[method-assign]  # the whole ceiling
    minutes = [
        backoff("notification", n, Policy(), longest) / timedelta(minutes=1)
        for n in range(1, 8)
    ]
    assert minutes == [10, 20, 40, 80, 160, 160, 160]


async def test_one_can_wait_for_the_end(database: Database, couple: Couple) -> None:
    """It answers as soon as the end is known, woken by the commit; else when the time
    is over, with how it stands then."""
    bus = Bus()
    bus.attach()
    database.on_commit.append(bus.publish)
    made = send(database, couple)
    clock = Clock()

    def wait(seconds: float) -> asyncio.Task[Notification]:
        waiting = wait_for_end(
            database, bus, clock, couple.wedding, made.task_id, seconds=seconds
        )
        return asyncio.create_task(waiting)

    assert (await wait(0)).success is None
    assert (await wait(0.2)).status == "pending"
    waiting = wait(60)
    await asyncio.sleep(0)
    taken = await asyncio.to_thread(claim, database, couple)
    await database.write(
        queue.finish_sent, taken, provider_id=wa_id(7), plan=PLAN, now=NOON
    )
    async with asyncio.timeout(20):
        assert (await waiting).success is True
