"""Silence and pauses: judged by evidence, told with figures, over with one button."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests import accounts as see
from tests.builders import (
    Couple,
    guest_wrote,
    make_couple,
    message,
    put,
)
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import (
    AuditEntry,
    HearingGap,
    MessageAttempt,
    QueueMessage,
    User,
    WebhookLog,
    Wedding,
)
from wedding_wa.services import notices, pausing, queue
from wedding_wa.services.notices import NoticeView
from wedding_wa.services.watchdog import mark_unacknowledged

CHAT = "393331112222@c.us"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def couple(database: Database) -> Couple:
    made = make_couple(database)
    guest_wrote(database, made.groom)
    return made


def set_message(database: Database, message_id: int, **values: object) -> None:
    """Put a message where a test needs it."""
    statement = sa.update(QueueMessage).where(col(QueueMessage.id) == message_id)
    database.write_now(lambda s: s.execute(statement.values(**values)) and None)


def send(database: Database, couple: Couple, minutes: float) -> int:
    """One message that WAHA took at that minute, and nothing since."""
    made = put(database, couple).id
    set_message(
        database,
        made,
        status="sent",
        ack=0,
        provider_message_id=f"ID{made}",
        finished_at=at(minutes),
    )

    def tried(session: Session) -> None:
        session.add(
            MessageAttempt(
                wedding_id=couple.wedding,
                message_id=made,
                account_id=couple.groom,
                chat_id=CHAT,
                attempt=1,
                started_at=at(minutes),
                dispatched_at=at(minutes),
                finished_at=at(minutes),
                counts=True,
                outcome="sent",
            )
        )

    database.write_now(tried)
    return made


def watch(database: Database, minutes: float) -> int:
    return database.write_now(mark_unacknowledged, now=at(minutes))


def opened(database: Database, couple: Couple) -> list[NoticeView]:
    return database.read_now(notices.open_notices, couple.wedding)


def kinds(database: Database, couple: Couple) -> list[str]:
    return [one.kind for one in opened(database, couple)]


def acked(database: Database, couple: Couple, message_id: int, minutes: float) -> None:
    database.write_now(
        queue.apply_ack,
        couple.groom,
        f"ID{message_id}",
        1,
        at=at(minutes),
        now=at(minutes),
    )


def log(database: Database, couple: Couple, event: str, minutes: float) -> None:
    """An event of WAHA's came by the feed."""

    def came(session: Session) -> None:
        session.add(
            WebhookLog(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                event_id=f"evt_{event}_{minutes}",
                event=event,
                source="feed",
                received_at=at(minutes),
                applied_at=at(minutes),
            )
        )

    database.write_now(came)


def is_paused(database: Database, couple: Couple) -> str | None:
    return see.account(database, couple.groom).pause_reason


def test_a_minute_without_an_ack_is_a_mark_that_a_later_ack_takes_away(
    database: Database, couple: Couple
) -> None:
    """Marked after 60 s, not before; a sleeping phone's late ack clears it."""
    one = send(database, couple, 0)
    assert watch(database, 0.9) == 0
    assert watch(database, 1) == 1
    assert message(database, one).unacknowledged_at == at(1)
    assert watch(database, 2) == 0
    acked(database, couple, one, 40)
    assert message(database, one).unacknowledged_at is None
    assert message(database, one).status == "sent"
    assert watch(database, 60) == 0


def test_three_unacknowledged_are_told_and_five_over_half_an_hour_pause(
    database: Database, couple: Couple
) -> None:
    """First a word, then the pause, with how many and since when; the pause takes the
    word's place."""
    for minute in range(5):
        send(database, couple, minute)
    watch(database, 9)
    assert opened(database, couple) == []
    watch(database, 12.1)
    [told] = opened(database, couple)
    assert (told.kind, told.params["why"], told.params["n"]) == ("silent", "no_acks", 3)
    assert told.params["since"] == at(2).isoformat()
    watch(database, 29.9)
    assert is_paused(database, couple) is None
    watch(database, 30)
    assert is_paused(database, couple) == "silence"
    [paused] = opened(database, couple)
    assert paused.kind == "paused"
    assert (paused.params["by"], paused.params["n"]) == ("silence", 5)
    assert paused.params["first"] == at(0).isoformat()


@pytest.mark.parametrize("sign", ["message.ack", "a guest"])
def test_anything_heard_meanwhile_pauses_nothing(
    database: Database, couple: Couple, sign: str
) -> None:
    """An ack of an older message, or a guest's words, and the number is not dead."""
    for minute in range(5):
        send(database, couple, minute)
    if sign == "a guest":
        guest_wrote(database, couple.groom, "+393334445555", at=at(20))
    else:
        log(database, couple, sign, 20)
    watch(database, 10)
    watch(database, 60)
    assert is_paused(database, couple) is None
    assert opened(database, couple) == []


def test_four_unacknowledged_or_one_that_was_not_pause_nothing(
    database: Database, couple: Couple
) -> None:
    """Five in a row it must be: an ack among them breaks the row."""
    ids = [send(database, couple, minute) for minute in range(5)]
    watch(database, 10)
    acked(database, couple, ids[2], 11)
    watch(database, 300)
    assert is_paused(database, couple) is None


def test_who_goes_on_is_not_paused_again_for_the_same(
    database: Database, couple: Couple
) -> None:
    """After "go on" only what is sent from then on counts; five new ones do."""
    for minute in range(5):
        send(database, couple, minute)
    watch(database, 40)
    assert is_paused(database, couple) == "silence"
    database.write_now(pausing.set_account_paused, couple.groom, False, now=at(41))
    watch(database, 42)
    assert (is_paused(database, couple), opened(database, couple)) == (None, [])
    for minute in range(50, 55):
        send(database, couple, minute)
    watch(database, 80)
    watch(database, 81)
    assert is_paused(database, couple) == "silence"


def unheard(database: Database, couple: Couple, minutes: float) -> None:
    """WAHA's chats showed a message that nobody had told, and it was read there."""

    def gap(session: Session) -> None:
        session.add(
            HearingGap(
                wedding_id=couple.wedding,
                account_id=couple.groom,
                since=at(minutes - 1),
                reason="unheard",
                opened_at=at(minutes),
                closed_at=at(minutes),
                found=1,
            )
        )

    database.write_now(gap)


def test_working_but_mute_is_told_by_evidence(
    database: Database, couple: Couple
) -> None:
    """WORKING all the while: one lost event is chance, two without any between are
    not; it ends with the first event, and not because the guests fell silent."""
    unheard(database, couple, 1)
    watch(database, 2)
    assert kinds(database, couple) == []
    unheard(database, couple, 5)
    watch(database, 6)
    [told] = opened(database, couple)
    assert (told.kind, told.params["why"]) == ("silent", "mute")
    watch(database, 300)
    assert [one.id for one in opened(database, couple)] == [told.id]
    log(database, couple, "message", 301)
    watch(database, 302)
    assert kinds(database, couple) == []


def test_lost_events_between_heard_ones_are_no_silence(
    database: Database, couple: Couple
) -> None:
    """Something came in between: the way is open, whatever was lost on it."""
    unheard(database, couple, 1)
    log(database, couple, "session.status", 3)
    unheard(database, couple, 5)
    watch(database, 6)
    assert kinds(database, couple) == []


def test_working_with_no_ear_open_is_told_after_a_minute(
    database: Database, couple: Couple
) -> None:
    """Neither webhook nor feed: told in time, over as soon as one of them is."""
    see.update(database, couple.groom, hears_by="nothing", hears_since=NOON)
    watch(database, 0.5)
    assert kinds(database, couple) == []
    watch(database, 1)
    [told] = opened(database, couple)
    assert told.params["why"] == "deaf"
    see.update(database, couple.groom, hears_by="feed", hears_since=at(2))
    watch(database, 2)
    assert kinds(database, couple) == []


def test_an_account_that_is_down_is_not_called_silent(
    database: Database, couple: Couple
) -> None:
    """It has a notice of its own; the same is not told twice."""
    see.update(
        database,
        couple.groom,
        hears_by="nothing",
        hears_since=NOON,
        status="FAILED",
        status_at=NOON,
    )
    watch(database, 5)
    assert kinds(database, couple) == ["account_down"]


def fails(database: Database, couple: Couple, n: int) -> None:
    """So many tries failed, one a minute."""

    first = put(database, couple).id

    def write(session: Session) -> None:
        for k in range(n):
            session.add(
                MessageAttempt(
                    wedding_id=couple.wedding,
                    message_id=first,
                    account_id=couple.groom,
                    chat_id=CHAT,
                    attempt=k + 1,
                    started_at=at(k),
                    finished_at=at(k),
                    outcome="not_sent",
                    error_code="error.waha.rate_limited",
                )
            )

    database.write_now(write)
    see.update(database, couple.groom, failures_in_row=n)


def test_failures_in_a_row_pause_with_figures_and_going_on_counts_anew(
    database: Database, couple: Couple
) -> None:
    """Five by policy: how many, since when, what the last one said, in one notice;
    going on resets the row and tells how many had waited."""
    fails(database, couple, 4)
    database.write_now(pausing.pause_if_failing, couple.groom, now=at(5))
    assert is_paused(database, couple) is None
    fails(database, couple, 5)
    database.write_now(pausing.pause_if_failing, couple.groom, now=at(5))
    database.write_now(pausing.pause_if_failing, couple.groom, now=at(6))
    [told] = opened(database, couple)
    assert (told.params["by"], told.params["n"]) == ("failures", 5)
    assert told.params["first"] == at(0).isoformat()
    assert told.params["error"] == "error.waha.rate_limited"
    database.write_now(
        pausing.set_account_paused, couple.groom, False, now=at(9), by=None
    )
    assert opened(database, couple) == []
    [over] = database.read_now(notices.ended_notices, couple.wedding, limit=5)
    assert over.params["waited"] == 2
    account = see.account(database, couple.groom)
    assert (account.paused_at, account.failures_in_row) == (None, 0)


def person(database: Database) -> int:
    def add(session: Session) -> int:
        user = User(email="zia@x.it", name="Zia", password_hash="-", created_at=NOON)
        session.add(user)
        session.flush()
        assert user.id is not None
        return user.id

    return database.write_now(add)


def test_a_persons_pause_says_by_whom(database: Database, couple: Couple) -> None:
    """Of one account and of all; twice tells once; each end of it ends the notice."""
    zia = person(database)
    for _ in range(2):
        database.write_now(
            pausing.set_account_paused, couple.groom, True, now=NOON, by=zia
        )
        database.write_now(pausing.pause_all, couple.wedding, now=NOON, by=zia)
    told = {one.kind: one.params["person"] for one in opened(database, couple)}
    assert told == {"paused": "Zia", "paused_all": "Zia"}
    assert database.write_now(pausing.resume_all, couple.wedding, now=at(1))
    assert opened(database, couple) == []
    assert not database.write_now(pausing.resume_all, couple.wedding, now=at(1))
    actions = database.read_now(
        lambda s: [row.action for row in s.exec(select(AuditEntry)).all()]
    )
    assert sorted(actions) == [
        "account_paused_by_person",
        "sending_paused",
        "sending_resumed",
    ]


def test_what_was_paused_before_is_told_too(database: Database, couple: Couple) -> None:
    """A pause from before there were notices, and one that a hand ended."""
    see.update(database, couple.groom, paused_at=NOON, pause_reason=pausing.BY_SILENCE)

    def pause(session: Session, moment: datetime | None) -> None:
        session.get_one(Wedding, couple.wedding).paused_at = moment

    database.write_now(pause, NOON)
    watch(database, 1)
    assert kinds(database, couple) == ["paused_all", "paused"]
    see.update(database, couple.groom, paused_at=None, pause_reason=None)
    database.write_now(pause, None)
    watch(database, 2)
    assert kinds(database, couple) == []
