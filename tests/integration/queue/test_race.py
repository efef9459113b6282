"""Several at once: what two workers, a worker and a person, or a thief may not do."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import replace

from tests.builders import attempts_of
from tests.fakes import NOON
from tests.integration.queue.desk import OTHER, Desk
from wedding_wa.domain.errors import Conflict
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.queue import Claim


async def test_two_workers_never_claim_the_same(desk: Desk) -> None:
    """Eight tasks of one lease ask at once for twenty messages: each goes to one."""
    ids = [desk.put() for _ in range(20)]

    async def work() -> list[Claim]:
        claims = []
        while True:
            step = await desk.db.write(queue.next_step, desk.lease, now=desk.now)
            if step is None or step.claim is None:
                return claims
            claims.append(step.claim)

    hands = await asyncio.gather(*(work() for _ in range(8)))
    claims = list(itertools.chain.from_iterable(hands))
    assert Counter(claim.message_id for claim in claims) == Counter(ids)
    assert all(claim.attempt == 1 for claim in claims)
    assert desk.counters() == {"processing": 20}


async def test_a_free_lease_has_one_taker(desk: Desk) -> None:
    """Ten processes want it at the same moment: one gets it."""
    desk.db.write_now(leases.release, desk.lease)
    owners = [replace(OTHER, pid=n) for n in range(10)]
    got = await asyncio.gather(
        *(
            desk.db.write(leases.acquire, desk.couple.groom, owner=one, now=NOON)
            for one in owners
        )
    )
    assert sum(lease is not None for lease in got) == 1


async def test_a_claim_and_a_theft_at_once_leave_nothing_stuck(desk: Desk) -> None:
    """A lapsed holder claims in the very moment in which another takes the lease and
    rescues: whoever comes first, no message stays in the hands of the loser."""

    def take(session: object, owner: object) -> leases.Lease | None:
        later = desk.later(60)
        taken = leases.acquire(
            session,  # type: ignore[arg-type]
            desk.couple.groom,
            owner=owner,  # type: ignore[arg-type]
            now=later,
        )
        assert taken is not None
        queue.rescue(session, taken, calls_over=False, now=later)  # type: ignore[arg-type]
        return taken

    for turn in range(15):
        message_id = desk.put()
        owner = replace(OTHER, pid=turn)
        step, taken = await asyncio.gather(
            desk.db.write(queue.next_step, desk.lease, now=desk.now),
            desk.db.write(take, owner),
        )
        row = desk.row(message_id)
        assert row.status == "pending"
        assert step is None or step.claim is not None
        if step is not None and step.claim is not None:
            assert desk.mark(step.claim) is None
        desk.lease = taken
        assert desk.claim().message_id == message_id
        desk.db.write_now(queue.rescue, taken, calls_over=False, now=desk.now)
        desk.db.write_now(queue.cancel, desk.couple.wedding, message_id, now=desk.now)


async def test_cancel_and_mark_at_once_have_one_winner(desk: Desk) -> None:
    """Either the person was in time and it never goes, or it goes and they are told."""
    won = Counter[str]()
    for _ in range(20):
        message_id = desk.put()
        claim = desk.claim()
        asked = [
            asyncio.to_thread(desk.mark, claim),
            desk.db.write(queue.cancel, desk.couple.wedding, message_id, now=desk.now),
        ]
        random.Random(message_id).shuffle(asked)
        told = await asyncio.gather(*asked, return_exceptions=True)
        conflict = any(isinstance(one, Conflict) for one in told)
        marked = any(isinstance(one, int) for one in told)
        assert conflict == marked
        status = desk.row(message_id).status
        assert status == ("processing" if marked else "skipped")
        (one,) = attempts_of(desk.db, message_id)
        assert one.counts == marked
        won["mark" if marked else "cancel"] += 1
        if marked:
            desk.sent(claim)
    assert desk.counters() == desk.counted()


async def test_many_at_once_keep_the_counters_true(desk: Desk) -> None:
    """The worker, people and webhooks write at the same time: no count is lost, and
    on PostgreSQL nobody is left in a deadlock."""
    ids = [desk.put() for _ in range(24)]

    async def work() -> None:
        while True:
            step = await desk.db.write(queue.next_step, desk.lease, now=desk.now)
            if step is None or step.claim is None:
                return
            claim = step.claim
            await asyncio.to_thread(desk.mark, claim)
            end = (desk.sent, desk.failed, desk.unconfirmed)[claim.message_id % 3]
            await asyncio.to_thread(end, claim)

    async def people() -> None:
        for message_id in ids[::5]:
            try:
                await desk.db.write(
                    queue.cancel, desk.couple.wedding, message_id, now=desk.now
                )
            except Conflict:
                continue

    async def hear() -> None:
        for level in (1, 2, 3):
            for message_id in ids:
                await asyncio.to_thread(desk.ack, message_id, level)

    await asyncio.gather(work(), people(), hear(), hear())
    assert desk.counters() == desk.counted()
    assert sum(desk.counters().values()) == len(ids)
