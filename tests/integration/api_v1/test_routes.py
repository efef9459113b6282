"""What the routes answer: rows as the tables name them, pages, problems."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.builders import message
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, PIA, Place, knock
from wedding_wa.domain.guest_search import By
from wedding_wa.models import Guest, Household
from wedding_wa.services import guests
from wedding_wa.services.guest_records import PAGE_SIZE
from wedding_wa.services.guests import GuestForm

INSIDE = {"wedding_id", "folded"}


async def test_a_guest_from_first_to_last(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Written down, read, changed a field at a time, taken off."""
    made = await program.post(
        "/guests",
        json={"name": " Pia  Neri ", "phone": "333 555 6666", "tags": ["Choir"]},
    )
    assert made.status_code == 201
    pia = made.json()
    assert set(pia) == set(Guest.model_fields) - INSIDE | {"tags"}
    assert (pia["name"], pia["phone"], pia["tags"]) == ("Pia Neri", PIA, ["choir"])
    assert pia["created_at"] == NOON.isoformat().replace("+00:00", "Z")
    path = f"/guests/{pia['id']}"
    assert (await program.get(path)).json() == pia
    changed = (await program.patch(path, json={"language": "fr"})).json()
    assert {k for k in pia if pia[k] != changed[k]} == {"language"}
    changed = (await program.patch(path, json={"phone": None, "tags": []})).json()
    assert (changed["phone"], changed["tags"], changed["language"]) == (None, [], "fr")
    assert (await program.delete(path)).status_code == 204
    assert (await program.get(path)).status_code == 404
    assert (await program.delete(path)).status_code == 404


async def test_a_household_from_first_to_last(
    place: Place, program: httpx.AsyncClient
) -> None:
    """With a link and a code of its own; its people go with it."""
    made = await program.post("/households", json={"name": "Neri", "side": "bride"})
    home = made.json()
    assert made.status_code == 201
    assert set(home) == set(Household.model_fields) - INSIDE | {"link", "guests"}
    assert home["link"] == f"http://localhost:8000/i/{home['token']}"
    assert (home["stage"], home["guests"]) == ("not_invited", [])
    path = f"/households/{home['id']}"
    pia = {"name": "Pia", "household_id": home["id"]}
    guest = (await program.post("/guests", json=pia)).json()
    changed = (await program.patch(path, json={"notes": "near the band"})).json()
    assert (changed["name"], changed["notes"]) == ("Neri", "near the band")
    assert [one["id"] for one in changed["guests"]] == [guest["id"]]
    assert (await program.delete(path)).status_code == 204
    assert (await program.get(f"/guests/{guest['id']}")).status_code == 404


async def test_an_empty_household_can_go_too(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Nobody is left in it, and nothing of it stays."""
    home = (await program.post("/households", json={"name": "Neri"})).json()
    assert (await program.delete(f"/households/{home['id']}")).status_code == 204
    assert (await program.get(f"/households/{home['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("", ["Zia Carla", "Ugo"]),
        ("side:bride", ["Ugo"]),
        ("-side:bride", ["Zia Carla"]),
        ("tag:family activated:yes", ["Zia Carla"]),
        ("optedout:yes", ["Ugo"]),
        ("carla", ["Zia Carla"]),
        ("household:rossi", ["Ugo"]),
        ("nobody", []),
    ],
)
async def test_q_is_the_pages_search(
    place: Place, program: httpx.AsyncClient, q: str, names: list[str]
) -> None:
    """The same qualifiers, for guests and for the households they are in."""
    found = (await program.get("/guests", params={"q": q})).json()
    assert [one["name"] for one in found["items"]] == names
    assert found["next"] is None
    homes = (await program.get("/households", params={"q": q})).json()["items"]
    assert [one["name"] for one in homes] == [
        {"Ugo": "Rossi"}.get(name, name) for name in names
    ]


@pytest.mark.parametrize("q", ["sidez:bride", "side:left", *[f"{By.HAS}:wings"]])
async def test_a_search_that_means_nothing_is_told(
    program: httpx.AsyncClient, q: str
) -> None:
    """422, not an empty list: a program cannot see a hint."""
    answer = await program.get("/guests", params={"q": q})
    assert (answer.status_code, answer.json()["field"]) == (422, "q")
    assert "q (" in answer.json()["detail"]


async def test_lists_go_page_by_page(place: Place, program: httpx.AsyncClient) -> None:
    """`next` leads on until it is null; everybody is met once."""

    def many(session: object) -> None:
        for number in range(PAGE_SIZE + 5):
            form = GuestForm(name=f"Guest {number}")
            guests.add_guest(
                session, place.mine.couple.wedding, form, by=None, now=NOON
            )  # type: ignore[arg-type]

    place.house.db.write_now(many)
    for path, total in (("/guests", PAGE_SIZE + 7), ("/households", PAGE_SIZE + 7)):
        first = (await program.get(path)).json()
        rest = (await program.get(path, params={"after": first["next"]})).json()
        ids = [one["id"] for one in (*first["items"], *rest["items"])]
        assert (len(first["items"]), rest["next"]) == (PAGE_SIZE, None)
        assert len(set(ids)) == len(ids) == total


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/guests", {"name": "X", "colour": "red"}, "colour"),
        ("POST", "/guests", {"name": 7}, "name"),
        ("POST", "/guests", {}, "name"),
        ("POST", "/guests", {"name": "X", "household_id": "1"}, "household_id"),
        ("POST", "/guests", {"name": "X", "notes": "a\0b"}, "notes"),
        ("POST", "/guests", {"name": "X", "tags": ["a\0b"]}, "tags"),
        ("POST", "/guests/merge", {"guest_ids": [1]}, "guest_ids"),
        ("POST", "/households", {"name": "X", "token": "mine"}, "token"),
        ("GET", "/guests?qq=x", None, "qq"),
        ("GET", "/guests?q=%00", None, "q"),
        ("GET", "/inbox?view=all", None, "view"),
        ("GET", "/webhooks?account=uncle", None, "account"),
        ("GET", f"/guests/{2**40}", None, "guest_id"),
    ],
)
async def test_what_is_not_known_or_wrong_is_refused(
    program: httpx.AsyncClient, method: str, path: str, body: object, field: str
) -> None:
    """422 that names the place, never ignored, never repeated back."""
    answer = await program.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "error.invalid"
    (wrong,) = answer.json()["errors"]
    assert wrong["field"].partition(".")[0] == field
    assert wrong["code"].startswith("api.wrong.")


async def test_a_body_without_end_is_refused(program: httpx.AsyncClient) -> None:
    """413 soon after 100 kB, for every route that takes one."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'{"name": "'
        for _ in range(1000):
            sent += 10_000
            yield b"x" * 10_000

    answer = await program.post(
        "/guests", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "error.too_large")
    assert sent <= 200_000


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": " "}, "name", "error.name_missing"),
        ({"name": "X", "phone": "12"}, "phone", "error.phone.impossible"),
        ({"name": "X", "side": "left"}, "side", None),
        ({"name": "X", "language": "xx"}, "language", None),
        ({"name": "X", "phone": CARLA}, "phone", "guests.wrong.phone_taken"),
    ],
)
async def test_values_that_make_no_sense_are_told_as_on_the_page(
    program: httpx.AsyncClient, body: object, field: str, code: str | None
) -> None:
    """The same rules and sentences as the form's."""
    answer = await program.post("/guests", json=body)
    told = answer.json()
    assert (answer.status_code, told["errors"][0]["field"]) == (422, field)
    assert code in (None, told["code"])
    assert told["detail"]


async def test_entries_of_one_person_are_merged(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Who stays is told; the other is gone."""
    twin = (await program.post("/guests", json={"name": "Carla B."})).json()["id"]
    body = {"guest_ids": [twin, place.mine.guest]}
    kept = (await program.post("/guests/merge", json=body)).json()
    assert (kept["id"], kept["phone"]) == (place.mine.guest, CARLA)
    assert (await program.get(f"/guests/{twin}")).status_code == 404


async def test_a_consent_comes_with_its_evidence(
    place: Place, program: httpx.AsyncClient
) -> None:
    """By the guest, by the chat, or all: the message that it rests on."""
    mine = place.mine
    for asked in ({"guest": mine.guest}, {"chat": mine.chat}):
        (one,) = (await program.get("/consents", params=asked)).json()["items"]
        assert (one["account"], one["phone"], one["source"]) == (
            "groom",
            CARLA,
            "webhook",
        )
        assert one["evidence"]["body"] == "Ciao Luca!"
        assert one["evidence"]["id"] == one["inbound_id"]
    every = (await program.get("/consents")).json()["items"]
    assert len(every) == 2


async def test_no_route_writes_a_consent(program: httpx.AsyncClient) -> None:
    """405 for whatever would: only a guest gives it."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/consents", "/consents/1"):
            answer = await program.request(method, path, json={})
            assert answer.status_code in (404, 405), path


async def test_an_opt_out_is_undone_by_a_person(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Listed with the sentence; undone it says since when, and stays listed."""
    (one,) = (await program.get("/opt-outs", params={"active": True})).json()["items"]
    assert (one["sentence"], one["account"], one["undone_at"]) == (
        "STOP",
        "bride",
        None,
    )
    undone = (await program.post(f"/opt-outs/{one['id']}/undo")).json()
    assert undone["undone_at"] is not None
    active = (await program.get("/opt-outs", params={"active": True})).json()
    assert active["items"] == []
    (again,) = (await program.get("/opt-outs", params={"active": False})).json()[
        "items"
    ]
    assert again == undone


async def test_the_inbox_is_read_and_answered(
    place: Place, program: httpx.AsyncClient
) -> None:
    """By person; an answer goes through the queue, once for each key."""
    people = (await program.get("/inbox")).json()
    assert [one["person"]["name"] for one in people["items"]] == ["Ugo", "Zia Carla"]
    assert people["counts"]["unread"] == 3
    path = f"/inbox/{place.mine.chat}"
    found = (await program.get(path)).json()
    assert [one["text"] for one in found["lines"]] == ["Ciao Luca!"]
    assert (found["account"], found["unread"], found["person"]["guest_id"]) == (
        "groom",
        1,
        place.mine.guest,
    )
    body = {"text": "Ciao zia!", "idempotency_key": "sheet-1"}
    first = await program.post(f"{path}/reply", json=body)
    second = await program.post(f"{path}/reply", json=body)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    queued = message(place.house.db, first.json()["id"])
    assert (queued.kind, queued.priority, queued.text) == ("reply", 1, "Ciao zia!")
    lines = (await program.get(path)).json()["lines"]
    assert [(one["kind"], one["state"]) for one in lines] == [
        ("in", None),
        ("out", "waiting"),
    ]
    assert (await program.post(f"{path}/read")).json() == {"changed": True}
    assert (await program.post(f"{path}/read")).json() == {"changed": False}


async def test_who_wants_none_is_not_answered(
    place: Place, program: httpx.AsyncClient
) -> None:
    """The queue's refusal comes through, and nothing is queued."""
    (ugo,) = (await program.get("/inbox", params={"q": "ugo"})).json()["items"]
    body = {"text": "Ma dai!", "idempotency_key": "k"}
    answer = await program.post(f"/inbox/{ugo['chat']}/reply", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"]


async def test_raw_events_are_listed_shown_and_applied_again(
    place: Place, program: httpx.AsyncClient
) -> None:
    """As stored; without bodies in the list; the failed one fails again and says so.

    The body, in which private chats stand too, is for who may do everything.
    """
    (one,) = (await program.get("/webhooks", params={"only": "open"})).json()["items"]
    assert one["error"] == "error.waha.bad_event"
    assert "raw" not in one
    path = f"/webhooks/{place.mine.event}"
    whole = (await program.get(path)).json()
    assert {k: v for k, v in whole.items() if k != "raw"} == one
    assert whole["raw"] is None
    async with place.program("admin") as owner:
        assert '"event": "message.any"' in (await owner.get(path)).json()["raw"]
    again = (await program.post(f"{path}/apply-again")).json()
    assert again["error"] == "error.waha.bad_event"
    every = await program.post("/webhooks/apply-again")
    assert every.json() == {"applied": 0, "failed": 1}


async def test_refusals_are_listed(place: Place, program: httpx.AsyncClient) -> None:
    """Why, from where, and for who may do everything the head of the body."""
    knock(place.house.db)
    async with place.program("admin") as owner:
        for who, head in ((program, None), (owner, "{}")):
            (one,) = (await who.get("/webhook-refusals")).json()["items"]
            told = (one["reason"], one["address"], one["head"])
            assert told == ("signature", "192.0.2.7", head)
