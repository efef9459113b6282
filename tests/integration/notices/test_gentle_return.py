"""Back after an absence: everything goes by itself, and no rule is bent for it."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from tests import accounts as see
from tests.builders import guest_wrote, put, set_policy
from tests.fakes import FakeClock
from tests.integration.conftest import World
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models import MessageAttempt, QueueMessage
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.history import READY
from wedding_wa.services.worker import AccountWorker

MESSAGES = 12
POLICY = PolicyValue(
    per_hour=6,
    per_day=9,
    gap_min_seconds=30,
    gap_max_seconds=60,
    rest_after=4,
    rest_min_seconds=900,
    rest_max_seconds=1200,
    windows="08:00-20:00",
)


def limits(world: World) -> None:
    fields = {
        name: getattr(POLICY, name)
        for name in PolicyValue.__dataclass_fields__
        if getattr(POLICY, name) != getattr(PolicyValue(), name)
    }
    set_policy(world.database, world.couple.groom, **fields)


def sends(world: World) -> list[datetime]:
    """When each went, in order, by the tries that count."""

    def read(session: Session) -> list[datetime]:
        rows = session.exec(
            select(MessageAttempt)
            .where(col(MessageAttempt.counts).is_(True))
            .order_by(col(MessageAttempt.id))
        ).all()
        return [one.finished_at for one in rows if one.finished_at]

    return world.database.read_now(read)


def within(moments: list[datetime], span: timedelta) -> int:
    """The most in any span of that length."""
    return max(
        sum(start <= moment < start + span for moment in moments) for start in moments
    )


def longest_streak(moments: list[datetime], rest: float) -> int:
    longest = run = 1
    for before, after in itertools.pairwise(moments):
        run = run + 1 if (after - before).total_seconds() < rest else 1
        longest = max(longest, run)
    return longest


def later(clock: FakeClock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


async def live(
    world: World,
    worker: AccountWorker,
    clients: Clients,
    clock: FakeClock,
    until: datetime,
) -> None:
    """The worker steps when it wants to; WAHA is asked while the number is away."""
    while clock.now() < until:
        wake = await worker.step()
        if see.account(world.database, world.couple.groom).status == READY:
            clock.advance(max(1.0, ((wake or until) - clock.now()).total_seconds()))
        else:
            clock.advance(120)
            await poll(world.database, clients, world.couple.groom, clock)


@pytest.mark.parametrize("seed", [3])
async def test_no_burst_after_the_return(
    world: World,
    groom: AccountWorker,
    clients: Clients,
    clock: FakeClock,
    seed: int,
) -> None:
    """Two absences of chance length in a long line: all go, each once, and every gap,
    hour, day, rest and window is kept as if nothing had been."""
    chance = random.Random(seed)
    limits(world)
    for n in range(MESSAGES):
        phone = f"+3933311122{n:02d}"
        guest_wrote(world.database, world.couple.groom, phone)
        put(world.database, world.couple, to=phone)
    for _ in range(2):
        await live(world, groom, clients, clock, later(clock, chance.uniform(60, 3600)))
        world.fault(chance.choice(["401", "refuse"]), path="/api/")
        await live(world, groom, clients, clock, later(clock, chance.uniform(90, 5400)))
        world.mend()
    await live(world, groom, clients, clock, later(clock, 40 * 3600))

    moments = sends(world)
    rows = world.database.read_now(lambda s: list(s.exec(select(QueueMessage)).all()))
    assert {(row.status, row.failures) for row in rows} == {("sent", 0)}
    assert len(moments) == len(world.delivered()) == MESSAGES
    gaps = [
        (after - before).total_seconds()
        for before, after in itertools.pairwise(moments)
    ]
    assert min(gaps) >= POLICY.gap_min_seconds
    assert within(moments, timedelta(hours=1)) <= POLICY.per_hour
    assert within(moments, timedelta(hours=24)) <= POLICY.per_day
    assert longest_streak(moments, POLICY.rest_min_seconds) <= POLICY.rest_after
    # the wedding is in Rome: two hours before UTC in June
    assert all(6 <= moment.hour < 18 for moment in moments)
