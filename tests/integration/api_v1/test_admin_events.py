"""/api/admin/whatsapp-events: timelines, and what programs tell of a message."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlmodel import Session, select

from tests.builders import Couple, events_of, guest_wrote, message, put, write_guest
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.auth.conftest import EMAIL, anna  # noqa: F401
from tests.integration.inbound.test_refusals import everything
from tests.integration.queue.desk import Desk
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.messages import Phase
from wedding_wa.models import Membership
from wedding_wa.services import apikeys, queue, told
from wedding_wa.services.audit import Program
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history import situation
from wedding_wa.services.overview import overview
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_live import recent_phases
from wedding_wa.services.queue_timeline import message_detail
from wedding_wa.services.queue_views import queue_page
from wedding_wa.services.told import Told

EVENTS = "http://localhost:8000/api/admin/whatsapp-events"
FIELDS = {"id", "queue_message", "phase", "timestamp", "duration_ms", "metadata"}


@pytest.fixture
async def teller(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the right to tell, and no other."""
    async with place.program("control") as client:
        yield client


@pytest.fixture
def mine(place: Place) -> int:
    """A message that waits."""
    return put(place.house.db, place.mine.couple, to=CARLA).id


@pytest.mark.parametrize("slash", ["", "/"])
async def test_what_a_program_tells_is_one_marked_line(
    place: Place, teller: httpx.AsyncClient, mine: int, slash: str
) -> None:
    """The body as other programs send it; who told it is the key's name."""
    said = {
        "queue_message": mine,
        "phase": "read aloud",
        "duration_ms": 1200,
        "metadata": {"by whom": "Zia", "table": 7, "more": {"deep": [1, None]}},
    }
    answer = await teller.post(f"{EVENTS}{slash}", json=said)
    assert answer.status_code == 201
    (_, row) = events_of(place.house.db, mine)
    assert answer.json() == {
        "id": row.id,
        "queue_message": mine,
        "phase": "external",
        "timestamp": NOON.isoformat().replace("+00:00", "Z"),
        "duration_ms": 1200,
        "metadata": {"phase": "read aloud", "by": "program", **said["metadata"]},
    }
    assert (row.phase, row.data) == ("external", answer.json()["metadata"])


async def test_by_the_public_id_and_with_nothing_beside_it(
    place: Place, teller: httpx.AsyncClient
) -> None:
    """`task_id` names the message as well; time and metadata may be left out."""
    made = put(place.house.db, place.mine.couple, to=CARLA)
    said = {"queue_message": made.task_id, "phase": "printed"}
    answer = (await teller.post(EVENTS, json=said)).json()
    assert (answer["queue_message"], answer["duration_ms"]) == (made.id, None)
    assert answer["metadata"] == {"phase": "printed", "by": "program"}


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_timeline_reads_oldest_first_by_pages(
    place: Place, teller: httpx.AsyncClient, mine: int, slash: str
) -> None:
    """Of one message, by either name; with what programs told; by a cursor."""
    for phase in ("one", "two", "three"):
        await teller.post(EVENTS, json={"queue_message": mine, "phase": phase})
    put(place.house.db, place.mine.couple, to=CARLA)
    names = [mine, message(place.house.db, mine).task_id]
    async with place.program("read") as reader:
        for name in names:
            asked = {"queue_message": name, "limit": 3}
            first = (await reader.get(f"{EVENTS}{slash}", params=asked)).json()
            assert set(first) == {"items", "next"}
            assert {frozenset(one) for one in first["items"]} == {frozenset(FIELDS)}
            asked["after"] = first["next"]
            rest = (await reader.get(f"{EVENTS}{slash}", params=asked)).json()
            assert rest["next"] is None
            told_phases = [
                one["metadata"].get("phase", one["phase"])
                for one in [*first["items"], *rest["items"]]
            ]
            assert told_phases == ["queued", "one", "two", "three"]


async def test_all_timelines_in_one_list(place: Place, mine: int) -> None:
    """Without a message: all of the wedding's, and of no other."""
    put(place.house.db, place.theirs.couple, to=CARLA)
    second = put(place.house.db, place.mine.couple, to=CARLA).id
    async with place.program("read") as reader:
        found = (await reader.get(EVENTS)).json()
        assert [one["queue_message"] for one in found["items"]] == [mine, second]
        nonsense = await reader.get(EVENTS, params={"after": "x"})
        assert nonsense.status_code == 422


async def test_nothing_of_another_wedding(
    place: Place, teller: httpx.AsyncClient
) -> None:
    """404 as for what does not exist, and nothing is written."""
    theirs = put(place.house.db, place.theirs.couple, to=CARLA)
    before = everything(place.house.db)
    for name in (theirs.id, theirs.task_id, 99999):
        said = {"queue_message": name, "phase": "read"}
        answer = await teller.post(EVENTS, json=said)
        assert (answer.status_code, answer.json()["code"]) == (
            404,
            "error.message_not_found",
        )
    async with place.program("read") as reader:
        for name in (theirs.id, theirs.task_id, 99999):
            answer = await reader.get(EVENTS, params={"queue_message": name})
            assert answer.status_code == 404
    assert everything(place.house.db)["message_event"] == before["message_event"]


async def test_never_anonymous_and_only_with_its_right(place: Place, mine: int) -> None:
    """No key: 401. Reading and sending are not enough: 403 with the right's name."""
    said = {"queue_message": mine, "phase": "read"}
    async with place.program("read", "send") as client:
        answer = await client.post(EVENTS, json=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "error.scope")
        assert "control" in answer.json()["detail"]
        client.headers.pop("Authorization")
        assert (await client.post(EVENTS, json=said)).status_code == 401
        assert (await client.get(EVENTS)).status_code == 401
    async with place.program("control") as client:
        assert (await client.get(EVENTS)).status_code == 403
    assert len(events_of(place.house.db, mine)) == 1


def _deep(levels: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    "wrong",
    [
        {"phase": ""},
        {"phase": "x" * 61},
        {"phase": "line\nbreak"},
        {"phase": 7},
        {"duration_ms": -1},
        {"duration_ms": 2**31},
        {"duration_ms": 1.5},
        {"queue_message": 0},
        {"queue_message": 2**31},
        {"queue_message": "seven"},
        {"status": "sent"},
        {"metadata": []},
        {"metadata": {"phase": "sent"}},
        {"metadata": {"by": "somebody else"}},
        {"metadata": {"x": "a" * 4000}},
        {"metadata": _deep(6)},
        {"metadata": {"x": "\0"}},
        {"metadata": {"x": "\ud800"}},
        {"metadata": {"x": float("nan")}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_told(
    place: Place, teller: httpx.AsyncClient, mine: int, wrong: dict[str, object]
) -> None:
    """Bounded in every direction; who told it cannot be made up."""
    said = {"queue_message": mine, "phase": "read", **wrong}
    answer = await teller.post(
        EVENTS, content=json.dumps(said), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert len(events_of(place.house.db, mine)) == 1


async def test_the_most_that_fits(
    place: Place, teller: httpx.AsyncClient, mine: int
) -> None:
    """The bounds themselves are allowed; a message has room for so many and no more,
    so that its own phases stay on its page."""
    said = {"queue_message": mine, "phase": "read", "metadata": _deep(5)}
    assert (await teller.post(EVENTS, json=said)).status_code == 201
    said["metadata"] = {"x": "a" * (told.MAX_BYTES - len('{"x": ""}'))}
    assert (await teller.post(EVENTS, json=said)).status_code == 201
    said["metadata"] = {}
    for _ in range(told.MOST - 2):
        assert (await teller.post(EVENTS, json=said)).status_code == 201
    full = await teller.post(EVENTS, json=said)
    assert (full.status_code, full.json()["code"]) == (409, "programs.told_enough")
    detail = place.house.db.read_now(
        message_detail, place.mine.couple.wedding, mine, now=NOON
    )
    assert detail is not None
    assert detail.events[0].phase == "queued"


async def test_a_person_is_named_as_well(
    place: Place,
    anna: httpx.AsyncClient,  # noqa: F811
) -> None:
    """From the app's own pages it is told in the name of who is logged in."""
    made = put(place.house.db, _of_anna(place.house.db), to=CARLA)
    said = {"queue_message": made.id, "phase": "printed"}
    answer = await anna.post("/api/admin/whatsapp-events", json=said)
    assert answer.status_code == 201, answer.text
    assert answer.json()["metadata"]["by"] == EMAIL


def _of_anna(database: Database) -> Couple:
    """The wedding that the setup made, to whose groom Carla wrote."""

    def look(session: Session) -> Couple:
        wedding = session.exec(select(Membership.wedding_id)).one()
        groom, bride = (account_id_of(session, wedding, k) for k in ("groom", "bride"))
        write_guest(session, groom, CARLA)
        return Couple(wedding, groom, bride)

    return database.write_now(look)


# --- external events change nothing ---------------------------------------------------


def _as_decided(desk: Desk) -> dict[str, object]:
    """All that rules and pages make of the database, beside the timelines."""
    db, wedding = desk.db, desk.couple.wedding
    rows = everything(db)
    for written in ("message_event", "stream_entry"):
        del rows[written]
    at = db.read_now(situation, desk.couple.groom)
    page = db.read_now(queue_page, wedding, Wish(), now=desk.now)
    details = [
        db.read_now(message_detail, wedding, row.id, now=desk.now) for row in page.rows
    ]
    return {
        "rows": rows,
        "situation": at,
        "page": page,
        "able": [
            (one.state, one.tries, one.can_edit, one.can_retry, one.can_cancel)
            for one in details
            if one is not None
        ],
        "recent": db.read_now(recent_phases, wedding, now=desk.now),
        "overview": db.read_now(overview, wedding, now=desk.now),
    }


GUESTS = [f"+39334999888{n}" for n in range(6)]


def _tell_lies(desk: Desk, ids: list[int]) -> None:
    """Every phase there is, of each of these messages; and nothing is another."""
    wedding = desk.couple.wedding
    key = desk.db.write_now(
        apikeys.create_key,
        wedding_id=wedding,
        name="liar",
        scopes=("control",),
        now=desk.now,
    )
    found = desk.db.read_now(apikeys.holder, key, desk.now)
    assert found is not None
    liar = Program(found.key_id)

    def lie(session: Session) -> None:
        for one in ids:
            for phase in Phase:
                said = Told(phase.value, duration_ms=5)
                told.tell(session, wedding, one, said, by=liar, now=desk.now)

    before = _as_decided(desk)
    desk.db.write_now(lie)
    assert _as_decided(desk) == before


def _through_a_life(desk: Desk, lie: Callable[[Desk, list[int]], None]) -> object:
    """Messages in every state, and lies about them; what became of them in the end."""
    for guest in GUESTS:
        guest_wrote(desk.db, desk.couple.groom, guest)
    ids = [desk.put(to=guest) for guest in GUESTS]
    lie(desk, ids[:1])
    sent = desk.claim()
    lie(desk, [sent.message_id])  # in hand
    desk.mark(sent)
    lie(desk, [sent.message_id])  # on its way
    desk.sent(sent)
    desk.retry(desk.claim())
    doubtful = desk.claim()
    desk.mark(doubtful)
    desk.unconfirmed(doubtful)
    desk.failed(desk.claim())
    desk.ack(sent.message_id, 3)
    lie(desk, ids)
    desk.later(120)
    went = len(desk.order())
    again = desk.db.write_now(queue.retry_failed, desk.couple.wedding, now=desk.now)
    lie(desk, ids[-2:])
    went += len(desk.order())
    rows = [message(desk.db, one) for one in ids]
    ends = [(row.status, row.attempt, row.failures, row.ack) for row in rows]
    return went, again, ends


def test_what_programs_tell_changes_nothing(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that tells every phase there is, of messages in every state: statuses,
    counters, limits, retries, badges and what goes next are as if it had said nothing.
    """
    monkeypatch.setattr(told, "MOST", 1000)
    honest = _through_a_life(Desk.of(any_database), lambda desk, ids: None)
    assert honest == _through_a_life(Desk.of(any_database), _tell_lies)
    assert honest[:2] == (4, 1)  # type: ignore[index]


def test_metadata_is_checked_where_it_is_kept() -> None:
    """The service refuses by itself what a door might let through."""
    for wrong in ({"by": "x"}, _deep(6), {"x": "é" * 2000}, {"x": float("inf")}):
        with pytest.raises(BadInput) as refused:
            told.checked(wrong)
        assert refused.value.field == "metadata"
    assert told.checked({"x": [1, {"y": None}]}) == {"x": [1, {"y": None}]}
