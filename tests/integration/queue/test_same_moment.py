"""What is decided on what was read a moment before holds only if it is still so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from tests.builders import attempts_of, phases_of, set_policy
from tests.integration.queue.desk import Desk, wa_id
from wedding_wa.models import Chat
from wedding_wa.services import queue
from wedding_wa.services.queue import line


def send_again(desk: Desk, message_id: int) -> None:
    desk.db.write_now(
        queue.send_again, desk.couple.wedding, message_id, by=None, now=desk.now
    )


def test_a_look_that_was_under_way_still_calls_off_a_new_try(desk: Desk) -> None:
    """The chat is asked; meanwhile a person has it sent again and a worker takes it.
    The chat says that it went: the try is called off before its mark."""
    message_id = desk.unconfirmed_one()
    as_looked_at = desk.row(message_id)
    send_again(desk, message_id)
    again = desk.claim()
    settled = desk.db.write_now(
        queue.settle_sent,
        as_looked_at,
        evidence="chat",
        provider_id=wa_id(message_id),
        now=desk.now,
    )
    assert settled
    assert desk.mark(again) is None
    assert desk.row(message_id).status == "sent"
    first, second = attempts_of(desk.db, message_id)
    assert (first.outcome, first.counts) == ("sent", True)
    assert (second.outcome, second.counts) == ("cancelled", False)
    assert desk.counters() == desk.counted()


def test_a_look_that_comes_too_late_leaves_what_is_on_its_way(desk: Desk) -> None:
    """Marked again already: its own answer tells, and nothing is written over it."""
    message_id = desk.unconfirmed_one()
    as_looked_at = desk.row(message_id)
    send_again(desk, message_id)
    again = desk.claim()
    assert desk.mark(again) is not None
    assert not desk.db.write_now(
        queue.settle_sent,
        as_looked_at,
        evidence="chat",
        provider_id=wa_id(message_id),
        now=desk.now,
    )
    assert desk.row(message_id).status == "processing"
    assert desk.sent(again)


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], *, times: int = 1
) -> None:
    """`act` is committed by somebody else between the worker's look and its claim."""
    decided, left = line.candidate, [act] * times

    def candidate(*args: object) -> object:
        if left:
            left.pop()()
        return decided(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(line, "candidate", candidate)


@pytest.mark.postgres
@pytest.mark.parametrize("any_database", ["postgres"], indirect=True)
def test_words_that_changed_in_that_moment_are_those_that_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person was told that the new words hold: the old ones are not typed."""
    message_id = desk.put(text="the old words")

    def edit() -> None:
        desk.db.write_now(
            queue.edit, desk.couple.wedding, message_id, text="new", now=desk.now
        )

    meanwhile(monkeypatch, edit)
    claim = desk.step().claim or desk.claim()
    assert claim.text == desk.row(message_id).text == "new"


@pytest.mark.postgres
@pytest.mark.parametrize("any_database", ["postgres"], indirect=True)
def test_what_was_held_in_that_moment_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person was told that it is held: no worker takes it, no limit hides why."""
    message_id = desk.put()

    def hold() -> None:
        desk.db.write_now(
            queue.hold_back, desk.couple.wedding, message_id, now=desk.now
        )

    meanwhile(monkeypatch, hold)
    assert desk.step().claim is None
    row = desk.row(message_id)
    assert (row.status, row.hold_rule) == ("pending", "by_hand")


@pytest.mark.postgres
@pytest.mark.parametrize("any_database", ["postgres"], indirect=True)
def test_a_limit_takes_no_hold_of_a_persons_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held by hand in the moment in which a limit would hold it: by hand it stays."""
    desk.put()
    desk.order()
    set_policy(desk.db, desk.couple.groom, cooldown_seconds=600.0)
    message_id = desk.put()

    def hold() -> None:
        desk.db.write_now(
            queue.hold_back, desk.couple.wedding, message_id, now=desk.now
        )

    meanwhile(monkeypatch, hold)
    assert desk.step().claim is None
    assert desk.row(message_id).hold_rule == "by_hand"
    assert "waiting_rate_limit" not in phases_of(desk.db, message_id)


@pytest.mark.postgres
@pytest.mark.parametrize("any_database", ["postgres"], indirect=True)
def test_words_that_come_in_that_moment_are_not_missed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guest answers just when the worker holds what waits for an answer: it goes
    at once, and not after the hour until which nobody would ask again."""
    set_policy(desk.db, desk.couple.groom, unanswered_max=1)
    desk.put()
    desk.order()
    message_id = desk.put()
    held = line._hold
    asked: list[threading.Thread] = []

    def answer(session: Session) -> None:
        chats = [desk.row(message_id).chat_id]
        (chat,) = session.exec(select(Chat).where(col(Chat.chat_id).in_(chats)))
        chat.last_inbound_at = desk.now + timedelta(seconds=1)
        session.flush()
        queue.heard_from(session, desk.couple.wedding, chats, now=desk.now)

    def hold(*args: object) -> None:
        if not asked:
            asked.append(threading.Thread(target=desk.db.write_now, args=(answer,)))
            asked[0].start()
            asked[0].join(1)  # or it waits until the worker has written
        held(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(line, "_hold", hold)
    assert desk.step().claim is None
    asked[0].join()
    desk.later(2)
    assert desk.claim().message_id == message_id
