"""Thousands of messages in one request: each has its own answer, none comes twice."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import func, select

from tests.builders import guest_wrote, make_couple
from tests.fakes import FakeClock
from tests.integration.api_v1.conftest import CARLA, PIA, UGO, Place
from tests.integration.api_v1.test_send import CIAO, NAMED, REPLAYED, SEND, messages
from wedding_wa.db import Database
from wedding_wa.domain.errors import Refused, WeddingError
from wedding_wa.models import QueueMessage
from wedding_wa.services import enqueue, enqueue_many, sends
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest
from wedding_wa.services.voice import Way

BULK = f"{SEND}/bulk"
KEY = {"Idempotency-Key": "june"}


async def many(
    program: httpx.AsyncClient, *said: Any, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Ask for these; the answer, which is 202 whatever becomes of each."""
    answer = await program.post(
        BULK,
        content=json.dumps({"messages": said}),
        headers={"Content-Type": "application/json", **(headers or {})},
        timeout=110,
    )
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    told["header"] = answer.headers.get(REPLAYED)
    return told


async def test_each_has_its_answer_in_its_place(
    place: Place, program: httpx.AsyncClient
) -> None:
    """What is wrong with one hinders no other, and is told as for one alone."""
    told = await many(
        program,
        NAMED,
        {**CIAO, "to": PIA},
        {**CIAO, "to": UGO},
        {**CIAO, "text": "x" * 5000},
        {**CIAO, "nonsense": 1},
        {**CIAO, "type": "image"},
        {**CIAO, "text": "\ud83d"},
        {**CIAO, "priority": 9, "client_message_id": "late"},
        7,
        None,
        {**CIAO, "to": "household:NOPE"},
        {**CIAO, "scheduled_at": "soon"},
        CIAO,
    )
    items = told["items"]
    assert [one["index"] for one in items] == list(range(13))
    queued = {one["index"] for one in items if one["status"] == "queued"}
    assert queued == {0, 12}
    assert (told["queued"], told["replayed"], told["refused"]) == (2, 0, 11)
    wrong = [(one["problem"] or {}).get("code") for one in items]
    assert wrong == [
        None,
        "error.no_consent",
        "error.opted_out",
        "api.wrong.too_long",
        "api.wrong.unknown",
        "send.type",
        "api.wrong.unstorable",
        "api.wrong.at_most",
        "api.wrong.object",
        "api.wrong.object",
        "guests.wrong.no_household",
        "error.moment",
        None,
    ]
    fields = [(one["problem"] or {}).get("field") for one in items]
    assert fields[3:8] == ["text", "nonsense", "type", "text", "priority"]
    assert (fields[11], items[7]["client_message_id"]) == ("scheduled_at", "late")
    assert items[1]["problem"]["link"] == "https://wa.me/393470000001"
    assert items[0] == {
        "index": 0,
        "status": "queued",
        "task_id": items[0]["task_id"],
        "to": CARLA,
        "client_message_id": "invitation-7",
        "replayed": False,
        "problem": None,
    }
    assert messages(place.house.db) == 2


async def test_named_twice_in_one_request(
    place: Place, program: httpx.AsyncClient
) -> None:
    """One name is one message; other words under it are refused in their place."""
    told = await many(program, NAMED, NAMED, {**NAMED, "text": "Other"}, CIAO, CIAO)
    first, again, other, *unnamed = told["items"]
    assert (again["task_id"], again["replayed"]) == (first["task_id"], True)
    assert other["problem"]["code"] == "error.key_used"
    assert other["problem"]["field"] == "client_message_id"
    assert len({one["task_id"] for one in unnamed}) == 2
    assert messages(place.house.db) == 3


async def test_the_whole_request_again_queues_nothing(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Under its key every message is known by its place; more of them are added, one
    with other words is refused."""
    said = [{**CIAO, "text": f"Ciao {n}"} for n in range(5)] + [NAMED]
    first = await many(program, *said, headers=KEY)
    again = await many(program, *said, headers=KEY)
    assert (first["header"], again["header"]) == (None, "true")
    tasks = [one["task_id"] for one in first["items"]]
    assert [one["task_id"] for one in again["items"]] == tasks
    assert again["replayed"] == 6
    said[2] = {**CIAO, "text": "Other"}
    more = await many(program, *said, CIAO, headers=KEY)
    assert more["items"][2]["problem"]["code"] == "error.key_used"
    assert (more["replayed"], more["queued"], more["header"]) == (5, 6, None)
    assert messages(place.house.db) == 7


async def test_one_sent_alone_is_known_in_a_bulk(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Names are one wedding's, by whichever door."""
    alone = (await program.post(SEND, json=NAMED)).json()
    (one,) = (await many(program, NAMED))["items"]
    assert (one["task_id"], one["replayed"]) == (alone["task_id"], True)
    assert messages(place.house.db) == 1


async def test_ten_thousand(place: Place, program: httpx.AsyncClient) -> None:
    """As many as are allowed, most of them wrong in one way or another: all answered,
    in order."""
    wrong = ({"priority": 9}, {"type": "image"}, {"text": ""}, {"nonsense": 1})
    said: list[dict[str, object]] = [
        {**CIAO, "text": f"Ciao {n}", **(wrong[n % 4] if n % 10 else {})}
        for n in range(sends.MOST)
    ]
    said[5] = {**CIAO, "to": PIA}
    told = await many(program, *said)
    good = list(range(0, sends.MOST, 10))
    items = told["items"]
    assert [one["index"] for one in items if not one["problem"]] == good
    assert {one["problem"]["field"] for one in items if one["problem"]} == {
        *("priority", "type", "text", "nonsense", None)
    }
    assert told["queued"] == messages(place.house.db) == len(good)
    tasks = place.house.db.read_now(
        lambda s: s.exec(
            select(QueueMessage.task_id, QueueMessage.text).order_by(sa.text("id"))
        ).all()
    )
    assert tasks == [(items[n]["task_id"], f"Ciao {n}") for n in good]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [CIAO] * (sends.MOST + 1)},
        {"messages": CIAO},
        {"messages": [CIAO], "more": 1},
        {},
        [],
    ],
    ids=["none", "too many", "no list", "unknown", "empty", "a list"],
)
async def test_what_is_no_bulk(
    place: Place, program: httpx.AsyncClient, body: object
) -> None:
    """Refused whole, and nothing is queued."""
    answer = await program.post(BULK, json=body)
    assert answer.status_code == 422, answer.text
    assert messages(place.house.db) == 0


async def test_its_bodies_may_be_large(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Far beyond the 100 kB of the other routes; above 10 MB it is not read on."""
    long = [{**CIAO, "text": "x" * 4000} for _ in range(60)]
    assert (await many(program, *long))["queued"] == 60
    answer = await program.post(BULK, content=b" " * 10_000_001)
    assert answer.status_code == 413
    answer = await program.post(SEND, json={**CIAO, "title": "x" * 150_000})
    assert answer.status_code == 413


async def test_a_long_key_leaves_room_for_the_numbers(
    program: httpx.AsyncClient,
) -> None:
    """200 characters at most; what is made of it fits a key."""
    for length, status in ((200, 202), (201, 422)):
        answer = await program.post(
            BULK,
            json={"messages": [CIAO]},
            headers={"Idempotency-Key": "k" * length},
        )
        assert answer.status_code == status, answer.text


async def test_what_the_database_refuses_hinders_no_other(
    any_database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of the database's own that struck a moment ago: that one alone is told."""
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom, CARLA)
    real = enqueue.row_of

    def late(
        wedding_id: int, way: Way, request: EnqueueRequest, now: datetime
    ) -> dict[str, Any]:
        row = real(wedding_id, way, request, now)
        return row | {"consent_id": 4711} if request.text == "2" else row

    for module in (enqueue, enqueue_many):
        monkeypatch.setattr(module, "row_of", late)
    asked = [EnqueueRequest(None, CARLA, str(n)) for n in range(5)]
    done = await sends.send_many(any_database, clock, couple.wedding, asked)
    refused = [isinstance(one, WeddingError) for one in done]
    assert refused == [False, False, True, False, False]
    texts = any_database.read_now(lambda s: list(s.exec(select(QueueMessage.text))))
    assert sorted(texts) == ["0", "1", "3", "4"]


async def test_where_the_database_goes_away_the_rest_is_told(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is safe by then is told with its id; nobody is left to guess which."""
    couple = make_couple(database)
    guest_wrote(database, couple.groom, CARLA)
    real, batches = database.write, []

    async def away(fn: Any, *args: Any, **more: Any) -> Any:
        batches.append(1)
        if len(batches) == 2:
            raise sa.exc.TimeoutError("no connection")
        return await real(fn, *args, **more)

    monkeypatch.setattr(database, "write", away)
    asked = [EnqueueRequest(None, CARLA, str(n)) for n in range(2 * sends.BATCH)]
    done = await sends.send_many(database, clock, couple.wedding, asked)
    assert len(done) == len(asked)
    assert all(isinstance(one, Enqueued) for one in done[: sends.BATCH])
    left = done[sends.BATCH :]
    assert {one.code for one in left if isinstance(one, Refused)} == {
        "error.database_busy"
    }
    count = select(func.count()).select_from(QueueMessage)
    assert database.read_now(lambda s: s.exec(count).one()) == sends.BATCH
    batches[:] = [1]
    with pytest.raises(sa.exc.TimeoutError):
        await sends.send_many(database, clock, couple.wedding, asked)
