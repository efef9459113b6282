"""Many messages at once come to what they come to one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.builders import Couple, guest_wrote, make_couple
from tests.fakes import NOON
from tests.integration.maintenance.past import ended
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, WeddingError
from wedding_wa.models import (
    Consent,
    InboundMessage,
    MessageEvent,
    OptOut,
    QueueMessage,
)
from wedding_wa.models.stream import StreamEntry
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue
from wedding_wa.services.enqueue_many import Outcome, enqueue_many
from wedding_wa.services.retention_messages import put_failed_away

ADA, BEA, CLEO, DORA, EVA = (f"+39333111000{n}" for n in range(1, 6))
HIDDEN = "777000@lid"
GROUP = f"{ADA[1:]}@g.us"

Many = Callable[[Session, int, Sequence[EnqueueRequest]], list[Outcome]]


def _furnish(db: Database) -> Couple:
    """Ada wrote to both, Bea under two names, Cleo wants no more, Dora is gone from
    her consent, Eva never wrote."""
    couple = make_couple(db)
    guest_wrote(db, couple.groom, ADA)
    guest_wrote(db, couple.bride, ADA, at=NOON + timedelta(hours=1))
    guest_wrote(db, couple.groom, BEA)
    guest_wrote(db, couple.bride, BEA, chat_id=HIDDEN)
    guest_wrote(db, couple.groom, CLEO)
    guest_wrote(db, couple.groom, DORA)
    db.write_now(_wishes, couple.wedding, couple.groom)
    return couple


def _wishes(session: Session, wedding: int, account: int) -> None:
    session.execute(
        sa.update(Consent).where(col(Consent.phone) == DORA).values(revoked_at=NOON)
    )
    cleo = f"{CLEO[1:]}@c.us"
    heard = select(InboundMessage.id).where(InboundMessage.chat_id == cleo)
    session.add(
        OptOut(
            wedding_id=wedding,
            account_id=account,
            chat_id=cleo,
            phone=CLEO,
            inbound_id=session.exec(heard).one(),
            sentence="STOP",
            at=NOON,
        )
    )


def _asked() -> list[EnqueueRequest]:
    usual = EnqueueRequest(None, ADA, "Ciao")
    named = replace(usual, idempotency_key="k1", client_message_id="c1")
    return [
        usual,
        replace(usual, account="groom"),
        replace(usual, to="333 111 0001", due_at=NOON + timedelta(days=1)),
        replace(usual, to=BEA),
        replace(usual, to=BEA, account="bride", text="To her other name"),
        replace(usual, to=HIDDEN),
        *(
            replace(usual, to=to)
            for to in (CLEO, DORA, EVA, "1", GROUP, "household:NONE")
        ),
        replace(usual, account="uncle"),
        replace(usual, to=DORA, account="uncle"),
        replace(usual, priority=9),
        named,
        replace(usual, client_message_id="c2"),
        named,
        replace(named, text="Something else"),
        replace(usual, client_message_id="c2", idempotency_key="k1"),
        replace(usual, to=f"{ADA[1:]}@c.us", text="\0"),
        replace(usual, idempotency_key="old"),
        replace(usual, idempotency_key="old", text="Other"),
    ]


def _one_by_one(
    session: Session, wedding: int, asked: Sequence[EnqueueRequest]
) -> list[Outcome]:
    done: list[Outcome] = []
    for one in asked:
        try:
            done.append(enqueue(session, wedding, one, now=NOON))
        except WeddingError as error:
            done.append(error)
    return done


def _at_once(
    session: Session, wedding: int, asked: Sequence[EnqueueRequest]
) -> list[Outcome]:
    return enqueue_many(session, wedding, asked, now=NOON)


def _came_to(session: Session, wedding: int, many: Many) -> list[Any]:
    """What each was told, and all that stands in the tables after it, numbers told by
    their order."""
    came = many(session, wedding, _asked())
    order = sorted({one.id for one in came if isinstance(one, Enqueued)})
    told: list[object] = [
        (type(one), one.code, one.params)
        if isinstance(one, WeddingError)
        else (order.index(one.id), one.again)
        for one in came
    ]
    rows = session.exec(select(QueueMessage).order_by(col(QueueMessage.id))).all()
    messages = [row.model_dump(exclude={"id", "task_id"}) for row in rows]
    events = session.exec(select(MessageEvent).order_by(col(MessageEvent.id))).all()
    lines = [(order.index(e.message_id), e.phase, e.at, e.data) for e in events]
    entries = session.scalar(sa.select(sa.func.count()).select_from(StreamEntry))
    return [told, messages, lines, entries]


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_at_once_is_as_one_by_one(any_database: Database, cut: int) -> None:
    """Number, chat, name, refusal, first answer: the same, whoever stands beside it."""
    db = any_database
    couple = _furnish(db)
    old = EnqueueRequest(None, ADA, "Ciao", idempotency_key="old")
    db.write_now(enqueue, couple.wedding, old, now=NOON)

    def some(
        session: Session, wedding: int, asked: Sequence[EnqueueRequest]
    ) -> list[Outcome]:
        cuts = [asked[n : n + cut] for n in range(0, len(asked), cut)]
        return [one for part in cuts for one in _at_once(session, wedding, part)]

    alone = db.read_now(_came_to, couple.wedding, _one_by_one)
    together = db.read_now(_came_to, couple.wedding, some)
    assert len({repr(one) for one in alone[0]}) > 10  # the list does try the rules
    for of_many, of_one in zip(together, alone, strict=True):
        assert of_many == of_one


def test_another_weddings_names_are_not_ours(any_database: Database) -> None:
    """Of both kinds: what stands there under the same name is no first answer to us,
    what stands here is."""
    db = any_database
    asked = [
        EnqueueRequest(None, ADA, "Ciao", idempotency_key="k1"),
        EnqueueRequest(None, ADA, "Ciao", client_message_id="c1"),
        EnqueueRequest(None, ADA, "Ciao"),
    ]
    ids = []
    for _ in range(2):
        couple = make_couple(db)
        guest_wrote(db, couple.groom, ADA)
        came = db.write_now(_at_once, couple.wedding, asked)
        ids += [one.id for one in came if isinstance(one, Enqueued) and not one.again]
        again = db.write_now(_at_once, couple.wedding, asked[:2])
        assert [isinstance(one, Enqueued) and one.again for one in again] == [True] * 2
    assert len(set(ids)) == 6


@pytest.mark.parametrize("named", ["idempotency_key", "client_message_id"])
async def test_what_was_put_away_keeps_its_name(
    any_database: Database, named: str
) -> None:
    """Also where many are asked for together: the first answer, or a refusal; what
    others ask for beside it is queued under numbers that were never given."""
    couple = _furnish(any_database)
    name: dict[str, Any] = {named: "old"}
    more = {**name, "account": None, "text": "Ciao"}
    old = ended(any_database, couple, "failed", 9, to=ADA, **more)
    week = NOON - timedelta(days=7)
    assert await put_failed_away(
        any_database, couple.wedding, week, whole=False, now=NOON
    )
    usual = EnqueueRequest(None, ADA, "Ciao")
    asked = [replace(usual, **name), usual]
    same, new = any_database.write_now(_at_once, couple.wedding, asked)
    assert isinstance(same, Enqueued)
    assert (same.id, same.again) == (old, True)
    assert isinstance(new, Enqueued)
    assert new.id > old
    asked = [replace(usual, **name, text="Other"), usual]
    refused, _ = any_database.write_now(_at_once, couple.wedding, asked)
    assert isinstance(refused, BadInput)
