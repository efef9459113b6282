"""The same lists, counts and notes on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.models import Evidence
from wedding_wa.services import webhook_again, webhook_log
from wedding_wa.services.webhook_list import PAGE_SIZE, Wish, event_names
from wedding_wa.services.webhook_log import Receiver
from wedding_wa.services.webhook_records import (
    event_record,
    event_records,
    refusal_records,
)
from wedding_wa.services.webhook_refusals import KEPT, Delivery, Reason, refuse
from wedding_wa.services.webhook_views import (
    event_detail,
    refusal_detail,
    webhooks_page,
)


def _store(database: Database, couple: Couple, account_id: int, name: str) -> None:
    database.write_now(
        webhook_log.store,
        wedding_id=couple.wedding,
        account_id=account_id,
        raw=see.event(name, {}, at=NOON),
        now=NOON,
        source=Evidence.FEED,
    )


@pytest.fixture
def couple(any_database: Database) -> Couple:
    """Every third event is the bride's, every fifth unknown; one failed for good, one
    for now."""
    made = make_couple(any_database)
    for number in range(2 * PAGE_SIZE):
        account_id = made.bride if number % 3 == 0 else made.groom
        name = "call.rung" if number % 5 == 0 else "message.ack"
        _store(any_database, made, account_id, name)
    for row_id, done in ((7, NOON), (8, None)):
        any_database.write_now(webhook_log.set_error, row_id, "KeyError", done=done)
    for row_id in range(10, 2 * PAGE_SIZE + 1):
        assert any_database.write_now(webhook_log.take, row_id, now=NOON)
    return made


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), range(50, 25, -1)),
        (Wish(after="26"), range(25, 0, -1)),
        (Wish(before="25"), range(50, 25, -1)),
        (Wish(account="bride"), [i for i in range(49, 0, -1) if i % 3 == 1]),
        (Wish(event="call.rung"), range(46, 0, -5)),
        (Wish(account="bride", event="call.rung"), [46, 31, 16, 1]),
        (Wish(only="open"), range(9, 0, -1)),
        (Wish(only="open", event="call.rung"), [6, 1]),
    ],
    ids=repr,
)
def test_lists(
    any_database: Database, couple: Couple, wish: Wish, expected: list[int]
) -> None:
    """Every filter finds what it says, newest first."""
    page = any_database.read_now(webhooks_page, couple.wedding, wish)
    assert [row.id for row in page.events] == list(expected)[:PAGE_SIZE]
    assert (page.failed, page.refused) == (2, 0)
    rows, _ = any_database.read_now(event_records, couple.wedding, wish)
    assert [row["id"] for row in rows][: len(page.events)] == [
        row.id for row in page.events
    ]


def test_one_event_and_the_names(any_database: Database, couple: Couple) -> None:
    """An event as it came, its size told; each name once."""
    detail = any_database.read_now(event_detail, couple.wedding, 1)
    record = any_database.read_now(event_record, couple.wedding, 1)
    assert detail is not None
    assert detail.row.size == len(str(record["raw"]))
    names = any_database.read_now(event_names, [couple.groom, couple.bride])
    assert names == ("call.rung", "message.ack")


def test_all_that_failed_is_opened_again(
    any_database: Database, couple: Couple
) -> None:
    """Those with an error, of this wedding, and no others."""
    found = any_database.write_now(webhook_again._reopen_failed, couple.wedding)
    assert found.ids == (7, 8)
    opened = any_database.read_now(webhook_log.open_events, couple.groom, limit=50)
    assert {7, 8} & {one.id for one in opened}


def test_refusals_are_trimmed_for_each_account(
    any_database: Database, couple: Couple
) -> None:
    """200 of the groom's, 200 of nobody's; the bride's one stays."""
    groom = [Receiver(couple.wedding, couple.groom, "")]
    bride = [Receiver(couple.wedding, couple.bride, "")]

    def many(session: object) -> None:
        one = Delivery("bride", "192.0.2.1", 2, b"{}")
        refuse(session, one, Reason.SIGNATURE, bride, now=NOON)  # type: ignore[arg-type]
        for number in range(KEPT + 3):
            one = Delivery("groom", "192.0.2.1", number, b"x")
            refuse(session, one, Reason.UNSIGNED, groom, now=NOON)  # type: ignore[arg-type]
            one = Delivery("uncle", "192.0.2.1", number)
            refuse(session, one, Reason.UNKNOWN_ACCOUNT, [], now=NOON)  # type: ignore[arg-type]

    any_database.write_now(many)
    page = any_database.read_now(
        webhooks_page, couple.wedding, Wish(only="refused", account="bride")
    )
    assert ([row.reason for row in page.refusals], page.refused) == (
        ["signature"],
        2 * KEPT + 1,
    )
    wish = Wish(only="refused")
    newest, older = any_database.read_now(refusal_records, couple.wedding, wish)
    assert (newest[0]["account"], newest[0]["asked"], newest[0]["size"]) == (
        None,
        "uncle",
        KEPT + 2,
    )
    assert older
    detail = any_database.read_now(refusal_detail, couple.wedding, 1)
    assert detail is not None
    assert (detail.body, detail.cut) == ("{}", False)
