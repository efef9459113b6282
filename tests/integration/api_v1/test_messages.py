"""Programs follow their messages, and do with one what the pages let people do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from tests.builders import guest_wrote, make_couple, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.maintenance.past import ended, tried
from wedding_wa.api.v1 import messages as door
from wedding_wa.db import Database
from wedding_wa.domain.messages import Outcome
from wedding_wa.models import MessageEvent, QueueMessage
from wedding_wa.services import attempt_records, message_records
from wedding_wa.services.attempt_records import WhichTries
from wedding_wa.services.message_records import Deed
from wedding_wa.services.retention_messages import put_failed_away

MESSAGES = "/whatsapp/messages"
FIELDS = {
    *("id", "task_id", "client_message_id", "account", "to", "name", "kind"),
    *("category", "title", "text", "priority", "status", "bucket", "ack"),
    *("ack_error_at", "hold_rule", "held_at", "skip_reason", "error_code", "attempt"),
    *("failures", "max_attempts", "due_at", "expires_at", "created_at"),
    *("dispatched_at", "finished_at", "provider_message_id", "settled_by"),
    "archived_at",
}
TRY = {
    *("attempt", "outcome", "started_at", "dispatched_at", "finished_at"),
    *("http_status", "error_code", "took_ms"),
}


def row(db: Database, message_id: int) -> QueueMessage:
    return db.read_now(Session.get_one, QueueMessage, message_id)


def queued(place: Place, **more: Any) -> str:
    """A message to Carla; its task_id."""
    return put(
        place.house.db, place.mine.couple, to=CARLA, account=None, **more
    ).task_id


def over(place: Place, status: str, **columns: Any) -> str:
    """A message that got into `status`; its task_id."""
    made = ended(
        place.house.db,
        place.mine.couple,
        status,
        9,
        account=None,
        to=CARLA,
        columns=columns,
    )
    return row(place.house.db, made).task_id


async def test_one_message_whole(place: Place, program: httpx.AsyncClient) -> None:
    """Its columns by the table's names, its timeline, its tries."""
    task = over(place, "failed", error_code="error.waha.not_sent")
    listed = (await program.get(MESSAGES)).json()["items"][0]
    tried(place.house.db, listed["id"], 9, outcome="not_sent", http_status=500)
    answer = await program.get(f"{MESSAGES}/{task}/")
    told = answer.json()
    assert (answer.status_code, set(told)) == (200, FIELDS | {"events", "attempts"})
    assert (told["task_id"], told["status"]) == (task, "failed")
    assert (told["to"], told["account"], told["name"]) == (CARLA, "groom", "Zia Carla")
    assert told["error_code"] == "error.waha.not_sent"
    (event,) = told["events"]
    assert set(event) == {"id", "phase", "timestamp", "duration_ms", "metadata"}
    assert event["phase"] == "queued"
    (attempt,) = told["attempts"]
    assert set(attempt) == TRY
    assert (attempt["outcome"], attempt["http_status"]) == ("not_sent", 500)
    assert set(listed) == FIELDS
    assert {k: told[k] for k in FIELDS} == listed


async def test_of_many_lines_the_newest_are_told(
    place: Place, program: httpx.AsyncClient
) -> None:
    """A message that was retried for days fits an answer all the same."""
    task = queued(place)
    number = (await program.get(MESSAGES)).json()["items"][0]["id"]

    def write(session: Session) -> None:
        for n in range(message_records.EVENTS + 5):
            session.add(
                MessageEvent(
                    wedding_id=place.mine.couple.wedding,
                    message_id=number,
                    attempt=n,
                    phase="held",
                    at=NOON,
                )
            )

    place.house.db.write_now(write)
    events = (await program.get(f"{MESSAGES}/{task}")).json()["events"]
    assert len(events) == message_records.EVENTS
    assert [one["id"] for one in events] == sorted(one["id"] for one in events)
    assert events[0]["phase"] == "held"


@pytest.mark.parametrize("whole", [True, False])
async def test_an_archived_one_answers(
    place: Place, program: httpx.AsyncClient, whole: bool
) -> None:
    """Whole with its timeline and tries, or only how it ended; orders come too late."""
    task = over(place, "failed", client_message_id="a")
    before = (await program.get(f"{MESSAGES}/{task}")).json()
    tried(place.house.db, before["id"], 9, outcome="refused")
    wedding, cutoff = place.mine.couple.wedding, NOON - timedelta(days=7)
    db = place.house.db
    assert await put_failed_away(db, wedding, cutoff, whole=whole, now=NOON) == 1
    told = (await program.get(f"{MESSAGES}/{task}")).json()
    assert told["archived_at"] == NOON.isoformat().replace("+00:00", "Z")
    assert set(told) == set(before)
    known = ("id", "task_id", "client_message_id", "account", "status")
    assert [told[k] for k in known] == [before[k] for k in known]
    if whole:
        same = ("to", "text", "name", "priority", "created_at", "events", "kind")
        assert [told[k] for k in same] == [before[k] for k in same]
        assert [one["outcome"] for one in told["attempts"]] == ["refused"]
    else:
        assert (told["text"], told["to"], told["events"]) == (None, None, [])
    for order in ("retry", "send-now"):
        answer = await program.post(f"{MESSAGES}/{task}/{order}")
        assert (answer.status_code, answer.json()["code"]) == (409, "error.conflict")
    tries = await program.get("/attempts", params={"message": task})
    assert (tries.status_code, tries.json()["items"]) == (200, [])


async def test_before_it_goes(place: Place, program: httpx.AsyncClient) -> None:
    """Changed, set aside, let go, sent first, cancelled: each answers how it stands.
    Ordered again it is the same answer and no line more; once it is over, other orders
    come too late."""
    path = f"{MESSAGES}/{queued(place)}"
    changed = await program.patch(path, json={"text": "Other", "priority": 1})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["text"], changed.json()["priority"]) == ("Other", 1)
    assert (await program.patch(path, json={})).json() == changed.json()
    held = await program.post(f"{path}/hold")
    assert (held.json()["hold_rule"], held.json()["bucket"]) == ("by_hand", "held")
    assert held.json()["held_at"] is not None
    assert (await program.post(f"{path}/hold")).json() == held.json()
    freed = await program.post(f"{path}/release")
    assert (freed.json()["held_at"], freed.json()["bucket"]) == (None, "waiting")
    for same in ("release", "retry"):
        assert (await program.post(f"{path}/{same}")).json() == freed.json()
    first = await program.post(f"{path}/send-now")
    assert (await program.post(f"{path}/send-now")).json() == first.json()
    assert first.status_code == 200
    gone = await program.delete(path)
    told = gone.json()
    assert (gone.status_code, told["status"]) == (200, "skipped")
    assert told["skip_reason"] == "cancelled"
    assert (await program.delete(path)).json() == told
    for late in (
        program.post(f"{path}/hold"),
        program.post(f"{path}/send-now"),
        program.patch(path, json={"text": "Too late"}),
        program.patch(path, json={"priority": 4}),
    ):
        answer = await late
        assert (answer.status_code, answer.json()["code"]) == (409, "error.conflict")
    phases = [one["phase"] for one in (await program.get(path)).json()["events"]]
    assert phases == [
        "queued",
        *("edited", "reordered", "held", "released", "forced"),
        *("cancelled", "skipped"),
    ]


async def test_a_change_is_made_whole_or_not(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Where one part is refused the other is not kept."""
    made = put(place.house.db, place.mine.couple, to=CARLA, account=None)
    path = f"{MESSAGES}/{made.task_id}"
    for wrong in ({"text": "\u200b", "priority": 1}, {"text": "x", "priority": 9}):
        assert (await program.patch(path, json=wrong)).status_code == 422
    kept = row(place.house.db, made.id)
    assert (kept.priority, kept.text) == (3, "Cara zia, ti aspettiamo!")


async def test_a_failed_one_again(place: Place, program: httpx.AsyncClient) -> None:
    """Once more with all its tries, but never what WhatsApp refused for good."""
    path = f"{MESSAGES}/{over(place, 'failed', error_code='error.waha.not_sent')}"
    again = await program.post(f"{path}/retry")
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    assert (await program.post(f"{path}/retry")).json() == again.json()
    refused = over(place, "failed", error_code="error.waha.message_refused")
    answer = await program.post(f"{MESSAGES}/{refused}/retry")
    assert answer.status_code == 409


async def test_one_in_doubt(place: Place, program: httpx.AsyncClient) -> None:
    """Somebody has looked: it went, or it did not; of a message in no doubt 409."""
    went = over(place, "unconfirmed", provider_message_id="true_1@c.us_3A")
    sent = await program.post(f"{MESSAGES}/{went}/declare-sent")
    assert (sent.status_code, sent.json()["status"]) == (200, "sent"), sent.text
    assert sent.json()["settled_by"] == "person"
    lost = over(place, "unconfirmed")
    again = await program.post(f"{MESSAGES}/{lost}/send-again")
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    for order in ("declare-sent", "send-again"):
        answer = await program.post(f"{MESSAGES}/{went}/{order}")
        told = answer.json()
        assert (answer.status_code, told["code"]) == (409, "unconfirmed.conflict")


async def test_the_list_and_its_filters(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Newest first; each filter alone and together, and what means nothing is told."""
    one = queued(place, text="Bus at five", category="reminder", kind="notification")
    two = over(place, "sent", ack=3)
    three = over(place, "failed")

    async def found(**asked: str) -> list[str]:
        answer = await program.get(MESSAGES, params=asked)
        assert answer.status_code == 200, answer.text
        return [one["task_id"] for one in answer.json()["items"]]

    assert await found() == [three, two, one]
    assert await found(status="sent") == [two]
    assert await found(status="pending", category="reminder") == [one]
    assert await found(kind="notification") == [one]
    assert await found(to="333 111 2222") == [three, two, one]
    assert await found(to="+39 333 444 5555") == []
    assert await found(account="groom", status="failed") == [three]
    assert await found(account="bride") == []
    assert await found(q="bus AT") == [one]
    assert await found(q="zia carla", status="sent") == [two]
    for asked in ({"status": "gone"}, {"to": "nobody"}, {"after": "x"}, {"zap": "1"}):
        answer = await program.get(MESSAGES, params=asked)
        assert answer.status_code == 422, asked
    answer = await program.get(MESSAGES, params={"to": "household:NOPE"})
    assert answer.status_code == 404


async def test_pages(
    place: Place, program: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`next` leads on until it is null; every message is met once."""
    monkeypatch.setattr(door, "PAGE", 4)
    tasks = [queued(place, text=f"{n}") for n in range(10)]
    met, after = [], ""
    while True:
        page = (await program.get(MESSAGES, params={"after": after})).json()
        assert len(page["items"]) <= 4
        met += [one["task_id"] for one in page["items"]]
        if not (after := page["next"] or ""):
            break
    assert met == tasks[::-1]


async def test_attempts(place: Place, program: httpx.AsyncClient) -> None:
    """Every try, newest first, by message, account and outcome."""
    tasks = [over(place, "failed"), over(place, "failed")]
    numbers = [one["id"] for one in (await program.get(MESSAGES)).json()["items"]]
    tried(place.house.db, numbers[1], 9, outcome="not_sent")
    tried(place.house.db, numbers[0], 8, outcome="refused", took_ms=7, counts=True)

    async def found(**asked: str) -> list[dict[str, Any]]:
        answer = await program.get("/attempts", params=asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    every = await found()
    assert [one["task_id"] for one in every] == tasks[::-1]
    assert set(every[0]) == TRY | {
        *("id", "message_id", "task_id", "account", "chat_id", "counts")
    }
    assert (every[0]["account"], every[0]["took_ms"]) == ("groom", 7)
    assert await found(message=tasks[0]) == every[1:]
    assert await found(outcome="refused") == every[:1]
    assert await found(account="groom") == every
    assert await found(account="bride") == []
    answer = await program.get("/attempts", params={"message": "no-such"})
    assert answer.status_code == 404
    for asked in ({"outcome": "?"}, {"after": "x"}, {"account": "x"}):
        answer = await program.get("/attempts", params=asked)
        assert answer.status_code == 422


ORDERS = [
    ("GET", ""),
    ("DELETE", ""),
    ("PATCH", ""),
    *(("POST", f"/{deed}") for deed in Deed if deed is not Deed.CANCEL),
]


@pytest.mark.parametrize(("method", "order"), ORDERS, ids=" ".join)
async def test_anothers_message_is_not_there(
    place: Place, program: httpx.AsyncClient, method: str, order: str
) -> None:
    """As one that never was, on every route; and it stays as it is. Nor do its tries
    and its list reach over."""
    theirs = put(place.house.db, place.theirs.couple, to=CARLA, account=None)
    before = row(place.house.db, theirs.id)
    body = {"text": "Mine"} if method == "PATCH" else None
    for task in (theirs.task_id, "nothing", f"{theirs.id}", "0" * 36):
        path = f"{MESSAGES}/{task}{order}"
        answer = await program.request(method, path, json=body)
        assert answer.status_code == 404, answer.text
    assert row(place.house.db, theirs.id) == before
    tries = await program.get("/attempts", params={"message": theirs.task_id})
    assert tries.status_code == 404
    assert (await program.get(MESSAGES)).json()["items"] == []


def test_tries_on_every_database(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages by key, also where a filter finds little among what is looked at."""
    monkeypatch.setattr(attempt_records, "PAGE", 2)
    monkeypatch.setattr(attempt_records, "REACH", 4)
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom, at=NOON - timedelta(days=20))
    number = ended(any_database, couple, "failed", 9)
    for n in range(1, 10):
        outcome = "refused" if n == 1 else "not_sent"
        tried(any_database, number, 9, attempt=n, outcome=outcome)
    for which, wanted in (
        (WhichTries(), list(range(9, 0, -1))),
        (WhichTries(outcome=Outcome.REFUSED), [1]),
        (WhichTries(account="groom", outcome=Outcome.NOT_SENT), list(range(9, 1, -1))),
        (WhichTries(account="bride"), []),
    ):
        met: list[int] = []
        after, pages = "", 0
        while pages == 0 or after:
            rows, after = any_database.read_now(
                attempt_records.attempt_records, couple.wedding, which, after
            )
            met += [one["attempt"] for one in rows]
            pages += 1
            assert pages < 20
        assert met == wanted
