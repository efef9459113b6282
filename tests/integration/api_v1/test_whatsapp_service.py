"""/api/whatsapp-service: the paths and bodies that the couple's programs know."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from tests import accounts as see
from tests.builders import message, phases_of
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, PIA, UGO, Place
from wedding_wa.models import QueueMessage

ROOT = "http://localhost:8000/api/whatsapp-service"


def queued(place: Place) -> list[QueueMessage]:
    return place.house.db.read_now(
        lambda s: list(s.exec(select(QueueMessage).order_by(QueueMessage.id)).all())
    )


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("queue_id", "name"), [(17, "17"), ("rsvp-17", "rsvp-17"), (None, None)]
)
async def test_a_message_goes_into_the_queue(
    place: Place,
    sending: httpx.AsyncClient,
    slash: str,
    queue_id: object,
    name: str | None,
) -> None:
    """Their body; queued like the rest; their id is the message's client_message_id."""
    said = {"phone": "333 111 2222", "message": "Ciao!", "queue_id": queue_id}
    answer = await sending.post(f"{ROOT}/groom/send{slash}", json=said)
    assert answer.status_code == 202
    (row,) = queued(place)
    assert answer.json() == {
        "message": "Queued. It goes out when its turn comes.",
        "task_id": row.task_id,
        "session": "groom",
        "to": "333 111 2222",
        "queue_id": queue_id,
        "status": "queued",
    }
    assert (row.phone, row.text, row.client_message_id) == (CARLA, "Ciao!", name)
    assert (row.account_id, row.kind) == (place.mine.couple.groom, "message")
    assert phases_of(place.house.db, row.id or 0) == ["queued"]


async def test_asked_again_it_is_the_same_message(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """Also many times at once, and all but the first are told that it was there;
    another text under the same id is refused."""
    said = {"phone": CARLA, "message": "Ciao!", "queue_id": 17}
    asked = [sending.post(f"{ROOT}/groom/send", json=said) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {202}
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None", *["true"] * 19]
    (row,) = queued(place)
    assert {answer.json()["task_id"] for answer in answers} == {row.task_id}
    said["message"] = "Arrivederci!"
    other = await sending.post(f"{ROOT}/groom/send", json=said)
    assert (other.status_code, other.json()["code"]) == (422, "error.key_used")
    assert "queue_id" in other.text
    assert len(queued(place)) == 1


async def test_who_has_not_written_to_this_number(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """409 with the link of the number that was named; who wants none: 409 as well."""
    said = {"phone": CARLA, "message": "Ciao!"}
    cold = await sending.post(f"{ROOT}/bride/send", json=said)
    assert (cold.status_code, cold.json()["code"]) == (409, "error.no_consent")
    assert cold.json()["link"] == "https://wa.me/393470000002"
    said["phone"] = PIA
    assert (await sending.post(f"{ROOT}/groom/send", json=said)).status_code == 409
    said["phone"] = UGO
    unwilling = await sending.post(f"{ROOT}/bride/send", json=said)
    assert (unwilling.status_code, unwilling.json()["code"]) == (
        409,
        "error.opted_out",
    )
    assert queued(place) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"phone": "x" * 256}, "phone"),
        ({"phone": 393331112222}, "phone"),
        ({"message": ""}, "message"),
        ({"message": " \u200b "}, "message"),
        ({"message": "x" * 4097}, "message"),
        ({"queue_id": -1}, "queue_id"),
        ({"queue_id": 1.5}, "queue_id"),
        ({"queue_id": ""}, "queue_id"),
        ({"queue_id": 2**53}, "queue_id"),
        ({"priority": 1}, "priority"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_is_wrong_is_told_by_their_names(
    place: Place, sending: httpx.AsyncClient, wrong: dict[str, object], field: str
) -> None:
    """The fields as they call them, not as ours are called."""
    said = {"phone": CARLA, "message": "Ciao!", **wrong}
    answer = await sending.post(f"{ROOT}/groom/send", json=said)
    assert answer.status_code == 422, answer.text
    assert field in answer.text
    assert queued(place) == []


async def test_a_session_that_is_none(sending: httpx.AsyncClient) -> None:
    """groom or bride."""
    said = {"phone": CARLA, "message": "Ciao!"}
    answer = await sending.post(f"{ROOT}/default/send", json=said)
    assert answer.status_code == 422
    assert "session" in answer.text


@pytest.mark.parametrize("slash", ["", "/"])
async def test_health_by_session(place: Place, slash: str) -> None:
    """Each number, and whether somebody sends for all that have a WAHA."""
    db, couple = place.house.db, place.mine.couple
    later = NOON + timedelta(seconds=20)
    for account_id in (couple.groom, couple.bride):
        see.update(db, account_id, waha_url="http://waha", lease_until=later)
    async with place.program("read") as client:
        answer = await client.get(f"{ROOT}/health{slash}")
        told = answer.json()
        session = {
            "status": "WORKING",
            "ready": True,
            "since": None,
            "last_heard_at": told["sessions"]["groom"]["last_heard_at"],
            "paused": False,
            "worker": True,
        }
        assert told["sessions"]["groom"] == session
        assert set(told) == {"status", "sessions", "worker"}
        assert list(told["sessions"]) == ["groom", "bride"]
        assert (told["status"], told["worker"]) == ("ok", {"alive": True})

        see.update(db, couple.bride, status="SCAN_QR_CODE")
        told = (await client.get(f"{ROOT}/health")).json()
        assert (told["status"], told["worker"]) == ("degraded", {"alive": True})
        assert told["sessions"]["bride"]["ready"] is False

        see.update(db, couple.bride, status="WORKING", lease_until=NOON)
        told = (await client.get(f"{ROOT}/health")).json()
        assert (told["status"], told["worker"]) == ("degraded", {"alive": False})

        see.update(db, couple.bride, waha_url="")
        told = (await client.get(f"{ROOT}/health")).json()
        assert told["status"] == "ok"
        assert told["sessions"]["bride"]["status"] == "NOT_CONFIGURED"
    async with place.program("read", made=place.theirs) as client:
        told = (await client.get(f"{ROOT}/health")).json()
        assert (told["status"], told["worker"]) == ("degraded", {"alive": False})


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_stream_is_elsewhere(place: Place, slash: str) -> None:
    """410, and where to look instead."""
    async with place.program("read") as client:
        answer = await client.get(f"{ROOT}/events{slash}")
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["link"] == "/ws/whatsapp"
    assert "/ws/whatsapp" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/groom/send", "send"),
        ("GET", "/health", "read"),
        ("GET", "/events", "read"),
    ],
)
async def test_each_route_asks_for_its_right(
    place: Place, method: str, path: str, right: str
) -> None:
    """403 names what is missing, 401 without a key."""
    said = {"phone": CARLA, "message": "Ciao!"} if method == "POST" else None
    async with place.program(*({"read", "send", "control"} - {right})) as client:
        answer = await client.request(method, f"{ROOT}{path}", json=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "error.scope")
        client.headers.pop("Authorization")
        nobody = await client.request(method, f"{ROOT}{path}", json=said)
        assert nobody.status_code == 401
    assert queued(place) == []


async def test_another_weddings_guests_stay_theirs(place: Place) -> None:
    """The same number, the same id: a message in each wedding, neither knows the
    other's."""
    said = {"phone": CARLA, "message": "Ciao!", "queue_id": 17}
    for made in (place.mine, place.theirs):
        async with place.program("send", made=made) as client:
            answer = await client.post(f"{ROOT}/groom/send", json=said)
            assert answer.status_code == 202
    rows = queued(place)
    assert [row.wedding_id for row in rows] == [
        place.mine.couple.wedding,
        place.theirs.couple.wedding,
    ]
    assert {message(place.house.db, row.id or 0).client_message_id for row in rows} == {
        "17"
    }
