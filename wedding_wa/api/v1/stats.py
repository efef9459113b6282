"""api: /api/v1/stats: the figures of all pages in one answer."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from wedding_wa import runtime
from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import AccountKey, Reader, SmallBodies
from wedding_wa.domain.guests import Stage
from wedding_wa.services.stats import AccountStats, Stats, stats

router = APIRouter(prefix="/stats", route_class=SmallBodies)


class SentShape(Shape):
    """How many went in the last 60 minutes or 24 hours, of how many that may."""

    sent: int
    limit: int


class AccountStatsShape(Shape):
    """One account. `rule` holds it now (null: something could go at once) until
    `next_free`; `done_at`: about when what waits will have gone, null where nothing
    waits or nobody can tell. `buckets` counts its messages by their state."""

    account: AccountKey
    ready: bool
    linked: bool
    paused: bool
    hour: SentShape
    day: SentShape
    rule: str | None
    next_free: datetime | None
    waiting: int
    done_at: datetime | None
    buckets: dict[str, int]


class StepShape(Shape):
    """One step of setting up: waha, groom, bride, wrote, arrived."""

    key: str
    done: bool


class ConcernShape(Shape):
    """What needs a person: failed, refused or unconfirmed messages, or an account that
    does not hear (`deaf`)."""

    what: str
    account: AccountKey | None
    n: int


class CountShape(Shape):
    """Households, and the guests in them."""

    households: int
    guests: int


class StatsShape(Shape):
    """`paused`: all sending stands still. `steps` is empty once all are done."""

    paused: bool
    unread: int
    accounts: list[AccountStatsShape]
    steps: list[StepShape]
    concerns: list[ConcernShape]
    stages: dict[Stage, CountShape]


@router.get("")
async def show(caller: Reader) -> StatsShape:
    """Messages by account and state, what was sent against the limits, when it will be
    done about, how far the households are, and what needs a person."""
    app = runtime.current()
    found = await app.db.read(stats, caller.wedding_id, now=app.clock.now())
    return _json(found)


def _json(found: Stats) -> StatsShape:
    return StatsShape(
        paused=found.paused,
        unread=found.unread,
        accounts=[_account(one) for one in found.accounts],
        steps=[StepShape.model_validate(one) for one in found.steps],
        concerns=[
            ConcernShape.model_validate(
                {"what": one.what, "account": one.account or None, "n": one.n}
            )
            for one in found.concerns
        ],
        stages={
            stage: CountShape.model_validate(n) for stage, n in found.stages.items()
        },
    )


def _account(one: AccountStats) -> AccountStatsShape:
    figures = one.figures
    return AccountStatsShape.model_validate(
        {
            "account": figures.key,
            "ready": figures.ready,
            "linked": one.linked,
            "paused": figures.paused,
            "hour": SentShape.model_validate(one.hour),
            "day": SentShape.model_validate(one.day),
            "rule": one.rule,
            "next_free": figures.next_free,
            "waiting": figures.waiting,
            "done_at": figures.done_at,
            "buckets": dict(one.buckets),
        }
    )
