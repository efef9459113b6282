"""Acks come in any order, twice, before the answer of their own send, for strangers."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from tests import accounts as see
from tests.builders import GUEST
from tests.fakes import NOON
from tests.integration.queue.desk import PLAN, Desk, wa_id
from wedding_wa.db import Database
from wedding_wa.models import Account, MessageEvent, QueueMessage
from wedding_wa.services import queue, sender_writes, webhook_log
from wedding_wa.services.inbound import _apply_event
from wedding_wa.services.sender_writes import RunningPhase
from wedding_wa.services.waha import parse_event

CHAT = f"{GUEST[1:]}@c.us"
ACKS = (0, 1, 2, 3, 4)
ERROR = -1
REPLY = "reply"
PHASES = {1: "server_ack", 2: "delivered", 3: "read"}
#: The shapes in which engines write an id; the last is a group's, with its member.
SHAPES = (
    "true_{chat}_{bare}",
    "{bare}",
    "true_98765@lid_{bare}",
    "true_{chat}_{bare}_393470000001@c.us",
    "true_120363012345@g.us_{bare}_393470000001@c.us",
)

Step = int | str


@dataclass
class Hand:
    """One message that has just been handed to WAHA, and what came of it since."""

    session: Session
    desk: Desk
    claim: queue.Claim
    event_id: int
    reserved: bool
    seen: list[int | None] = field(default_factory=list)

    @property
    def bare(self) -> str:
        return wa_id(self.claim.message_id)

    @property
    def row(self) -> QueueMessage:
        self.session.expire_all()
        return self.session.get_one(QueueMessage, self.claim.message_id)

    def play(self, steps: Sequence[Step]) -> None:
        """Let it happen; after each step the ack is what it was, or more."""
        for step in steps:
            if step == REPLY:
                self.reply()
            elif self.reserved:
                self.knows(int(step))
            else:
                self.hears(int(step))
            self.seen.append(self.ack())
        levels = [-1 if ack is None else ack for ack in self.seen]
        assert levels == sorted(levels), f"it fell: {steps} {levels}"

    def ack(self) -> int | None:
        return self.session.exec(
            select(QueueMessage.ack).where(QueueMessage.id == self.claim.message_id)
        ).one()

    def knows(self, ack: int) -> None:
        """An ack, once its event has been read."""
        now = self.desk.now
        account_id = self.desk.couple.groom
        self.session.expire_all()
        assert queue.apply_ack(
            self.session, account_id, self.bare, ack, at=now, now=now
        )

    def reply(self) -> None:
        phase = RunningPhase(self.event_id, NOON, {})
        sender_writes.sent(
            self.session, self.claim, phase, self.bare, PLAN, self.desk.now
        )

    def hears(
        self, ack: int, *, shape: str = SHAPES[0], bare: str = "", account: int = 0
    ) -> None:
        """An ack as WAHA tells it: stored, then applied."""
        payload = see.acked(CHAT, self.bare, ack)
        payload["id"] = shape.format(chat=CHAT, bare=bare or self.bare)
        account_id = account or self.desk.couple.groom
        raw = see.event("message.ack", payload, at=self.desk.now)
        webhook_log.store(
            self.session,
            wedding_id=self.desk.couple.wedding,
            account_id=account_id,
            raw=raw,
            now=self.desk.now,
        )
        (event,) = webhook_log.open_events(self.session, account_id, limit=5)
        told = parse_event(raw)
        _apply_event(self.session, event, told, phone=None, now=self.desk.now)
        self.session.flush()

    def phases(self) -> list[str]:
        """What the timeline says of acks, in the order in which it was written."""
        self.session.flush()
        found = self.session.exec(
            select(MessageEvent.phase)
            .where(MessageEvent.message_id == self.claim.message_id)
            .order_by(MessageEvent.id)  # type: ignore[arg-type]
        ).all()
        return [p for p in found if p in {*PHASES.values(), "sent", "refused"}]


def hand_over(session: Session, desk: Desk, *, reserved: bool = True) -> Hand:
    """A message in a worker's hands, after its mark, before WAHA's answer."""
    step = queue.next_step(session, desk.lease, now=desk.now)
    assert step is not None
    assert step.claim is not None
    given_id = wa_id(step.claim.message_id) if reserved else None
    event_id = queue.mark_dispatched(
        session, step.claim, reserved_id=given_id, plan=PLAN, now=desk.now
    )
    assert event_id is not None
    return Hand(session, desk, step.claim, event_id, reserved)


@contextlib.contextmanager
def undone(session: Session) -> Iterator[None]:
    """What happens within is undone: each order begins with the same message."""
    with session.begin_nested() as point:
        yield
        point.rollback()
    session.expire_all()


@pytest.fixture
def desk(database: Database) -> Desk:
    """The groom's, whose session is called as in the events."""
    made = Desk.of(database)

    def name(session: Session) -> None:
        for account_id in (made.couple.groom, made.couple.bride):
            session.get_one(Account, account_id).session = "groom"

    database.write_now(name)
    return made


def every_order() -> Iterator[list[Step]]:
    """Five acks in every order, the answer of their send at every place in turn."""
    for number, order in enumerate(itertools.permutations(ACKS)):
        place = number % (len(ACKS) + 1)
        yield [*order[:place], REPLY, *order[place:]]
    for place in range(len(ACKS) + 1):
        for order in (ACKS, ACKS[::-1]):
            yield [*order[:place], REPLY, *order[place:]]


def changes(steps: Sequence[Step], *, reserved: bool) -> list[str]:
    """The lines that a timeline must have: one for each level that was new.

    Without a reserved id nobody knows whose the early acks are; the answer tells, and
    the highest of them counts then.
    """
    told: list[str] = []
    highest, kept, known = 0, 0, reserved
    for step in steps:
        if step == REPLY:
            known = True
            level = kept
        else:
            level = int(step)
            kept = max(kept, level)
        if known and level > highest:
            highest = level
            told += [PHASES[level]] if level in PHASES else []
    return told


@pytest.mark.parametrize("reserved", [True, False], ids=["with an id", "without"])
def test_every_order_of_acks_and_answer(desk: Desk, reserved: bool) -> None:
    """The ack never falls, ends as the highest, the message is sent once,
    and the timeline has one line for each real change."""
    orders = list(every_order())
    orders = orders if reserved else orders[::5]

    def play_all(session: Session) -> None:
        for steps in orders:
            with undone(session):
                hand = hand_over(session, desk, reserved=reserved)
                hand.play(steps)
                assert (hand.row.status, hand.row.ack) == ("sent", 4), steps
                phases = hand.phases()
                assert phases.count("sent") == 1, steps
                told = [phase for phase in phases if phase != "sent"]
                assert told == changes(steps, reserved=reserved), steps

    desk.put()
    desk.db.write_now(play_all)


def test_an_error_and_a_delivery_in_every_order(desk: Desk) -> None:
    """The delivery wins, whenever it comes; where none comes, the error stays."""
    delivered = list(itertools.permutations((ERROR, 1, 2, REPLY)))
    refused = list(itertools.permutations((ERROR, 0, 1, REPLY)))

    def play_all(session: Session) -> None:
        for steps in (*delivered, *refused):
            with undone(session):
                hand = hand_over(session, desk)
                hand.play(steps)
                came = 2 in steps
                assert (hand.row.status, hand.row.ack) == ("sent", 2 if came else 1)
                assert (hand.row.ack_error_at is None) == came, steps
                assert hand.phases().count("refused") <= 1, steps

    desk.put()
    desk.db.write_now(play_all)


heard = st.tuples(st.sampled_from((ERROR, *ACKS)), st.sampled_from(SHAPES))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acks=st.lists(st.lists(heard, min_size=1, max_size=3), max_size=6),
    place=st.integers(0, 6),
)
def test_repeated_in_any_shape(
    desk: Desk, acks: list[list[tuple[int, str]]], place: int
) -> None:
    """However often, and in whichever engine's spelling: the bare id counts, groups'
    longer ids among them; each level is told once."""
    desk.put()

    def play(session: Session) -> None:
        with undone(session):
            play_one(session)

    def play_one(session: Session) -> None:
        hand = hand_over(session, desk)
        highest = 0
        for number, some in enumerate([*acks, []]):
            if number == min(place, len(acks)):
                hand.reply()
            for ack, shape in some:
                hand.hears(ack, shape=shape)
                highest = max(highest, ack)
        assert (hand.row.status, hand.row.ack) == ("sent", highest)
        phases = hand.phases()
        assert len(phases) == len(set(phases)), f"told twice: {phases}"

    desk.db.write_now(play)


def test_a_strangers_ack_changes_nothing(desk: Desk) -> None:
    """An id that is not ours, or ours told by the other number: no row but the raw
    event's own is written."""
    desk.put()

    def play(session: Session) -> None:
        hand = hand_over(session, desk)
        before = (hand.row.model_dump(), hand.phases())
        for shape in SHAPES:
            hand.hears(3, shape=shape, bare="3EB0FFFFFFFF")
            hand.hears(3, shape=shape, account=desk.couple.bride)
            hand.hears(ERROR, shape=shape, bare=f"{hand.bare}00")
        assert (hand.row.model_dump(), hand.phases()) == before

    desk.db.write_now(play)
