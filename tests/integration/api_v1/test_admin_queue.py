"""/api/admin/whatsapp-queue: its rows and its filters."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import events_of, message, put
from tests.fakes import NOON
from tests.integration.api_v1.admin_queue import (
    EVENT_FIELDS,
    FIELDS,
    QUEUE,
    as_json,
    queued,
    set_row,
)
from tests.integration.api_v1.conftest import CARLA, UGO, Place


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
