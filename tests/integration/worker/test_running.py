"""The worker as it runs: real time, real HTTP, quick limits."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.builders import attempts_of, guest_wrote, message, phases_of, put, set_policy
from tests.integration.conftest import World
from tests.integration.faults.database import Trouble
from tests.integration.queue.desk import NO_LIMITS
from tests.integration.worker.conftest import make_sender
from wedding_wa.models import Account
from wedding_wa.services import waha
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus, hear_other_processes
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.worker import Worker

SEND = "/api/sendText"
PATIENCE = 30.0
AT_ONCE: dict[str, object] = {
    **NO_LIMITS,
    "pause_min_seconds": 0.0,
    "pause_max_seconds": 0.0,
    "typing_min_seconds": 0.0,
    "typing_max_seconds": 0.0,
    "final_pause_min_seconds": 0.0,
    "final_pause_max_seconds": 0.0,
}
NEVER = 3600.0  # the interval: only a wake-up can be the reason


@pytest.fixture
def quick(world: World) -> World:
    """Both accounts send at once; a guest wrote to each."""
    for account_id in (world.couple.groom, world.couple.bride):
        set_policy(world.database, account_id, **AT_ONCE)
        guest_wrote(world.database, account_id)
    return world


@asynccontextmanager
async def working(world: World) -> AsyncIterator[asyncio.Task[None]]:
    """The worker, its bus and its ears; stopped gracefully at the end."""
    clock, bus = Clock(), Bus()
    bus.attach()
    world.database.on_commit.append(bus.publish)
    clients = Clients(world.database, Sealer(b"test"), clock)
    sender = make_sender(world, clients, clock)
    worker = Worker(world.database, bus, sender, clock, interval=NEVER)
    ears = asyncio.create_task(
        hear_other_processes(world.database.engine, bus, clock), name="ears"
    )
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        yield task
    finally:
        await stop(task)
        await stop(ears)
        await clients.aclose()


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool], what: str) -> float:
    """Wait until it is so; how many seconds that took."""
    began = time.monotonic()
    while not await asyncio.to_thread(true):
        assert time.monotonic() - began < PATIENCE, what
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def is_(world: World, message_id: int, status: str) -> Callable[[], bool]:
    return lambda: message(world.database, message_id).status == status


def ask(world: World, **more: object) -> int:
    return put(world.database, world.couple, now=Clock().now(), **more).id


def struck(world: World) -> bool:
    """Whether a fault has met a request: then the message is on its way."""
    faults = httpx.get(f"{world.url}/__world/faults").json()
    return any(fault["hits"] for fault in faults)


async def idle(world: World) -> None:
    """Until the worker has looked, found nothing, and both leases are taken."""

    def both() -> bool:
        owners = world.database.read_now(
            lambda s: [
                s.get_one(Account, a).lease_owner
                for a in (world.couple.groom, world.couple.bride)
            ]
        )
        return all(owners)

    await until(both, "the worker has its leases")
    await asyncio.sleep(0.3)


async def test_it_wakes_on_an_enqueue_of_its_own_process(quick: World) -> None:
    """Nothing polls: with an interval of an hour the message goes within moments."""
    async with working(quick):
        await idle(quick)
        one = await asyncio.to_thread(ask, quick)
        took = await until(is_(quick, one, "sent"), "it was sent")
    assert took < 5
    assert len(quick.delivered()) == 1


async def test_it_wakes_on_an_enqueue_of_another_process(quick: World) -> None:
    """The command line, for one: heard within a moment of its commit."""
    code = f"""
        from tests.builders import Couple, put
        from wedding_wa.db import opened
        from wedding_wa.services.clock import Clock
        with opened({quick.database.url!r}) as database:
            couple = Couple({quick.couple.wedding}, 0, 0)
            print(put(database, couple, now=Clock().now()).id)
    """
    async with working(quick):
        await idle(quick)
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", textwrap.dedent(code)),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        stdout, _ = await asyncio.wait_for(child.communicate(), PATIENCE)
        took = await until(is_(quick, int(stdout), "sent"), "it was sent")
    assert took < 5


async def test_a_new_account_is_served_too(quick: World) -> None:
    """The setup makes the accounts while the worker already runs: it notices."""
    from tests.builders import make_couple

    async with working(quick):
        await idle(quick)
        later = await asyncio.to_thread(make_couple, quick.database)
        # nobody told of the new rows: any change is a reason to look
        await asyncio.to_thread(ask, quick)

        def served() -> bool:
            read = quick.database.read_now
            return (
                read(lambda s: s.get_one(Account, later.bride).lease_owner) is not None
            )

        await until(served, "its lease is taken")


async def test_a_fault_of_one_account_never_delays_the_other(quick: World) -> None:
    """The groom's WAHA hangs in the middle of a send; the bride's messages go on."""
    quick.fault("hang", path=SEND, session="groom")
    async with working(quick):
        hanging = await asyncio.to_thread(ask, quick)
        await until(
            lambda: "sending" in phases_of(quick.database, hanging), "the groom hangs"
        )
        brides = [await asyncio.to_thread(ask, quick, account="bride") for _ in "abc"]
        took = await until(is_(quick, brides[-1], "sent"), "the bride's went")
        assert message(quick.database, hanging).status == "processing"
        quick.mend()
        await until(is_(quick, hanging, "unconfirmed"), "the groom's is in doubt")
    assert took < 10
    assert len(quick.delivered("bride")) == 3


async def test_a_stop_while_typing_gives_message_and_lease_back(quick: World) -> None:
    """Gracefully: typing is stopped, the message waits again, no failure, and the next
    process need not wait for the lease."""
    set_policy(
        quick.database,
        quick.couple.groom,
        **{**AT_ONCE, "typing_min_seconds": 50.0, "typing_max_seconds": 60.0},
    )
    async with working(quick) as task:
        one = await asyncio.to_thread(ask, quick)
        await until(lambda: "typing" in phases_of(quick.database, one), "it types")
        began = time.monotonic()
        await stop(task)
        assert time.monotonic() - began < 5
        row = message(quick.database, one)
        assert (row.status, row.failures, row.hold_rule) == ("pending", 0, None)
        (only,) = attempts_of(quick.database, one)
        assert (only.outcome, only.counts) == ("stopped", False)
        owner = quick.database.read_now(
            lambda s: s.get_one(Account, quick.couple.groom).lease_owner
        )
        assert owner is None
    set_policy(quick.database, quick.couple.groom, **AT_ONCE)
    async with working(quick):
        took = await until(is_(quick, one, "sent"), "the next worker sends it")
    assert took < 5
    (delivered,) = quick.delivered()
    marks = [mark["type"] for mark in delivered["marks"]]
    assert marks[0] == "seen"
    assert marks[-2:] == ["typing", "stopped"]
    # the first worker may have been stopped before WAHA had heard of its typing
    assert "typing" not in marks[1:-2] or "stopped" in marks[1:-2]


async def test_a_stop_during_the_send_waits_for_its_answer(quick: World) -> None:
    """Once it is on its way the outcome is known before the process ends."""
    quick.fault("slow", path=SEND, delay_ms=700)
    async with working(quick) as task:
        one = await asyncio.to_thread(ask, quick)
        await until(lambda: struck(quick), "it is on its way")
        await stop(task)
        assert message(quick.database, one).status == "sent"
    assert len(quick.delivered()) == 1


async def test_a_stop_during_a_send_that_hangs_does_not_wait_for_ever(
    quick: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it goes; the message stays marked, so that nobody sends it again
    before evidence has settled it."""
    from wedding_wa.services import sender

    monkeypatch.setattr(sender, "_LAST_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(waha, "SEND_READ_S", 60.0)
    quick.fault("hang", path=SEND)
    async with working(quick) as task:
        one = await asyncio.to_thread(ask, quick)
        await until(lambda: struck(quick), "it hangs")
        await stop(task)
        row = message(quick.database, one)
        assert row.status in ("processing", "unconfirmed")
        assert row.dispatched_at is not None
    quick.mend()
    async with working(quick):
        await until(is_(quick, one, "unconfirmed"), "the next worker finds it in doubt")
        await idle(quick)
    assert quick.delivered() == []


async def test_a_stop_while_the_database_is_in_trouble_ends_it_all_the_same(
    quick: World,
) -> None:
    """The message cannot be given back: whoever comes next frees it. Nothing is sent
    by a worker that was told to stop."""
    set_policy(
        quick.database,
        quick.couple.groom,
        typing_min_seconds=60.0,
        typing_max_seconds=60.0,
    )
    trouble = Trouble(quick.database)
    async with working(quick) as task:
        one = await asyncio.to_thread(ask, quick)
        await until(lambda: "typing" in phases_of(quick.database, one), "it types")
        trouble.make_read_only()
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=PATIENCE)
        trouble.make_writable()
    assert ended == {task}
    assert message(quick.database, one).status == "processing"
    assert quick.delivered() == []
