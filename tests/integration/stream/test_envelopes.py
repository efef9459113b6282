"""What each envelope says, to the last field: a program may build on it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.builders import Couple, events_of, make_couple, message, put
from tests.fakes import NOON
from tests.integration.inbox.conftest import CARLA, LID, UGO, Post
from wedding_wa.db import Database
from wedding_wa.domain.messages import Phase
from wedding_wa.models import Account, Consent, MessageEvent
from wedding_wa.services import account_status, consent, events, guests
from wedding_wa.services.guests import GuestForm
from wedding_wa.services.sql import changed, table
from wedding_wa.services.stream import AT_ONCE, Batch, read
from wedding_wa.services.stream_places import Place, newest

BEGIN = Place(0)
T = "2026-06-20T12:00:00+00:00"
CARLA_CHAT = "393331112222@c.us"


@pytest.fixture
def couple(any_database: Database) -> Couple:
    return make_couple(any_database)


@pytest.fixture
def post(any_database: Database, couple: Couple) -> Post:
    return Post(any_database, couple)


def batch(db: Database, couple: Couple, after: Place = BEGIN) -> Batch:
    return db.read_now(read, couple.wedding, after)


def told(db: Database, couple: Couple, after: Place = BEGIN) -> list[dict[str, Any]]:
    return [json.loads(one.text) for one in batch(db, couple, after).envelopes]


def end(db: Database, couple: Couple) -> Place:
    return db.read_now(newest, couple.wedding)


def happen(db: Database, number: int, phase: str, /, **data: object) -> None:
    """A phase of the message, as the queue writes it."""
    row = message(db, number)

    def write(session: Session) -> None:
        events.begin(
            session,
            number,
            Phase(phase),
            wedding_id=row.wedding_id,
            attempt=1,
            at=NOON,
            data=data,
        )

    db.write_now(write)


def test_a_guest_who_writes_first(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """`message_received` with the words, then `guest_activated`, with whose they are;
    a second message is received only."""
    form = GuestForm(name="Zia Carla", phone=CARLA)
    guest = any_database.write_now(
        guests.add_guest, couple.wedding, form, by=None, now=NOON
    )
    chat = post.writes(CARLA, "Ciao! 🌹", message_id="3A01")
    received, activated = told(any_database, couple)
    person = {
        "session": "groom",
        "chatId": CARLA_CHAT,
        "phone": CARLA,
        "chat": chat,
        "guest_id": guest,
        "household_id": received["data"]["household_id"],
    }
    assert received == {
        "id": "1",
        "event": "message_received",
        "data": {
            **person,
            "message_id": "3A01",
            "name": "Zia Carla",
            "text": "Ciao! 🌹",
            "media": None,
            "source": "webhook",
            "timestamp": T,
        },
        "version": "v1",
    }
    assert received["data"]["household_id"]
    assert activated == {
        "id": "2",
        "event": "guest_activated",
        "data": {**person, "timestamp": T},
        "version": "v1",
    }
    before = end(any_database, couple)
    post.writes(CARLA, "Ancora io", minutes=1)
    assert [e["event"] for e in told(any_database, couple, before)] == [
        "message_received"
    ]


def test_a_message_from_the_queue_to_the_read_mark(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """`message_status` for each phase and ack; `message_sent` beside it at the
    beginning and at the end, under the entry's second id."""
    post.writes(CARLA)
    before = end(any_database, couple)
    made = put(any_database, couple, client_message_id="rsvp-7")
    status, queued = told(any_database, couple, before)
    entry = before.entry + 1
    metadata = events_of(any_database, made.id)[0].data
    assert status == {
        "id": str(entry),
        "event": "message_status",
        "data": {
            "type": "message_status",
            "session": "groom",
            "chatId": CARLA_CHAT,
            "status": "queued",
            "timestamp": T,
            "message_id": made.task_id,
            "client_message_id": "rsvp-7",
            "attempt": 0,
            "external": False,
            "metadata": metadata,
        },
        "version": "v1",
    }
    assert queued == {
        "id": f"{entry}.1",
        "event": "message_sent",
        "data": {
            "message_id": made.task_id,
            "client_message_id": "rsvp-7",
            "status": "queued",
            "session": "groom",
            "to": CARLA,
            "timestamp": T,
            "error": None,
            "error_code": None,
        },
        "version": "v1",
    }
    before = end(any_database, couple)
    for phase in ("typing", "sending", "sent", "server_ack", "delivered", "read"):
        happen(any_database, made.id, phase)
    found = told(any_database, couple, before)
    assert [(e["event"], e["data"]["status"]) for e in found] == [
        ("message_status", "typing"),
        ("message_status", "sending"),
        ("message_status", "sent"),
        ("message_sent", "sent"),
        ("message_status", "server_ack"),
        ("message_status", "delivered"),
        ("message_status", "read"),
    ]


def test_a_message_that_is_given_up(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """`failed` says why: a sentence, and the code that stays the same."""
    post.writes(CARLA)
    made = put(any_database, couple)
    before = end(any_database, couple)
    happen(any_database, made.id, "failed", error_detail="error.settled_not_sent")
    _, failed = told(any_database, couple, before)
    data = failed["data"]
    assert (data["status"], data["error_code"]) == ("failed", "error.settled_not_sent")
    assert " " in data["error"]
    assert "{" not in data["error"]


def test_a_line_from_outside_is_marked(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """It changes nothing of the message, and does not stand for its state."""
    post.writes(CARLA)
    made = put(any_database, couple)
    before = end(any_database, couple)
    happen(any_database, made.id, "external", phase="printed", by="seating plan")
    (one,) = batch(any_database, couple, before).envelopes
    data = json.loads(one.text)["data"]
    assert (data["status"], data["external"]) == ("external", True)
    assert data["metadata"] == {"phase": "printed", "by": "seating plan"}
    assert one.about is None


def test_a_session(any_database: Database, couple: Couple) -> None:
    """Each change of a number's session, as WAHA names it."""
    later = NOON + timedelta(minutes=1)

    def write(session: Session) -> None:
        account_status.apply_status(
            session, couple.bride, "FAILED", at=later, now=later
        )

    any_database.write_now(write)
    (one,) = told(any_database, couple)
    error = one["data"].pop("error")
    assert one == {
        "id": "1",
        "event": "session_status",
        "data": {
            "session": "bride",
            "status": "FAILED",
            "timestamp": "2026-06-20T12:01:00+00:00",
            "error_code": "account.error.unlinked",
        },
        "version": "v1",
    }
    assert " " in error


def test_a_hidden_id_is_told_by_its_number_where_that_is_known(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """`chatId` is `<digits>@c.us`; only a number nobody knows stays WhatsApp's id."""
    known, unknown = LID.format(1), LID.format(2)
    post.writes(known, phone=UGO)
    post.writes(unknown, minutes=1)
    put(any_database, couple, to=unknown)
    put(any_database, couple, to=known)
    found = told(any_database, couple)
    assert [e["data"].get("chatId") for e in found if "chatId" in e["data"]] == [
        *["393334445555@c.us"] * 2,
        *[unknown] * 2,
        unknown,
        "393334445555@c.us",
    ]
    sent = [e["data"]["to"] for e in found if e["event"] == "message_sent"]
    assert sent == [unknown, UGO]


def test_the_own_number_and_a_renewed_consent_activate_nobody(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """Only a guest's own word does, and each word once: a wrong phone that scanned the
    code, and the right one after it, bring no guest anew."""
    post.writes(CARLA)
    own = "393470000001@c.us"

    def another(session: Session, phone: str) -> None:
        account = session.get_one(Account, couple.groom)
        account.phone, account.own_chat_id = phone, f"{phone[1:]}@c.us"
        session.add(account)
        session.flush()
        consent.change_number(session, account, now=NOON)
        consent.give_own_number(session, account, now=NOON)

    before = end(any_database, couple)
    any_database.write_now(another, "+393479999999")
    any_database.write_now(another, f"+{own.partition('@')[0]}")
    assert told(any_database, couple, before) == []
    assert batch(any_database, couple, before).upto > before
    assert len(any_database.read_now(lambda s: s.exec(select(Consent)).all())) == 4


def test_what_is_gone_is_passed_over(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """Retention took the row: its envelope is missing, the place moves on."""
    post.writes(CARLA)
    made = put(any_database, couple)
    put(any_database, couple, text="Due")
    rows = table(MessageEvent)
    gone = rows.delete().where(rows.c.message_id == made.id)
    any_database.write_now(lambda s: changed(s, gone))
    found = told(any_database, couple)
    events_ = [e["event"] for e in found]
    assert events_ == [
        "message_received",
        "guest_activated",
        "message_status",
        "message_sent",
    ]
    assert found[-1]["data"]["message_id"] != made.task_id


def test_a_reader_goes_on_within_an_entry(
    any_database: Database, couple: Couple, post: Post
) -> None:
    """Cut between an entry's two envelopes: the second comes, the first not again."""
    post.writes(CARLA)
    before = end(any_database, couple)
    put(any_database, couple)
    entry = before.entry + 1
    second = told(any_database, couple, Place(entry))
    assert [e["id"] for e in second] == [f"{entry}.1"]
    assert told(any_database, couple, Place(entry, 1)) == []


def test_a_batch_is_bounded(any_database: Database, couple: Couple, post: Post) -> None:
    """Much is read in pieces that fit together."""
    post.writes(CARLA)
    made = put(any_database, couple)
    for _ in range(AT_ONCE):
        happen(any_database, made.id, "held")
    first = batch(any_database, couple)
    assert first.more
    rest = batch(any_database, couple, first.upto)
    assert not rest.more
    ids = [one.place for one in (*first.envelopes, *rest.envelopes)]
    assert ids == sorted(set(ids))
    assert len(ids) == 2 + 2 + AT_ONCE
