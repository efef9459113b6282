"""What WAHA's faults do to a message: real client, real HTTP, faults on the wire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import (
    attempts_of,
    events_of,
    guest_wrote,
    message,
    phases_of,
    put,
)
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services import queue, waha
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.worker import AccountWorker

SEND = "/api/sendText"


OTHER_GUEST = "+393334445555"


def ask(world: World, **more: object) -> int:
    return put(world.database, world.couple, **more).id


def row(world: World, message_id: int) -> QueueMessage:
    return message(world.database, message_id)


def account(world: World) -> Account:
    return world.database.read_now(lambda s: s.get_one(Account, world.couple.groom))


async def until_due(worker: AccountWorker, clock: FakeClock) -> None:
    """Step, waiting as the worker would, until there is nothing more to wait for."""
    for _ in range(20):
        wake = await worker.step()
        if wake is None:
            return
        clock.advance(max(0.0, (wake - clock.now()).total_seconds()))
    raise AssertionError("twenty steps and no end")


async def test_asked_to_slow_down_it_waits_as_long_as_it_was_told(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """429 with Retry-After: surely not sent, one failure, not sooner than WAHA says,
    then it goes, once."""
    world.fault("429", path=SEND, times=1)  # says: five seconds
    one = ask(world)
    await groom.step()
    held = row(world, one)
    assert (held.status, held.failures, held.hold_rule) == ("pending", 1, "retry")
    assert held.due_at >= clock.now() + timedelta(seconds=5)
    assert held.error_code == "error.waha.rate_limited"
    assert world.delivered() == []
    await until_due(groom, clock)
    assert row(world, one).status == "sent"
    assert len(world.delivered()) == 1
    tries = attempts_of(world.database, one)
    assert [(t.outcome, t.http_status, t.counts) for t in tries] == [
        ("not_sent", 429, False),
        ("sent", None, True),
    ]


@pytest.mark.parametrize(
    ("mode", "went", "status"),
    [("500", 0, 500), ("lost", 1, None), ("refuse", 0, None)],
)
async def test_a_send_without_an_answer_is_never_repeated_blindly(
    world: World,
    groom: AccountWorker,
    clock: FakeClock,
    mode: str,
    went: int,
    status: int | None,
) -> None:
    """5xx, a dropped answer, a cut line after the request went out: `unconfirmed`,
    whether or not the message was delivered, and no step sends it again."""
    world.fault(mode, path=SEND, times=1)
    one = ask(world)
    await groom.step()
    for _ in range(3):
        clock.advance(3600)
        await groom.step()
    lost = row(world, one)
    assert (lost.status, lost.failures, lost.attempt) == ("unconfirmed", 0, 1)
    assert lost.reserved_id is not None
    assert lost.error_code == "error.waha.maybe_sent"
    (only,) = attempts_of(world.database, one)
    assert (only.outcome, only.http_status, only.counts) == ("maybe_sent", status, True)
    assert len(world.delivered()) == went
    if went:
        assert world.delivered()[0]["id"] == lost.reserved_id


async def test_a_send_that_hangs_is_unconfirmed_after_the_time_out(
    world: World,
    groom: AccountWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A read time-out means that nobody knows (300 s in life, a moment here)."""
    monkeypatch.setattr(waha, "SEND_READ_S", 0.3)
    world.fault("hang", path=SEND, times=1)
    one = ask(world)
    await groom.step()
    assert row(world, one).status == "unconfirmed"
    assert phases_of(world.database, one)[-1] == "unconfirmed"


async def test_a_waha_that_is_away_costs_no_try(
    world: World, groom: AccountWorker, clients: Clients, clock: FakeClock
) -> None:
    """Every connection cut: the message waits for the account, and goes when it is
    back, in the same place of the line."""
    world.fault("refuse", path="/api/")
    one, two = ask(world), ask(world)
    await groom.step()
    await groom.step()
    held = row(world, one)
    assert (held.status, held.failures, held.hold_rule) == (
        "pending",
        0,
        "account_down",
    )
    assert row(world, two).attempt == 0
    world.mend()
    await poll(world.database, clients, world.couple.groom, clock)
    await until_due(groom, clock)
    assert [row(world, i).status for i in (one, two)] == ["sent", "sent"]
    assert [d["text"] for d in world.delivered()] == ["Cara zia, ti aspettiamo!"] * 2


async def test_a_key_that_is_not_accepted_holds_the_account(
    world: World, groom: AccountWorker, clients: Clients, clock: FakeClock
) -> None:
    """401: no failure counted, the account says why, all its messages wait."""
    world.fault("401", session="groom")
    one = ask(world)
    await groom.step()
    await groom.step()
    assert account(world).status == "BAD_KEY"
    held = row(world, one)
    assert (held.failures, held.hold_rule) == (0, "account_down")
    world.mend()
    await poll(world.database, clients, world.couple.groom, clock)
    await until_due(groom, clock)
    assert row(world, one).status == "sent"


async def test_a_hiccup_of_a_session_that_works_is_a_failed_try(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """422 on the send while WAHA itself says WORKING: tried again with back-off."""
    world.fault("422", path=SEND, times=1)
    one = ask(world)
    await groom.step()
    held = row(world, one)
    assert (held.status, held.failures, held.hold_rule) == ("pending", 1, "retry")
    await until_due(groom, clock)
    assert row(world, one).status == "sent"
    assert len(world.delivered()) == 1


async def test_a_session_that_failed_holds_without_a_failure(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """FAILED in the middle of typing: the message goes back as it was."""
    await groom.step()
    one = ask(world)
    world.fault("fail_session", session="groom")
    await groom.step()
    await groom.step()
    held = row(world, one)
    assert (held.status, held.failures, held.hold_rule) == (
        "pending",
        0,
        "account_down",
    )
    assert account(world).status == "FAILED"
    assert held.hold_params["status"] == "FAILED"
    assert world.delivered() == []


async def test_a_restriction_holds_new_chats_and_lets_old_ones_go(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """463: WhatsApp closes new chats; who has been written to before still may be."""
    known = ask(world)
    await groom.step()
    assert row(world, known).status == "sent"
    guest_wrote(world.database, world.couple.groom, OTHER_GUEST)
    said = {"statusCode": 500, "message": "Error 463"}
    world.fault("500", path=SEND, times=1, body=said)
    new, old = ask(world, to=OTHER_GUEST), ask(world)
    await until_due_once(groom)
    held = row(world, new)
    assert (held.status, held.failures, held.hold_rule) == ("pending", 0, "restricted")
    await until_due_once(groom)
    assert row(world, old).status == "sent"
    assert row(world, new).status == "pending"
    restricted_until = account(world).restricted_until
    assert restricted_until is not None
    clock.advance((restricted_until - clock.now()).total_seconds())
    await until_due(groom, clock)
    assert row(world, new).status == "sent"


async def until_due_once(worker: AccountWorker) -> None:
    await worker.step()


async def test_typing_is_stopped_also_where_something_fails_in_between(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """The guest never sees us "typing" for ever: stopTyping follows a startTyping
    whose answer was a fault, and the phase that broke off is ended."""
    world.fault("lost", path="/api/startTyping", times=1)
    one = ask(world)
    await groom.step()
    assert world.delivered() == []
    open_ = [e.phase for e in events_of(world.database, one) if e.duration_ms is None]
    assert open_ == ["retry_scheduled"]
    await until_due(groom, clock)
    (delivered,) = world.delivered()
    assert [mark["type"] for mark in delivered["marks"]] == [
        *("seen", "typing", "stopped"),
        *("typing", "stopped"),
    ]


class Meddling(FakeClock):
    """Does something in the middle of the first sleep that is long enough."""

    def __init__(self, longer_than: float) -> None:
        super().__init__()
        self.longer_than = longer_than
        self.act: object = None

    async def sleep(self, seconds: float) -> None:
        if self.act is not None and seconds > self.longer_than:
            act, self.act = self.act, None
            act()  # type: ignore[operator]
        await super().sleep(seconds)


class TestWhileTyping:
    """What others do while a person would be typing."""

    @pytest.fixture
    def clock(self) -> Meddling:
        return Meddling(longer_than=6)

    async def test_cancelled_while_typing_it_never_goes(
        self, world: World, groom: AccountWorker, clock: Meddling
    ) -> None:
        """Before its mark a message can still be taken back; typing is stopped."""
        one = ask(world, text="x" * 60)
        clock.act = lambda: world.database.write_now(
            queue.cancel, world.couple.wedding, one, now=clock.now()
        )
        await groom.step()
        await groom.step()
        cancelled = row(world, one)
        assert (cancelled.status, cancelled.skip_reason) == ("skipped", "cancelled")
        assert world.delivered() == []
        two = ask(world, text="Ciao!")
        await groom.step()
        assert row(world, two).status == "sent"
        marks = [mark["type"] for mark in world.delivered()[0]["marks"]]
        assert marks == ["seen", "typing", "stopped", "typing", "stopped"]

    async def test_a_fault_of_our_own_costs_one_try_and_blocks_nobody(
        self, world: World, groom: AccountWorker, clock: Meddling
    ) -> None:
        """Something breaks that nobody thought of: the message is tried again later,
        others go on, and what is for the same guest waits for it."""
        one, two = ask(world, text="x" * 60), ask(world, text="Ciao!")
        guest_wrote(world.database, world.couple.groom, OTHER_GUEST)
        three = ask(world, to=OTHER_GUEST, text="Ciao!")

        def broken() -> None:
            raise ZeroDivisionError

        clock.act = broken
        await groom.step()
        assert row(world, one).status == "pending"
        assert row(world, one).failures == 1
        await groom.step()
        assert row(world, three).status == "sent"
        assert row(world, two).hold_rule == "behind"
        await until_due(groom, clock)
        assert row(world, one).status == row(world, two).status == "sent"


async def _steps(worker: AccountWorker, clock: FakeClock, n: int) -> None:
    """Each when WAHA, which asks for a pause after each, has had it."""
    for _ in range(n):
        await worker.step()
        clock.advance(31)


async def test_five_failures_in_a_row_pause_the_account(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """Something is wrong with the number, not with one message: stop and say why;
    a success in between begins the count anew."""
    world.fault("429", path=SEND, times=4)
    ids = [ask(world, max_attempts=1) for _ in range(12)]
    await _steps(groom, clock, 5)
    assert [row(world, i).status for i in ids[:5]] == ["failed"] * 4 + ["sent"]
    assert account(world).failures_in_row == 0

    world.fault("429", path=SEND)
    await _steps(groom, clock, 7)
    paused = account(world)
    assert (paused.paused_at is not None, paused.pause_reason) == (True, "failures")
    statuses = [row(world, i).status for i in ids[5:]]
    assert statuses == ["failed"] * 5 + ["pending"] * 2
    assert row(world, ids[10]).hold_rule == "paused"
    assert clock.now() >= NOON
