"""Limits, and the count of unanswered messages, decide the same with fewer tries."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from tests.builders import Couple, change_policy, make_couple_in, write_guest
from tests.fakes import NOON
from tests.integration.maintenance.past import accepted, ago
from wedding_wa.db import Database
from wedding_wa.domain.pacing import Decision
from wedding_wa.models import Account, Chat, MessageAttempt, QueueMessage
from wedding_wa.services.between_us import Between, between
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.history import Situation, explain, situation
from wedding_wa.services.retention import retain
from wedding_wa.services.retention_weight import Weights

SEEDS = range(4)
PEOPLE = 5
TRIES = 90
LATER = (timedelta(0), timedelta(hours=20), timedelta(days=3), timedelta(days=40))

Decided = dict[tuple[int, str, timedelta], Decision]


@pytest.mark.parametrize("seed", SEEDS)
async def test_retention_changes_no_decision(any_database: Database, seed: int) -> None:
    """Whatever was sent and answered in two months: the same decision for each message,
    now and later, under the same and under other limits."""
    couple = any_database.write_now(_world, random.Random(seed))
    before, words = _decisions(any_database), _between(any_database, couple)
    all_accepted = accepted(any_database)

    did = await retain(any_database, now=NOON)

    assert did["tries"] > 10
    assert _decisions(any_database) == before
    assert _signs(_between(any_database, couple)) == _signs(words)
    assert accepted(any_database) == all_accepted


async def test_age_alone_would_change_decisions(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above would notice: without the weighing, decisions change."""
    monkeypatch.setattr(Weights, "weighs", lambda _self, _one: False)
    couple = any_database.write_now(_world, random.Random(SEEDS[0]))
    before, words = _decisions(any_database), _between(any_database, couple)
    await retain(any_database, now=NOON)
    assert _decisions(any_database) != before
    assert _signs(_between(any_database, couple)) != _signs(words)


def _world(session: Session, rng: random.Random) -> Couple:
    """Two numbers, guests who answered or did not, two months of sends."""
    couple = make_couple_in(session)
    accounts = (couple.groom, couple.bride)
    for account in accounts:
        limits = {
            "unanswered_max": rng.randint(1, 6),
            "rest_after": rng.randint(0, 8),
            "rest_min_seconds": rng.choice([60.0, 86_400.0]),
            "rest_max_seconds": 86_400.0,
            "cooldown_seconds": rng.choice([600.0, 86_400.0]),
            "per_day": rng.choice([1, 3, 80]),
        }
        change_policy(session, account, limits)
        if rng.random() < 0.5:  # closed to chats that are new
            row = session.get_one(Account, account)
            row.restricted_until = NOON + timedelta(days=2)
    chats = [_person(session, couple, n, rng) for n in range(PEOPLE)]
    quiet = rng.choice((0, 31))  # nothing sent lately: the old ones decide
    for account in accounts:
        _sends(session, couple, account, chats, quiet, rng)
    return couple


def _person(
    session: Session, couple: Couple, n: int, rng: random.Random
) -> tuple[str, str]:
    """One guest with a number and a LID, known to both accounts, written to as either;
    returns the chat's two names."""
    names = (f"39333111000{n}@c.us", f"8800{n}@lid")
    for name in names:
        for account in (couple.groom, couple.bride):
            write_guest(session, account, f"+39333111000{n}", chat_id=name)
    for chat in session.exec(select(Chat).where(col(Chat.chat_id).in_(names))):
        chat.last_inbound_at = ago(rng.uniform(0, 70)) if rng.random() < 0.6 else None
        chat.phone = f"+39333111000{n}"
    return names


def _sends(
    session: Session,
    couple: Couple,
    account: int,
    chats: list[tuple[str, str]],
    quiet: int,
    rng: random.Random,
) -> None:
    key = "groom" if account == couple.groom else "bride"
    for _ in range(TRIES):
        days = rng.uniform(quiet, 70)
        message_id = _message(session, couple, key, rng.choice(rng.choice(chats)))
        message = session.get_one(QueueMessage, message_id)
        message.status, message.finished_at = "sent", ago(days)
        counts = rng.random() < 0.9
        session.add(
            MessageAttempt(
                wedding_id=couple.wedding,
                message_id=message_id,
                account_id=account,
                chat_id=message.chat_id,
                attempt=1,
                started_at=ago(days),
                dispatched_at=ago(days) if counts else None,
                finished_at=ago(days) + timedelta(seconds=2),
                counts=counts,
                gap_seconds=rng.uniform(30, 60),
                rest_seconds=rng.uniform(60, 86_400),
            )
        )
    for names in chats:  # one to each waits: these are decided
        _message(session, couple, key, rng.choice(names))


def _message(session: Session, couple: Couple, key: str, to: str) -> int:
    request = EnqueueRequest(account=key, to=to, text="Ciao!")
    return enqueue(session, couple.wedding, request, now=ago(1)).id


def _decisions(database: Database) -> Decided:
    def read(session: Session) -> Decided:
        waiting = select(QueueMessage).where(QueueMessage.status == "pending")
        found: Decided = {}
        for message in session.exec(waiting.order_by(col(QueueMessage.id))):
            for name, at in _situations(session, message.account_id).items():
                for later in LATER:
                    key = (message.id or 0, name, later)
                    found[key] = explain(session, message, at, NOON + later)
        return found

    return database.read_now(read)


def _situations(session: Session, account_id: int) -> dict[str, Situation]:
    """As it is, and as it were if the owner changed the limits."""
    now = situation(session, account_id)
    other = replace(now.policy, unanswered_max=2, rest_after=0, cooldown_seconds=0.0)
    return {"now": now, "other": replace(now, policy=other)}


def _between(database: Database, couple: Couple) -> dict[str, Between]:
    def read(session: Session) -> dict[str, Between]:
        ids = set(session.exec(select(Chat.chat_id)))
        return between(session, couple.wedding, ids)

    return database.read_now(read)


def _signs(known: dict[str, Between]) -> dict[str, tuple[int, datetime | None, bool]]:
    """What the rules take of it."""
    return {
        chat: (one.unanswered, one.last_to, one.their_turn_was_last)
        for chat, one in known.items()
    }
