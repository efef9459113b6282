"""Events come repeated, shuffled and late: the end is the same."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from tests import accounts as see
from tests.builders import guest_wrote, make_couple, message, put
from tests.fakes import NOON, FakeClock
from tests.integration.inbound.conftest import configure, make_runtime
from wedding_wa.db import Database, opened
from wedding_wa.models import QueueMessage
from wedding_wa.services import webhook_log
from wedding_wa.services.inbound import apply_open_events

GUEST = "393331112222@c.us"
LID_GUEST = "98765@lid"
OTHER = "393330000000@c.us"
OURS, REFUSED = "3EB0AAAA", "3EB0BBBB"


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def story() -> list[bytes]:
    """Two guests, two of our messages: one read, one refused."""
    lid_data = {
        "pushName": "Zio",
        "key": {"remoteJidAlt": "393334445555@s.whatsapp.net"},
    }
    told = [
        ("message.any", see.written(GUEST, "3A01", at=later(10))),
        ("message", see.written(GUEST, "3A01", at=later(10))),
        ("message.any", see.written(GUEST, "3A02", at=later(12))),
        ("message.any", see.written(LID_GUEST, "3A03", at=later(13))),
        ("message.any", see.written(LID_GUEST, "3A04", at=later(14), _data=lid_data)),
        ("message.any", see.written(GUEST, OURS, at=later(20), from_me=True)),
        ("message.ack", see.acked(GUEST, OURS, 2)),
        ("message.ack", see.acked(GUEST, OURS, 3)),
        ("message.ack", see.acked(GUEST, OURS, 1)),
        ("message.ack", see.acked(GUEST, REFUSED, -1)),
        ("message.any", see.written(GUEST, REFUSED, at=later(21), from_me=True)),
        ("message.any", see.written("1203@g.us", "3A05", at=later(22))),
        ("message.any", see.written("status@broadcast", "3A06", at=later(22))),
    ]
    return [
        see.event(name, payload, at=later(30 + n))
        for n, (name, payload) in enumerate(told)
    ]


STORY = story()
End = tuple[bool, set[Any], set[Any], list[Any]]


def end_of(database: Database, order: tuple[int, ...], pauses: frozenset[int]) -> End:
    """Play the events in this order, applying now and then; return the end."""
    clock = FakeClock(later(100))
    app = make_runtime(database, clock)
    couple = make_couple(database)
    configure(app, session="groom")
    guest_wrote(database, couple.groom, "+393330000000", chat_id=OTHER)
    sent = [put(database, couple, to="+393330000000").id for _ in range(2)]
    _sent_under(database, sent, [OURS, REFUSED])

    async def play() -> None:
        for place, number in enumerate(order):
            database.write_now(
                webhook_log.store,
                wedding_id=couple.wedding,
                account_id=couple.groom,
                raw=STORY[number],
                now=clock.now(),
            )
            if place in pauses:
                await apply_open_events(database, app.clients, couple.groom, clock)
        await apply_open_events(database, app.clients, couple.groom, clock)
        await app.clients.aclose()

    asyncio.run(play())
    return (
        [(row.error, row.applied_at is None) for row in see.log(database, couple.groom)]
        == [(None, False)] * len(STORY),
        {
            (i.chat_id, i.message_id, i.phone)
            for i in see.inbound(database, couple.groom)
            if i.chat_id != OTHER
        },
        {
            (c.chat_id, c.phone, c.source, c.revoked_at)
            for c in see.consents(database, couple.groom)
        },
        [
            (m.status, m.ack, m.ack_error_at is not None)
            for m in (message(database, one) for one in sent)
        ],
    )


def _sent_under(database: Database, ids: list[int], whatsapp: list[str]) -> None:
    def write(session: Session) -> None:
        for one, bare in zip(ids, whatsapp, strict=True):
            row = session.get_one(QueueMessage, one)
            row.status, row.provider_message_id, row.ack = "sent", bare, 0

    database.write_now(write)


@cache
def played(template: Path, order: tuple[int, ...], pauses: frozenset[int]) -> End:
    """`end_of` on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "test.db"
        shutil.copy(template, copy)
        with opened(f"sqlite:///{copy}") as database:
            return end_of(database, order, pauses)


@settings(
    max_examples=15,
    deadline=None,
    # a counter-example of events is read as it is; shrinking it takes minutes
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    order=st.lists(st.sampled_from(range(len(STORY))), max_size=12).flatmap(
        lambda repeats: st.permutations([*range(len(STORY)), *repeats])
    ),
    pauses=st.sets(st.integers(0, 30), max_size=5),
)
def test_any_order_and_any_repetition_ends_the_same(
    template: Path, order: list[int], pauses: set[int]
) -> None:
    """Shuffled, repeated, applied at any moment: the state at the end is one."""
    end = played(template, tuple(order), frozenset(pauses))
    assert end == played(template, tuple(range(len(STORY))), frozenset())
    applied, heard, consents, ours = end
    assert applied
    assert {bare for _, bare, _ in heard} == {"3A01", "3A02", "3A03", "3A04"}
    assert (LID_GUEST, "+393334445555", "webhook", None) in consents
    assert ours == [("sent", 3, False), ("sent", 0, True)]


def test_the_story_ends_the_same_on_every_database(
    any_database: Database, template: Path
) -> None:
    """PostgreSQL and SQLite agree, event by event applied."""
    order = tuple(range(len(STORY)))
    every = frozenset(order)
    assert end_of(any_database, order, every) == played(template, order, frozenset())
