"""/api/admin/whatsapp-queue: pages hold everything once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import guest_wrote, make_couple, put
from tests.integration.api_v1.admin_queue import (
    STATES,
    set_row,
)
from tests.integration.api_v1.conftest import CARLA
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.messages import Status
from wedding_wa.models import BUCKETS, QueueMessage
from wedding_wa.services import queue_records
from wedding_wa.services.queue_records import Sought


def _town(database: Database) -> tuple[int, list[QueueMessage]]:
    """A message in each state from each number, and a second wedding alike."""
    weddings = []
    for _ in range(2):
        couple = make_couple(database)
        for account_id, key in ((couple.groom, "groom"), (couple.bride, "bride")):
            guest_wrote(database, account_id, CARLA)
            for n, values in enumerate(STATES.values()):
                kind = ("message", "notification")[n % 2]
                text = ("Ciao", "Menu del giorno")[n % 3 == 0]
                asked = {"account": key, "to": CARLA, "kind": kind, "text": text}
                made = put(database, couple, **asked)  # type: ignore[arg-type]
                set_row(database, made.id, **values)
        weddings.append(couple.wedding)
    mine = weddings[0]

    def look(session: Session) -> list[QueueMessage]:
        rows = session.scalars(
            sa.select(QueueMessage)
            .where(QueueMessage.wedding_id == mine)  # type: ignore[arg-type]
            .order_by(QueueMessage.id.desc())  # type: ignore[union-attr]
        )
        return list(rows)

    return mine, database.read_now(look)


def _all_pages(
    database: Database, wedding: int, sought: Sought, limit: int
) -> list[int]:
    """The ids of every page in order."""
    ids: list[int] = []
    after = ""
    for _ in range(100):
        found, after = database.read_now(
            queue_records.queue_records, wedding, sought, after=after, limit=limit
        )
        assert len(found) <= limit
        ids += [one.row.id or 0 for one in found]
        if not after:
            return ids
    raise AssertionError("the list has no end")


def test_pages_hold_what_a_plain_look_finds(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, state, account, kind and search together, by pages of any size and with a
    reach shorter than a page: each match once, newest first, and no other."""
    wedding, rows = _town(any_database)
    assert {row.bucket for row in rows} == set(BUCKETS)
    keys = any_database.read_now(queue_records.account_keys, wedding)
    choices = itertools.product(
        (None, *Status),
        (None, "read"),
        (None, "bride"),
        (None, "notification"),
        ("", "menu"),
        ("", CARLA),
    )
    sizes = itertools.cycle(((3, 4), (4, 2), (7, 1000), (100, 5)))
    for status, bucket, account, kind, search, to in itertools.islice(
        choices, 0, None, 3
    ):
        limit, reach = next(sizes)
        monkeypatch.setattr(queue_records, "REACH", reach)
        sought = Sought(
            status, bucket, account=account, kind=kind, search=search, to=to
        )
        wanted = [
            row.id
            for row in rows
            if status in (None, row.status)
            and bucket in (None, row.bucket)
            and account in (None, keys[row.account_id])
            and kind in (None, row.kind)
            and search in row.text.lower()
        ]
        assert _all_pages(any_database, wedding, sought, limit) == wanted, sought


def test_rows_that_come_meanwhile_double_or_lose_none(database: Database) -> None:
    """Pages go by key: what is queued between two of them is on neither."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom, CARLA)
    before = [put(database, couple).id for _ in range(5)]
    seen, after = database.read_now(
        queue_records.queue_records, couple.wedding, Sought(), after="", limit=2
    )
    put(database, couple)
    rest, end = database.read_now(
        queue_records.queue_records, couple.wedding, Sought(), after=after, limit=9
    )
    assert [one.row.id for one in [*seen, *rest]] == before[::-1]
    assert end == ""


def test_a_page_costs_the_same_few_queries(database: Database) -> None:
    """Timelines and accounts are read for the whole page, not for each row."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom, CARLA)
    counts = []
    for size in (1, 30):
        for _ in range(size):
            put(database, couple)
        counts.append(_queries(database, couple.wedding))
    assert counts[0] == counts[1] <= 6


def _queries(database: Database, wedding: int) -> int:
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    sa.event.listen(database.engine, "before_cursor_execute", note)
    found, _ = database.read_now(
        queue_records.queue_records, wedding, Sought(), after="", limit=100
    )
    sa.event.remove(database.engine, "before_cursor_execute", note)
    assert all(one.events for one in found)
    return len([one for one in seen if one.lstrip().upper().startswith("SELECT")])


def test_a_household_and_nonsense_as_recipient(database: Database) -> None:
    """Told by the field's own name, or as nothing that exists."""
    couple = make_couple(database)
    for to, error in (("household:NONE", NotFound), ("?", BadInput)):
        with pytest.raises(error):
            database.read_now(
                queue_records.queue_records,
                couple.wedding,
                Sought(to=to),
                after="",
                limit=1,
            )
