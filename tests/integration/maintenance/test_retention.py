"""What is old goes, and nothing that anybody still needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.accounts import event
from tests.builders import Couple, guest_wrote, make_couple, put
from tests.fakes import NOON
from tests.integration.maintenance.past import (
    accepted,
    ago,
    archive,
    ended,
    statuses,
    told,
    tried,
    tries,
)
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.models import (
    AccountStatusChange,
    AuditEntry,
    HearingGap,
    LoginSession,
    Notice,
    QueueMessage,
    User,
    WebhookLog,
    WebhookRefusal,
)
from wedding_wa.services import queue, webhook_log
from wedding_wa.services.records import message_record
from wedding_wa.services.retention import retain
from wedding_wa.services.retention_messages import _put_away
from wedding_wa.services.retention_policy import retention_of, save_retention


@pytest.fixture
def couple(any_database: Database) -> Couple:
    made = make_couple(any_database)
    guest_wrote(any_database, made.groom, at=ago(400))
    return made


def wish(database: Database, couple: Couple, **texts: str) -> None:
    database.write_now(save_retention, couple.wedding, texts, now=NOON)


async def test_a_failed_message_is_archived_whole_after_a_week(
    any_database: Database, couple: Couple
) -> None:
    """It leaves the queue with its timeline and tries, and is found all the same."""
    old = ended(any_database, couple, "failed", 7.1, text="Ciao 💍")
    tried(any_database, old, 7.1, outcome="refused", http_status=422)
    fresh = ended(any_database, couple, "failed", 6.9)
    before = any_database.read_now(message_record, old)

    did = await retain(any_database, now=NOON)

    assert (did["archived"], did.get("deleted")) == (1, None)
    assert statuses(any_database) == {fresh: "failed"}
    after = any_database.read_now(message_record, old)
    assert before.items() <= after.items()
    assert after["archived_at"] == NOON.isoformat()
    assert [one["http_status"] for one in after["tries"]] == [422]  # type: ignore[attr-defined]
    assert accepted(any_database) == 2
    assert tries(any_database) == set()


async def test_deleted_means_only_that_it_was(
    any_database: Database, couple: Couple
) -> None:
    """Words and number are gone; the sum of all that was accepted stays true."""
    old = ended(any_database, couple, "failed", 8)
    wish(any_database, couple, failed_action="delete")
    assert (await retain(any_database, now=NOON))["deleted"] == 1
    assert any_database.read_now(message_record, old).keys() == {
        "id",
        "task_id",
        "status",
        "account",
        "archived_at",
    }
    assert [one.record for one in archive(any_database)] == [None]
    assert accepted(any_database) == 1


async def test_kept_means_kept(any_database: Database, couple: Couple) -> None:
    """Who wants to keep them for ever does."""
    old = ended(any_database, couple, "failed", 800)
    wish(any_database, couple, failed_action="keep")
    assert "archived" not in await retain(any_database, now=NOON)
    assert statuses(any_database) == {old: "failed"}


async def test_only_failed_messages_ever_go(
    any_database: Database, couple: Couple
) -> None:
    """What waits, is in hand, unconfirmed, sent or skipped stays, however old."""
    kept = {
        ended(any_database, couple, status, 900): status
        for status in ("pending", "processing", "unconfirmed", "sent", "skipped")
    }
    doubtful = [one for one in kept if kept[one] in ("processing", "unconfirmed")]
    of_doubt = {tried(any_database, one, 900) for one in (*doubtful, min(kept))}
    await retain(any_database, now=NOON)
    assert statuses(any_database) == kept
    assert tries(any_database) == of_doubt
    assert archive(any_database) == []


async def test_a_person_who_retries_it_meanwhile_wins(
    any_database: Database, couple: Couple
) -> None:
    """Found old, retried, then taken away: no, it waits again."""
    old = ended(any_database, couple, "failed", 8, columns={"error_code": "error.x"})
    any_database.write_now(queue.retry_failed, couple.wedding, now=NOON)
    gone = any_database.write_now(_put_away, [old], ago(7), whole=True, now=NOON)
    assert gone == 0
    assert statuses(any_database) == {old: "pending"}
    assert archive(any_database) == []


async def test_many_go_in_batches(any_database: Database, couple: Couple) -> None:
    """More than one batch, all of them, each counted once."""
    old = [ended(any_database, couple, "failed", 30) for _ in range(60)]
    did = await retain(any_database, now=NOON)
    assert did["archived"] == len(old) == accepted(any_database)
    assert [one.message_id for one in archive(any_database)] == old
    assert any((await retain(any_database, now=NOON)).values()) is False


async def test_a_failed_message_whose_try_still_weighs_stays(
    any_database: Database, couple: Couple
) -> None:
    """It may have gone and nobody has answered since: it counts as unanswered."""
    old = ended(any_database, couple, "failed", 20)
    weighing = tried(any_database, old, 20, counts=True)
    await retain(any_database, now=NOON)
    assert statuses(any_database) == {old: "failed"}
    assert tries(any_database) == {weighing}


async def test_raw_webhooks_are_forgotten_but_not_that_they_came(
    any_database: Database, couple: Couple
) -> None:
    """The body goes, the event's id stays: a replay is still known for one. What was
    not applied yet, and evidence about a message in doubt, stay whole."""
    old, fresh = told(any_database, couple, 31), told(any_database, couple, 29)
    waiting = told(any_database, couple, 31, applied=False)
    doubt = ended(
        any_database, couple, "unconfirmed", 40, columns={"reserved_id": "3EB0AA"}
    )
    evidence = told(any_database, couple, 31, message_id="3EB0AA")
    assert doubt

    did = await retain(any_database, now=NOON)

    assert did["webhooks"] == 1
    assert _with_body(any_database) == {fresh, waiting, evidence}

    def replay(session: Session) -> bool:
        row = session.get_one(WebhookLog, old)
        raw = event("message", {}, at=NOON, event_id=row.event_id)
        return webhook_log.store(
            session,
            wedding_id=couple.wedding,
            account_id=couple.groom,
            raw=raw,
            now=NOON,
        )

    assert any_database.write_now(replay) is False


async def test_how_accounts_fared_long_ago_is_forgotten(
    any_database: Database, couple: Couple
) -> None:
    """Old changes, closed gaps, ended notices, refusals and logins go; what is open
    stays, and so do the newest changes, whatever their age."""
    any_database.write_now(_history, couple)
    did = await retain(any_database, now=NOON)
    assert (did["history"], did["refusals"], did["logins"]) == (5 + 1 + 1, 1, 1)
    left = any_database.read_now(_left)
    assert left == {
        AccountStatusChange: 10,
        HearingGap: 1,
        Notice: 1,
        WebhookRefusal: 0,
        LoginSession: 1,
    }


async def test_changes_since_a_doubt_stay(
    any_database: Database, couple: Couple
) -> None:
    """Whether somebody else logged in since is evidence about an unconfirmed one."""
    ended(any_database, couple, "unconfirmed", 120, columns={"dispatched_at": ago(120)})
    any_database.write_now(_history, couple)
    await retain(any_database, now=NOON)
    assert any_database.read_now(_left)[AccountStatusChange] == 15


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("failed_days", "0", "error.policy.bounds"),
        ("failed_days", "1_0", "maintenance.error.number"),
        ("attempts_days", "6", "error.policy.bounds"),
        ("webhooks_days", "99999999999999999999", "error.policy.bounds"),
        ("history_days", "two", "maintenance.error.number"),
        ("failed_action", "burn", "maintenance.error.action"),
        ("nonsense", "1", "maintenance.error.unknown"),
    ],
)
def test_nonsense_is_refused_and_names_its_field(
    database: Database, field: str, text: str, code: str
) -> None:
    """Nothing is saved of it."""
    couple = make_couple(database)
    before = database.read_now(retention_of, couple.wedding)
    with pytest.raises(BadInput) as refused:
        wish(database, couple, **{"failed_days": "9", field: text})
    assert (refused.value.code, refused.value.field) == (code, field)
    assert database.read_now(retention_of, couple.wedding) == before


def test_what_is_saved_is_on_record(database: Database) -> None:
    """Who changed what; a wish for what is already so changes nothing."""
    couple = make_couple(database)
    wish(database, couple, failed_days="14", failed_action="delete")
    wish(database, couple, failed_days="14")
    value = database.read_now(retention_of, couple.wedding)
    assert (value.failed_days, value.failed_action, value.attempts_days) == (
        14,
        "delete",
        30,
    )
    (entry,) = database.read_now(lambda s: s.exec(select(AuditEntry)).all())
    assert entry.action == "retention_changed"


def test_what_never_was_is_not_found(database: Database) -> None:
    """The archive answers for what it has, not for everything."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom)
    put(database, couple)
    with pytest.raises(NotFound):
        database.read_now(message_record, 99)


def _with_body(database: Database) -> set[int]:
    rows = select(WebhookLog.id).where(WebhookLog.raw.is_not(None))  # type: ignore[union-attr]
    return set(database.read_now(lambda s: s.exec(rows).all()))  # type: ignore[arg-type]


def _history(session: Session, couple: Couple) -> None:
    user = User(email="a@b.it", password_hash="x", created_at=ago(500))
    session.add(user)
    session.flush()
    own = {"wedding_id": couple.wedding, "account_id": couple.groom}
    for days in range(100, 115):
        session.add(AccountStatusChange(**own, status="FAILED", at=ago(days)))
    for closed in (ago(95), None):
        session.add(
            HearingGap(
                **own, since=ago(99), reason="x", opened_at=ago(99), closed_at=closed
            )
        )
    for ended_at in (ago(95), None):
        session.add(Notice(**own, kind="x", at=ago(99), ended_at=ended_at))
    session.add(WebhookRefusal(**own, asked="groom", reason="signature", at=ago(31)))
    for i, days in enumerate((31, 29)):
        session.add(
            LoginSession(
                user_id=user.id or 0,
                wedding_id=couple.wedding,
                token_hash=str(i),
                created_at=ago(60),
                last_seen_at=ago(60),
                expires_at=ago(days) + timedelta(0),
            )
        )


def _left(session: Session) -> dict[Any, int]:
    models = (AccountStatusChange, HearingGap, Notice, WebhookRefusal, LoginSession)
    return {model: len(session.exec(select(model)).all()) for model in models}


@pytest.mark.parametrize("action", ["archive", "delete"])
async def test_a_key_outlives_its_message(
    any_database: Database, couple: Couple, action: str
) -> None:
    """Asked again long after, the first answer comes back, and something else under
    the same key is refused: nothing is queued a second time."""
    first = put(any_database, couple, now=ago(9), idempotency_key="rsvp-7")
    give_up(any_database, first.id, days=8)
    wish(any_database, couple, failed_action=action)
    assert any((await retain(any_database, now=NOON)).values())
    assert statuses(any_database) == {}

    again = put(any_database, couple, now=NOON, idempotency_key="rsvp-7")
    assert again == first
    with pytest.raises(BadInput):
        put(any_database, couple, now=NOON, idempotency_key="rsvp-7", text="Altro")
    assert statuses(any_database) == {}
    assert put(any_database, couple, now=NOON, idempotency_key="rsvp-8") != first


async def test_a_number_is_never_given_twice(
    any_database: Database, couple: Couple
) -> None:
    """The newest message was put away; the next one has a number of its own, and can
    be put away as well."""
    numbers = set()
    for days in (30, 20, 10):
        numbers.add(ended(any_database, couple, "failed", days))
        assert (await retain(any_database, now=NOON))["archived"] == 1
    assert len(numbers) == 3
    assert {one.message_id for one in archive(any_database)} == numbers


def give_up(database: Database, message_id: int, *, days: float) -> None:
    def end(session: Session) -> None:
        row = session.get_one(QueueMessage, message_id)
        row.status, row.finished_at = "failed", ago(days)

    database.write_now(end)
