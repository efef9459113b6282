"""The overview tells what is in the rows, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests import accounts as see
from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import HearingGap, QueueMessage
from wedding_wa.services.overview import Overview, overview
from wedding_wa.services.strip import strip


def look(database: Database, couple: Couple) -> Overview:
    return database.read_now(overview, couple.wedding, now=NOON)


def ticks(database: Database, couple: Couple) -> str:
    """The steps as letters: W groom bride wrote arrived; small is still to do."""
    letters = {
        "waha": "w",
        "groom": "g",
        "bride": "b",
        "wrote": "o",
        "arrived": "a",
    }
    return "".join(
        letters[step.key].upper() if step.done else letters[step.key]
        for step in look(database, couple).steps
    )


def set_message(database: Database, message_id: int, **values: object) -> None:
    database.write_now(
        lambda s: s.execute(
            sa.update(QueueMessage)
            .where(col(QueueMessage.id) == message_id)
            .values(**values)
        )
    )


def test_each_tick_is_read_from_what_happened(database: Database) -> None:
    """WAHA answers, groom scanned, bride scanned, somebody wrote, a test arrived; the
    list goes away once all of it is true."""
    couple = make_couple(database, status="UNREACHABLE")
    for account_id in (couple.groom, couple.bride):
        see.update(database, account_id, phone=None, own_chat_id=None)
    assert ticks(database, couple) == "wgboa"

    for account_id in (couple.groom, couple.bride):
        see.update(database, account_id, status="SCAN_QR_CODE")
    assert ticks(database, couple) == "Wgboa"

    see.update(database, couple.groom, status="WORKING", phone="+393470000001")
    assert ticks(database, couple) == "WGboa"

    guest_wrote(database, couple.groom)
    assert ticks(database, couple) == "WGbOa"

    message = put(database, couple, kind="test").id
    assert ticks(database, couple) == "WGbOa"
    set_message(database, message, status="sent", ack=2)
    assert ticks(database, couple) == "WGbOA"

    see.update(database, couple.bride, status="WORKING", phone="+393470000002")
    assert look(database, couple).steps == ()


def test_nothing_needs_a_person_while_all_is_well(
    database: Database, couple: Couple
) -> None:
    """No news is shown as nothing at all."""
    assert look(database, couple).concerns == ()


def test_a_hearing_gap_is_told(database: Database, couple: Couple) -> None:
    """While chats are read again, nothing goes: the couple should know why."""
    database.write_now(
        lambda s: s.add(
            HearingGap(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                since=NOON,
                reason="absence",
                opened_at=NOON,
            )
        )
    )
    assert [c.what for c in look(database, couple).concerns] == ["deaf"]


def test_messages_that_need_a_person_are_counted_over_both(
    database: Database, couple: Couple
) -> None:
    """Unconfirmed first, then failed; sent ones need nobody."""
    for key in ("groom", "bride"):
        account_id = couple.groom if key == "groom" else couple.bride
        guest_wrote(database, account_id)
        for status in ("failed", "unconfirmed", "sent"):
            set_message(database, put(database, couple, account=key).id, status=status)
    concerns = look(database, couple).concerns
    assert [(c.what, c.n) for c in concerns] == [("unconfirmed", 2), ("failed", 2)]


def test_the_plan_ends_when_the_queue_does(database: Database, couple: Couple) -> None:
    """Groom has messages waiting, so an end; bride has none."""
    guest_wrote(database, couple.groom)
    put(database, couple)
    groom, bride = look(database, couple).plans
    assert groom.done_at is not None
    assert NOON < groom.done_at < NOON + timedelta(minutes=2)
    assert bride.done_at is None


@pytest.mark.parametrize("how", ["set aside", "planned for next week"])
def test_what_does_not_go_by_itself_today_is_not_planned_with(
    database: Database, couple: Couple, how: str
) -> None:
    """Neither changes when today's messages are done, in the plan or the strip."""
    guest_wrote(database, couple.groom)
    put(database, couple)
    before = look(database, couple).plans[0].done_at
    assert before is not None
    later = {"due_at": NOON + timedelta(days=7)} if "planned" in how else {}
    aside = {"held_at": NOON} if how == "set aside" else {}
    set_message(database, put(database, couple).id, **later, **aside)
    assert look(database, couple).plans[0].done_at == before
    groom = database.read_now(strip, couple.wedding, now=NOON).accounts[0]
    assert (groom.waiting, groom.done_at) == (2, before)
