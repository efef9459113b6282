"""/api/admin/whatsapp-queue: its rows, its filters, its pages, its orders."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import events_of, guest_wrote, make_couple, message, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, UGO, Made, Place
from tests.integration.inbound.test_refusals import everything
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound
from wedding_wa.domain.messages import Status
from wedding_wa.models import BUCKETS, QueueMessage
from wedding_wa.services import queue_records
from wedding_wa.services.queue_bulk import Order, Progress, What
from wedding_wa.services.queue_records import Sought
from wedding_wa.services.queue_runs import Run

ROOT = "http://localhost:8000/api/admin"
QUEUE = f"{ROOT}/whatsapp-queue"

# The promise to programs: exactly these, and no other.
FIELDS = {
    *("id", "task_id", "client_message_id", "account", "to", "chat_id", "phone"),
    *("name", "kind", "category", "title", "text", "priority", "status", "bucket"),
    *("hold_rule", "hold_params", "skip_reason", "error_code", "attempt", "failures"),
    *("max_attempts", "due_at", "queue_at", "expires_at", "forced_at", "held_at"),
    *("created_at", "dispatched_at", "finished_at", "reserved_id"),
    *("provider_message_id", "ack", "ack_error_at", "unacknowledged_at"),
    *("settled_by", "events"),
}
EVENT_FIELDS = {
    *("id", "queue_message", "phase", "timestamp", "duration_ms", "metadata"),
}


@pytest.fixture
async def reader(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.program("read") as client:
        yield client


@pytest.fixture
async def sender(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """With the right that the Queue page's buttons need, and no other."""
    async with place.program("send") as client:
        yield client


def queued(place: Place, made: Made, **more: object) -> int:
    """A message to Carla."""
    return put(place.house.db, made.couple, **{"to": CARLA, **more}).id  # type: ignore[arg-type]


def as_json(value: object) -> object:
    """Times are ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def set_row(database: Database, message_id: int, **values: object) -> None:
    """A message as it would be later; no test here is about how it came to that."""
    database.write_now(
        lambda s: s.execute(
            sa.update(QueueMessage)
            .where(QueueMessage.id == message_id)  # type: ignore[arg-type]
            .values(**values)
        )
    )


def failed(place: Place, made: Made, error: str, **more: object) -> int:
    found = queued(place, made, **more)
    state = {"status": "failed", "failures": 4, "error_code": error}
    set_row(place.house.db, found, **state)
    return found


async def test_a_row_has_exactly_these_fields(
    place: Place, reader: httpx.AsyncClient
) -> None:
    """As the table has them, with the account's key and the timeline; a slash at the
    end changes nothing."""
    made = put(place.house.db, place.mine.couple, to=CARLA, title="Menu", priority=2)
    answer = await reader.get(QUEUE)
    assert answer.status_code == 200
    assert answer.json() == (await reader.get(f"{QUEUE}/")).json()
    assert set(answer.json()) == {"items", "next"}
    (row,) = answer.json()["items"]
    assert set(row) == FIELDS
    stored = message(place.house.db, made.id)
    for name in FIELDS - {"account", "to", "events"}:
        assert row[name] == as_json(getattr(stored, name)), name
    assert (row["account"], row["to"], row["phone"]) == ("groom", CARLA, CARLA)
    (event,) = row["events"]
    (written,) = events_of(place.house.db, made.id)
    assert set(event) == EVENT_FIELDS
    assert event == {
        "id": written.id,
        "queue_message": made.id,
        "phase": "queued",
        "timestamp": as_json(NOON),
        "duration_ms": None,
        "metadata": {"priority": 2, "due_at": NOON.isoformat()},
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["test", "note", "bride", "first"]),
        ({"status": "pending"}, ["test", "note", "bride"]),
        ({"status": "sent"}, ["first"]),
        ({"bucket": "read"}, ["first"]),
        ({"bucket": "held"}, []),
        ({"status": "failed", "bucket": "read"}, []),
        ({"account": "bride"}, ["bride"]),
        ({"kind": "notification"}, ["note"]),
        ({"category": "otp"}, ["note"]),
        ({"to": UGO}, ["bride"]),
        ({"to": "333 444 5555"}, ["bride"]),
        ({"to": f"{CARLA[1:]}@c.us", "status": "sent"}, ["first"]),
        ({"q": "words of BRIDE"}, ["bride"]),
        ({"q": "carla"}, ["test", "note", "first"]),
        ({"q": "444555"}, ["bride"]),
        ({"q": "nobody"}, []),
    ],
)
async def test_filters(
    place: Place,
    reader: httpx.AsyncClient,
    asked: dict[str, str],
    found: list[str],
) -> None:
    """Each alone and together; `to` as people type a number; newest first."""
    first = queued(place, place.mine, text="words of first")
    set_row(place.house.db, first, status="sent", ack=3)
    await _willing(place)
    queued(place, place.mine, text="words of bride", account="bride", to=UGO)
    queued(place, place.mine, text="words of note", kind="notification", category="otp")
    queued(place, place.mine, text="words of test", kind="test")
    rows = (await reader.get(QUEUE, params=asked)).json()["items"]
    assert [row["text"].removeprefix("words of ") for row in rows] == found


async def _willing(place: Place) -> None:
    """Ugo wants messages again."""
    async with place.program("send") as client:
        done = await client.post(f"/opt-outs/{place.mine.opt_out}/undo")
        assert done.status_code == 200


async def test_one_message_by_either_of_its_names(
    place: Place, reader: httpx.AsyncClient
) -> None:
    """`task_id` and `client_message_id` find one row, and never another wedding's."""
    mine = put(place.house.db, place.mine.couple, to=CARLA)
    theirs = put(place.house.db, place.theirs.couple, to=CARLA)
    for one, name in ((mine, "rsvp-7"), (theirs, "rsvp-8")):
        set_row(place.house.db, one.id, client_message_id=name)
    queued(place, place.mine)
    for asked, found in (
        ({"task_id": mine.task_id}, [mine.id]),
        ({"client_message_id": "rsvp-7"}, [mine.id]),
        ({"client_message_id": "rsvp-7", "status": "sent"}, []),
        ({"task_id": theirs.task_id}, []),
        ({"client_message_id": "rsvp-8"}, []),
    ):
        rows = (await reader.get(QUEUE, params=asked)).json()["items"]
        assert [row["id"] for row in rows] == found, asked


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"status": "waiting"}, "status"),
        ({"bucket": "pending"}, "bucket"),
        ({"account": "mother"}, "account"),
        ({"kind": "letter"}, "kind"),
        ({"to": "not a phone"}, "to"),
        ({"after": "yesterday"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_nonsense_is_refused_by_its_name(
    reader: httpx.AsyncClient, asked: dict[str, str], field: str
) -> None:
    """A program is better told than given nothing."""
    answer = await reader.get(QUEUE, params=asked)
    assert answer.status_code == 422
    assert field in answer.text


# Every state a message can be in, and which row makes it.
STATES: dict[str, dict[str, object]] = {
    "waiting": {"status": "pending"},
    "held": {"hold_rule": "hourly"},
    "processing": {"status": "processing"},
    "sent": {"status": "sent", "ack": 1},
    "delivered": {"status": "sent", "ack": 2},
    "read": {"status": "sent", "ack": 3},
    "refused": {"status": "sent", "ack": 1, "ack_error_at": NOON},
    "unconfirmed": {"status": "unconfirmed"},
    "failed": {"status": "failed", "error_code": "error.waha"},
    "skipped": {"status": "skipped", "skip_reason": "expired"},
}


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


@pytest.mark.parametrize("path", [f"{QUEUE}/retry-failed", f"{QUEUE}/retry-failed/"])
@pytest.mark.parametrize("body", [None, {}, {"account": None}])
async def test_retry_failed_does_what_the_button_does(
    place: Place, sender: httpx.AsyncClient, path: str, body: object
) -> None:
    """All that failed waits again with all its tries; what was refused for good, and
    another wedding's, stays. It answers how many."""
    again = [failed(place, place.mine, "error.waha.not_sent") for _ in range(2)]
    refused = failed(place, place.mine, "error.waha.message_refused")
    other = failed(place, place.theirs, "error.waha.not_sent")
    answer = await sender.post(path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()) == (200, {"retried": 2, "left": 0})
    for one in again:
        row = message(place.house.db, one)
        assert (row.status, row.failures) == ("pending", 0)
        (*_, last) = events_of(place.house.db, one)
        assert (last.phase, last.data) == ("retry_scheduled", {"by": "person"})
    assert message(place.house.db, refused).status == "failed"
    assert message(place.house.db, other).status == "failed"
    answer = await sender.post(path)
    assert (answer.status_code, answer.json()) == (200, {"retried": 0, "left": 0})


async def test_retry_failed_of_one_account(
    place: Place, sender: httpx.AsyncClient
) -> None:
    """The other number's stay as they are."""
    guest_wrote(place.house.db, place.mine.couple.bride, CARLA)
    groom = failed(place, place.mine, "error.waha.not_sent")
    bride = failed(place, place.mine, "error.waha.not_sent", account="bride")
    answer = await sender.post(f"{QUEUE}/retry-failed", json={"account": "bride"})
    assert answer.json() == {"retried": 1, "left": 0}
    states = [message(place.house.db, one).status for one in (groom, bride)]
    assert states == ["failed", "pending"]
    strange = await sender.post(f"{QUEUE}/retry-failed", json={"accounts": "bride"})
    assert strange.status_code == 422


async def test_retry_failed_waits_for_no_other_order(
    place: Place, sender: httpx.AsyncClient
) -> None:
    """While a page carries out an order for many, 409: two would only surprise."""
    failed(place, place.mine, "error.waha.not_sent")
    wedding = place.mine.couple.wedding
    runs = place.house.runtime.runs
    runs._of[wedding] = Run(Order(What.RETRY, wedding), Progress(0, 0, 1))
    answer = await sender.post(f"{QUEUE}/retry-failed")
    assert (answer.status_code, answer.json()["code"]) == (409, "queue.run.busy")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("by", ["id", "task_id"])
async def test_force_send_puts_one_first(
    place: Place, sender: httpx.AsyncClient, by: str, slash: str
) -> None:
    """By the row's number or the public id; the answer is the row as it stands."""
    made = put(place.house.db, place.mine.couple, to=CARLA, priority=5)
    answer = await sender.post(f"{QUEUE}/{getattr(made, by)}/force-send{slash}")
    assert answer.status_code == 202
    row = answer.json()
    assert set(row) == FIELDS
    assert (row["id"], row["status"]) == (made.id, "pending")
    assert row["forced_at"] == as_json(NOON)
    assert [event["phase"] for event in row["events"]] == ["queued", "forced"]


async def test_force_send_gives_a_failed_one_another_try(
    place: Place, sender: httpx.AsyncClient
) -> None:
    """Not where it was refused for good, nor where it is over: 409."""
    one = failed(place, place.mine, "error.waha.not_sent")
    answer = await sender.post(f"{QUEUE}/{one}/force-send")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    never = failed(place, place.mine, "error.waha.message_refused")
    sent = queued(place, place.mine)
    set_row(place.house.db, sent, status="sent")
    for number in (never, sent):
        answer = await sender.post(f"{QUEUE}/{number}/force-send")
        assert (answer.status_code, answer.json()["code"]) == (409, "error.conflict")


async def test_force_send_reaches_no_other_wedding(
    place: Place, sender: httpx.AsyncClient
) -> None:
    """404, as for what does not exist; and nothing changes."""
    theirs = put(place.house.db, place.theirs.couple, to=CARLA)
    before = everything(place.house.db)
    nobody = "00000000-0000-4000-8000-000000000000"
    for name in (theirs.id, theirs.task_id, 99999, 9_999_999_999, nobody):
        answer = await sender.post(f"{QUEUE}/{name}/force-send")
        assert answer.status_code == 404, name
        assert answer.json()["code"] == "error.message_not_found"
    assert (await sender.post(f"{QUEUE}/abc/force-send")).status_code == 422
    assert everything(place.house.db)["queue_message"] == before["queue_message"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "", "read"),
        ("POST", "/retry-failed", "send"),
        ("POST", "/1/force-send", "send"),
    ],
)
async def test_each_route_asks_for_its_right(
    place: Place, method: str, path: str, right: str
) -> None:
    """What the Queue page lets its readers do; 403 names what is missing."""
    others = {"read", "send", "control"} - {right}
    async with place.program(*others) as client:
        answer = await client.request(method, f"{QUEUE}{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "error.scope")
        client.headers.pop("Authorization")
        nobody = await client.request(method, f"{QUEUE}{path}")
        assert nobody.status_code == 401
    async with place.program(right) as client:
        answer = await client.request(method, f"{QUEUE}{path}")
        assert answer.status_code in (200, 404)
