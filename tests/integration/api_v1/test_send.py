"""Programs queue messages: the answer, asked again, refused, and never twice."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session, func, select

from tests.builders import guest_wrote, phases_of
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, PIA, UGO, Place
from tests.integration.bad_input.texts import VERBATIM
from tests.integration.maintenance.past import ended
from wedding_wa.db import Database
from wedding_wa.models import Account, Household, QueueMessage
from wedding_wa.services.retention_messages import put_failed_away

SEND = "/whatsapp/send"
CIAO = {"to": CARLA, "text": "Ciao!"}
NAMED = {**CIAO, "client_message_id": "invitation-7"}
REPLAYED = "Idempotency-Replayed"


def messages(database: Database) -> int:
    count = select(func.count()).select_from(QueueMessage)
    return database.read_now(lambda s: s.exec(count).one())


def the_message(place: Place, task_id: str) -> QueueMessage:
    one = select(QueueMessage).where(QueueMessage.task_id == task_id)
    return place.house.db.read_now(lambda s: s.exec(one).one())


async def test_the_answer(place: Place, program: httpx.AsyncClient) -> None:
    """202 at once, with these members and no others; it waits in the queue."""
    answer = await program.post(f"{SEND}/", json=NAMED)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told == {
        "message": "Queued. It goes out when its turn comes.",
        "task_id": str(uuid.UUID(told["task_id"])),
        "to": CARLA,
        "client_message_id": "invitation-7",
        "status": "queued",
    }
    row = the_message(place, told["task_id"])
    assert (row.status, row.text, row.phone) == ("pending", "Ciao!", CARLA)
    assert (row.client_message_id, row.created_by) == ("invitation-7", None)
    assert phases_of(place.house.db, row.id or 0) == ["queued"]
    assert REPLAYED not in answer.headers


async def test_every_field_is_kept(place: Place, program: httpx.AsyncClient) -> None:
    """As the queue has them; a time without an offset is the wedding's own."""
    asked = {
        **NAMED,
        "type": "text",
        "account": "groom",
        "kind": "notification",
        "category": "reminder",
        "title": "Bus",
        "priority": 2,
        "max_attempts": 7,
        "scheduled_at": "2026-06-21T12:00",
        "expires_at": "2026-06-21T18:00:00+02:00",
    }
    answer = await program.post(SEND, json=asked)
    assert answer.status_code == 202, answer.text
    row = the_message(place, answer.json()["task_id"])
    assert row.account_id == place.mine.couple.groom
    kept = (row.kind, row.category, row.title, row.priority, row.max_attempts)
    assert kept == ("notification", "reminder", "Bus", 2, 7)
    assert row.due_at == NOON + timedelta(hours=22)
    assert row.expires_at == NOON + timedelta(hours=28)


async def test_nulls_are_as_if_left_out(
    place: Place, program: httpx.AsyncClient
) -> None:
    """A program may send every field of the document."""
    names = ("client_message_id", "account", "kind", "category", "title", "priority")
    more = ("max_attempts", "scheduled_at", "expires_at")
    answer = await program.post(SEND, json={**CIAO, **dict.fromkeys(names + more)})
    assert answer.status_code == 202, answer.text
    assert the_message(place, answer.json()["task_id"]).priority == 3


async def test_it_goes_from_where_they_wrote_last(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Without an account the number this chat last wrote to; a named one is kept to."""
    later = NOON + timedelta(hours=1)
    guest_wrote(place.house.db, place.mine.couple.bride, CARLA, at=later)
    for account, number in ((None, "bride"), ("groom", "groom"), ("bride", "bride")):
        answer = await program.post(SEND, json={**CIAO, "account": account})
        row = the_message(place, answer.json()["task_id"])
        assert row.account_id == getattr(place.mine.couple, number)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (NAMED, {}),
        (CIAO, {"Idempotency-Key": "k 1"}),
        (NAMED, {"Idempotency-Key": "k"}),
    ],
)
async def test_asked_again_it_is_the_first_answer(
    place: Place,
    program: httpx.AsyncClient,
    body: dict[str, str],
    headers: dict[str, str],
) -> None:
    """The same bytes, one row, and a header that says so."""
    first = await program.post(SEND, json=body, headers=headers)
    again = await program.post(SEND, json=body, headers=headers)
    assert (again.status_code, again.content) == (202, first.content)
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
    assert messages(place.house.db) == 1


async def test_without_any_key_two_are_two(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Who names nothing means it twice."""
    tasks = {(await program.post(SEND, json=CIAO)).json()["task_id"] for _ in range(2)}
    assert (len(tasks), messages(place.house.db)) == (2, 2)


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Something else"},
        {"to": PIA},
        {"account": "groom"},
        {"priority": 1},
        {"title": "x"},
        {"expires_at": "2026-06-21T12:00"},
    ],
    ids=str,
)
async def test_another_body_under_the_same_key_is_refused(
    place: Place, program: httpx.AsyncClient, other: dict[str, object]
) -> None:
    """422, and it names which key; nothing is queued."""
    key = {"Idempotency-Key": "k"}
    await program.post(SEND, json=NAMED, headers=key)
    for field, headers in (("client_message_id", {}), ("idempotency_key", key)):
        answer = await program.post(SEND, json={**NAMED, **other}, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (422, "error.key_used")
        assert told["field"] == field
    assert messages(place.house.db) == 1


async def test_both_names_lead_to_it(place: Place, program: httpx.AsyncClient) -> None:
    """A lost header does not queue it anew; a header used for another is refused."""
    key = {"Idempotency-Key": "k"}
    first = await program.post(SEND, json=NAMED, headers=key)
    for headers in ({}, {"Idempotency-Key": "other"}):
        again = await program.post(SEND, json=NAMED, headers=headers)
        assert again.content == first.content
    renamed = {**NAMED, "client_message_id": "invitation-8"}
    answer = await program.post(SEND, json=renamed, headers=key)
    assert (answer.status_code, answer.json()["field"]) == (422, "idempotency_key")
    assert messages(place.house.db) == 1


async def test_another_weddings_names_are_its_own(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The same key and name in two weddings are two messages."""
    key = {"Idempotency-Key": "k"}
    mine = await program.post(SEND, json=NAMED, headers=key)
    async with place.program("send", made=place.theirs) as other:
        theirs = await other.post(SEND, json=NAMED, headers=key)
    assert (mine.status_code, theirs.status_code) == (202, 202)
    assert REPLAYED not in theirs.headers
    assert mine.json()["task_id"] != theirs.json()["task_id"]


async def test_a_hundred_at_once_are_one(
    place: Place, program: httpx.AsyncClient
) -> None:
    """One row, and a hundred answers that are the same byte for byte."""
    key = {"Idempotency-Key": "k"}
    answers = await asyncio.gather(
        *(program.post(SEND, json=NAMED, headers=key) for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert messages(place.house.db) == 1


async def test_a_key_outlives_the_archive(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Put away by retention, whole or not: the first answer, and no second message."""
    for whole in (True, False):
        name = f"old-{whole}"
        body = {**CIAO, "client_message_id": name}
        old = ended(
            place.house.db,
            place.mine.couple,
            "failed",
            9,
            account=None,
            text="Ciao!",
            client_message_id=name,
        )
        first = place.house.db.read_now(Session.get_one, QueueMessage, old).task_id
        wedding, cutoff = place.mine.couple.wedding, NOON - timedelta(days=7)
        gone = await put_failed_away(
            place.house.db, wedding, cutoff, whole=whole, now=NOON
        )
        assert gone == 1
        again = await program.post(SEND, json=body)
        assert (again.json()["task_id"], again.headers[REPLAYED]) == (first, "true")
        other = await program.post(SEND, json={**body, "text": "x"})
        assert (other.status_code, other.json()["code"]) == (422, "error.key_used")
    assert messages(place.house.db) == 0


async def test_who_has_not_written_is_handed_the_link(
    place: Place, program: httpx.AsyncClient
) -> None:
    """409 with the wa.me link to hand on; of the number that was named."""
    for account, number in ((None, "1"), ("groom", "1"), ("bride", "2")):
        answer = await program.post(SEND, json={**CIAO, "to": PIA, "account": account})
        told = answer.json()
        assert (answer.status_code, told["code"]) == (409, "error.no_consent")
        assert told["link"] == f"https://wa.me/39347000000{number}"
    assert messages(place.house.db) == 0


async def test_a_guest_is_handed_the_number_that_their_invitation_offers(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The bride's for hers, by phone or by household, one or many; unless the groom's
    was asked for, or she has none yet."""
    guest = {"name": "Pia", "phone": PIA, "side": "bride"}
    made = (await program.post("/guests", json=guest)).json()
    household = await program.get(f"/households/{made['household_id']}")
    for to in (PIA, f"household:{household.json()['code']}"):
        for account, number in ((None, "2"), ("groom", "1"), ("bride", "2")):
            body = {**CIAO, "to": to, "account": account}
            told = (await program.post(SEND, json=body)).json()
            assert told["link"] == f"https://wa.me/39347000000{number}"
            many = await program.post(f"{SEND}/bulk", json={"messages": [body, body]})
            links = [one["problem"]["link"] for one in many.json()["items"]]
            assert links == [told["link"]] * 2

    def unlink(session: Session) -> None:
        session.get_one(Account, place.mine.couple.bride).phone = None

    place.house.db.write_now(unlink)
    told = (await program.post(SEND, json={**CIAO, "to": PIA})).json()
    assert told["link"] == "https://wa.me/393470000001"


async def test_who_wants_no_more_gets_none(
    place: Place, program: httpx.AsyncClient
) -> None:
    """409 after their STOP."""
    answer = await program.post(SEND, json={**CIAO, "to": UGO})
    assert (answer.status_code, answer.json()["code"]) == (409, "error.opted_out")
    assert messages(place.house.db) == 0


async def test_only_texts_are_there_yet(program: httpx.AsyncClient) -> None:
    """Whatever else: 422 that says so."""
    for kind in ("image", "poll", "", "Text"):
        answer = await program.post(SEND, json={**CIAO, "type": kind})
        told = answer.json()
        assert (answer.status_code, told["code"], told["field"]) == (
            422,
            "send.type",
            "type",
        )
        assert "not there yet" in told["detail"]


WRONG = {
    "to": ["nobody", "+1", "", "@c.us", "\0", "x" * 300, 5, None],
    "text": ["", "  ", "\u200b", "x" * 4097, "a\0b", "\ud83d", 5, None],
    "account": ["best man", "", 1],
    "kind": ["test", "reply", ""],
    "category": ["weather", "x" * 99],
    "title": ["x" * 121, 7],
    "priority": [0, 6, "1", 1.5, True],
    "max_attempts": [0, 21, 10**30],
    "scheduled_at": ["soon", "2026-13-01", "", 5, "0001-01-01T00:00+14:00"],
    "expires_at": ["soon", "2026-06-20T12:00Z", "1999-01-01"],
    "client_message_id": ["", " ", "x" * 256, "a\nb", 7],
    "nonsense": [1],
}


@pytest.mark.parametrize("field", WRONG)
async def test_what_is_wrong_is_named(
    place: Place, program: httpx.AsyncClient, field: str
) -> None:
    """422 with the field, as the body calls it; nothing is queued."""
    wrong = {}
    for value in WRONG[field]:
        answer = await program.post(
            SEND,
            content=json.dumps({**CIAO, field: value}),  # halves of characters too
            headers={"Content-Type": "application/json"},
        )
        told = answer.json()
        named = [one["field"] for one in told.get("errors", [])]
        if answer.status_code != 422 or field not in named:
            wrong[ascii(value)[:40]] = f"{answer.status_code} {answer.text[:200]}"
    assert wrong == {}
    assert messages(place.house.db) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "caffè"])
async def test_a_key_that_is_none(program: httpx.AsyncClient, key: str) -> None:
    """Too long, empty or not printable: 422, not a message without a key."""
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await program.post(SEND, json=CIAO, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 422, answer.text


async def test_texts_are_texts(place: Place, program: httpx.AsyncClient) -> None:
    """Markup, SQL, formulas, right-to-left: kept and shown as they were sent."""
    for name, text in VERBATIM.items():
        if len(text) > 4096:
            continue
        body = {**CIAO, "text": text, "client_message_id": f"'; DROP {name}--"}
        answer = await program.post(SEND, json=body)
        assert answer.status_code == 202, f"{name}: {answer.text}"
        found = await program.get(f"/whatsapp/messages/{answer.json()['task_id']}")
        assert (found.json()["text"], answer.json()["client_message_id"]) == (
            text,
            body["client_message_id"],
        )


async def test_to_in_every_spelling(place: Place, program: httpx.AsyncClient) -> None:
    """As people type it, as a chat, as a household's code; unknown ones are told."""
    home = place.house.db.read_now(lambda s: _household_code(s, place.mine.household))
    for to in ("333 111 2222", "+39 333 111 2222", "393331112222@c.us", home):
        answer = await program.post(SEND, json={**CIAO, "to": to})
        assert answer.status_code == 202, f"{to}: {answer.text}"
        assert the_message(place, answer.json()["task_id"]).phone == CARLA
    unknown = await program.post(SEND, json={**CIAO, "to": "household:NOPE"})
    assert unknown.status_code == 404


@pytest.mark.parametrize("server", ["g.us", "newsletter", "broadcast", "c.us@c.us", ""])
async def test_a_group_is_not_the_person_with_its_digits(
    program: httpx.AsyncClient, server: str
) -> None:
    """What was meant for many goes to nobody, whoever has that number."""
    to = f"393331112222@{server}"
    answer = await program.post(SEND, json={**CIAO, "to": to})
    assert (answer.status_code, answer.json()["field"]) == (422, "to")


async def test_another_weddings_household_is_nobody(
    place: Place, program: httpx.AsyncClient
) -> None:
    """A code leads into its own wedding only."""
    code = place.house.db.read_now(lambda s: _household_code(s, place.theirs.household))
    mine = place.house.db.read_now(lambda s: _household_code(s, place.mine.household))
    if code != mine:
        assert (await program.post(SEND, json={**CIAO, "to": code})).status_code == 404


def _household_code(session: Session, household: int) -> str:
    return f"household:{session.get_one(Household, household).code}"
