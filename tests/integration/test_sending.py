"""A message goes like a person would send it: real client, real HTTP, fake time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlmodel import Session

from tests.builders import (
    attempts_of,
    events_of,
    guest_wrote,
    message,
    phases_of,
    put,
    set_policy,
)
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World
from wedding_wa.domain.policy import Policy
from wedding_wa.services import webhook_log
from wedding_wa.services.worker import AccountWorker

IN_ORDER = [
    "queued",
    "rate_limit_ok",
    "reading",
    "waiting_human",
    "typing",
    "sending",
    "sent",
]


async def run_until(worker: AccountWorker, clock: FakeClock, end: datetime) -> None:
    """Let the worker live until `end`, moving time to each moment it asks for."""
    while clock.now() < end:
        wake = await worker.step()
        clock.advance(max(0.0, ((wake or end) - clock.now()).total_seconds()))


async def test_eighty_characters_go_through_all_phases_in_order(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """queued … sent in this order, each duration within the policy's range."""
    guest_wrote(world.database, world.couple.groom)
    one = put(world.database, world.couple, text="x" * 80)
    await groom.step()

    assert phases_of(world.database, one.id)[:7] == IN_ORDER
    took = {e.phase: e.duration_ms for e in events_of(world.database, one.id)}
    policy = Policy()
    assert policy.pause_min_seconds * 1000 <= took["waiting_human"]
    assert took["waiting_human"] <= policy.pause_max_seconds * 1000
    typing = 80 * policy.typing_seconds_per_char
    low, high = typing * (1 - policy.typing_jitter), typing * (1 + policy.typing_jitter)
    low = max(policy.typing_min_seconds, low) + policy.final_pause_min_seconds
    high = min(policy.typing_max_seconds, high) + policy.final_pause_max_seconds
    assert low * 1000 - 1 <= took["typing"] <= high * 1000 + 1
    parts = sum(took[p] for p in ("reading", "waiting_human", "typing", "sending"))
    assert abs(took["sent"] - parts) <= 4  # each is rounded to a millisecond
    assert message(world.database, one.id).status == "sent"


async def test_whatsapp_saw_seen_typing_stopped_text(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """What reached WhatsApp has the marks of a person, in a person's order."""
    guest_wrote(world.database, world.couple.groom)
    one = put(world.database, world.couple, text="Cara zia, ti aspettiamo!")
    await groom.step()

    (delivered,) = world.delivered()
    assert [mark["type"] for mark in delivered["marks"]] == [
        "seen",
        "typing",
        "stopped",
    ]
    assert delivered["text"] == "Cara zia, ti aspettiamo!"
    assert delivered["id"] == message(world.database, one.id).provider_message_id


async def test_the_eleventh_message_of_an_hour_waits_and_then_goes(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """Ten an hour: the eleventh is held by the rule until the first is an hour old."""
    set_policy(
        world.database,
        world.couple.groom,
        rest_after=0,
        cooldown_seconds=0,
        unanswered_max=0,
    )
    guest_wrote(world.database, world.couple.groom)
    ids = [put(world.database, world.couple).id for _ in range(11)]
    await run_until(groom, clock, NOON + timedelta(minutes=55))

    assert [message(world.database, i).status for i in ids[:10]] == ["sent"] * 10
    held = message(world.database, ids[10])
    first = attempts_of(world.database, ids[0])[0].finished_at
    assert (held.status, held.hold_rule) == ("pending", "hourly")
    assert held.due_at == first + timedelta(hours=1)
    assert (held.attempt, held.failures) == (0, 0)

    await run_until(groom, clock, NOON + timedelta(minutes=75))
    assert message(world.database, ids[10]).status == "sent"
    assert len(world.delivered()) == 11


async def test_a_stop_that_lies_unread_is_read_before_the_message_goes(
    world: World, groom: AccountWorker, clock: FakeClock
) -> None:
    """The guest's STOP was stored while the app was typing and nobody has applied it
    yet: it is applied at the mark, and the message does not leave."""
    guest_wrote(world.database, world.couple.groom)
    one = put(world.database, world.couple)

    def stop_comes(session: Session) -> None:
        event = {
            "id": "evt_stop",
            "event": "message.any",
            "session": "groom",
            "timestamp": int(clock.now().timestamp() * 1000),
            "payload": {
                "id": "false_393331112222@c.us_3ASTOP",
                "timestamp": int(clock.now().timestamp()) + 1,
                "from": "393331112222@c.us",
                "fromMe": False,
                "body": "STOP",
            },
        }
        webhook_log.store(
            session,
            wedding_id=world.couple.wedding,
            account_id=world.couple.groom,
            raw=json.dumps(event).encode(),
            now=clock.now(),
        )

    world.database.write_now(stop_comes)
    await groom.step()
    assert world.delivered() == []
    await groom.step()
    row = message(world.database, one.id)
    assert (row.status, row.skip_reason) == ("skipped", "opted_out")
    assert row.attempt == 1
