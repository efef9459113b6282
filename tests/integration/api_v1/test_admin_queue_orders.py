"""/api/admin/whatsapp-queue: what it can be told to do."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.builders import events_of, guest_wrote, message, put
from tests.fakes import NOON
from tests.integration.api_v1.admin_queue import (
    FIELDS,
    QUEUE,
    as_json,
    failed,
    queued,
    set_row,
)
from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.inbound.test_refusals import everything
from wedding_wa.services.queue_bulk import Order, Progress, What
from wedding_wa.services.queue_runs import Run


@pytest.mark.parametrize("path", [f"{QUEUE}/retry-failed", f"{QUEUE}/retry-failed/"])
@pytest.mark.parametrize("body", [None, {}, {"account": None}])
async def test_retry_failed_does_what_the_button_does(
    place: Place, sending: httpx.AsyncClient, path: str, body: object
) -> None:
    """All that failed waits again with all its tries; what was refused for good, and
    another wedding's, stays. It answers how many."""
    again = [failed(place, place.mine, "error.waha.not_sent") for _ in range(2)]
    refused = failed(place, place.mine, "error.waha.message_refused")
    other = failed(place, place.theirs, "error.waha.not_sent")
    answer = await sending.post(path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()) == (200, {"retried": 2, "left": 0})
    for one in again:
        row = message(place.house.db, one)
        assert (row.status, row.failures) == ("pending", 0)
        (*_, last) = events_of(place.house.db, one)
        assert (last.phase, last.data) == ("retry_scheduled", {"by": "person"})
    assert message(place.house.db, refused).status == "failed"
    assert message(place.house.db, other).status == "failed"
    answer = await sending.post(path)
    assert (answer.status_code, answer.json()) == (200, {"retried": 0, "left": 0})


async def test_retry_failed_of_one_account(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """The other number's stay as they are."""
    guest_wrote(place.house.db, place.mine.couple.bride, CARLA)
    groom = failed(place, place.mine, "error.waha.not_sent")
    bride = failed(place, place.mine, "error.waha.not_sent", account="bride")
    answer = await sending.post(f"{QUEUE}/retry-failed", json={"account": "bride"})
    assert answer.json() == {"retried": 1, "left": 0}
    states = [message(place.house.db, one).status for one in (groom, bride)]
    assert states == ["failed", "pending"]
    strange = await sending.post(f"{QUEUE}/retry-failed", json={"accounts": "bride"})
    assert strange.status_code == 422


async def test_retry_failed_waits_for_no_other_order(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """While a page carries out an order for many, 409: two would only surprise."""
    failed(place, place.mine, "error.waha.not_sent")
    wedding = place.mine.couple.wedding
    runs = place.house.runtime.runs
    runs._of[wedding] = Run(Order(What.RETRY, wedding), Progress(0, 0, 1))
    answer = await sending.post(f"{QUEUE}/retry-failed")
    assert (answer.status_code, answer.json()["code"]) == (409, "queue.run.busy")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("by", ["id", "task_id"])
async def test_force_send_puts_one_first(
    place: Place, sending: httpx.AsyncClient, by: str, slash: str
) -> None:
    """By the row's number or the public id; the answer is the row as it stands."""
    made = put(place.house.db, place.mine.couple, to=CARLA, priority=5)
    answer = await sending.post(f"{QUEUE}/{getattr(made, by)}/force-send{slash}")
    assert answer.status_code == 202
    row = answer.json()
    assert set(row) == FIELDS
    assert (row["id"], row["status"]) == (made.id, "pending")
    assert row["forced_at"] == as_json(NOON)
    assert [event["phase"] for event in row["events"]] == ["queued", "forced"]
    again = await sending.post(f"{QUEUE}/{getattr(made, by)}/force-send{slash}")
    assert (again.status_code, again.json()) == (202, row)


async def test_force_send_ends_a_wait_that_came_after_the_first(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """A try failed meanwhile and it waits for the next: ordered again it goes now."""
    one = queued(place, place.mine)
    later = NOON + timedelta(minutes=5)
    set_row(place.house.db, one, forced_at=NOON, due_at=later, failures=1)
    answer = await sending.post(f"{QUEUE}/{one}/force-send")
    assert (answer.status_code, answer.json()["due_at"]) == (202, as_json(NOON))


async def test_force_send_gives_a_failed_one_another_try(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """Not where it was refused for good, nor where it is over: 409."""
    one = failed(place, place.mine, "error.waha.not_sent")
    answer = await sending.post(f"{QUEUE}/{one}/force-send")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    never = failed(place, place.mine, "error.waha.message_refused")
    sent = queued(place, place.mine)
    set_row(place.house.db, sent, status="sent")
    for number in (never, sent):
        answer = await sending.post(f"{QUEUE}/{number}/force-send")
        assert (answer.status_code, answer.json()["code"]) == (409, "error.conflict")


async def test_force_send_reaches_no_other_wedding(
    place: Place, sending: httpx.AsyncClient
) -> None:
    """404, as for what does not exist; and nothing changes."""
    theirs = put(place.house.db, place.theirs.couple, to=CARLA)
    before = everything(place.house.db)
    nobody = "00000000-0000-4000-8000-000000000000"
    for name in (theirs.id, theirs.task_id, 99999, 9_999_999_999, nobody):
        answer = await sending.post(f"{QUEUE}/{name}/force-send")
        assert answer.status_code == 404, name
        assert answer.json()["code"] == "error.message_not_found"
    assert (await sending.post(f"{QUEUE}/abc/force-send")).status_code == 422
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
