"""Nonsense to every route of the API and to the webhook door: 4xx in words, no row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlmodel import Session, select

from tests import accounts as see
from tests.integration.api_v1.conftest import (
    Made,
    Place,
    database,  # noqa: F401
    peopled,  # noqa: F401
    place,  # noqa: F401
    program,  # noqa: F401
)
from tests.integration.auth.conftest import _quick_hashes, house  # noqa: F401
from tests.integration.bad_input.texts import CLEANED, VERBATIM
from tests.integration.inbound.conftest import Door, app, door  # noqa: F401
from tests.integration.inbound.test_refusals import everything
from wedding_wa.api.v1 import (
    consents,
    guests,
    households,
    inbox,
    opt_outs,
    webhooks,
)
from wedding_wa.db import Database
from wedding_wa.models import Guest, InboundMessage, WebhookLog

JSON = {"Content-Type": "application/json"}
# The nouns tried field by field; what the others take, schemathesis tries.
NOUNS = (guests, households, consents, opt_outs, inbox, webhooks)
# What a route with this path parameter is asked for.
IDS = {
    "guest_id": "guest",
    "household_id": "household",
    "chat": "chat",
    "opt_out_id": "opt_out",
    "event_row": "event",
}
BODIES = {
    "PATCH /guests/{guest_id}": {"name": "Mine now"},
    "PATCH /households/{household_id}": {"name": "Mine now"},
    "POST /inbox/{chat}/reply": {"text": "Ciao", "idempotency_key": "k1"},
}
HUGE = "x" * 65_536
DEEP = b'{"name":' + b"[" * 40_000
# What is no request of ours at all, to whatever route.
NO_BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "half": (b'{"name": "Z', "application/json"),
    "an array": (b'[{"name": "Zia"}]', "application/json"),
    "a text": (b'"name"', "application/json"),
    "a number": (b"1e999", "application/json"),
    "null": (b"null", "application/json"),
    "not a number": (b'{"name": NaN}', "application/json"),
    "deep": (DEEP, "application/json"),
    "deep and closed": (
        b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}",
        "application/json",
    ),
    "a number without end": (b'{"name": ' + b"9" * 5000 + b"}", "application/json"),
    "latin-1": ('{"name": "Zoë"}'.encode("latin-1"), "application/json"),
    "utf-16": ('{"nome": "Zoë"}'.encode("utf-16"), "application/json"),
    "marked": (b'\xef\xbb\xbf{"nome": "Zia"}', "application/json"),
    "a form": (b"name=Zia", "application/x-www-form-urlencoded"),
    "plain": (b'{"name": "Zia"}', "text/plain"),
    "xml": (b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>", "text/xml"),
    "an unknown field": (b'{"n\xf0\x9f\x98\x80me": 1}', "application/json"),
    "half a character for a field": (b'{"\\ud83d": 1}', "application/json"),
    "NUL for a field": (b'{"\\u0000": 1}', "application/json"),
    "a field without end": (
        b'{"' + b"n" * 65_536 + b'": 1}',
        "application/json",
    ),
    "too large": (b'{"name": "' + b"x" * 200_000 + b'"}', "application/json"),
}
# What no field of any body takes. Of the right kind, too, but never what is meant.
WRONG: tuple[object, ...] = (
    [],
    {},
    [[[]]],
    True,
    -1,
    2**63,
    10**400,
    1.5,
    "",
    "\u200b\u2060",
    "\0",
    "\ud83d",
    HUGE,
)
# Texts that may be emptied: nothing written there is right, so these are.
EMPTY_IS_RIGHT = {
    *("phone", "notes", "language", "household", "tags"),
    *("guest_ids",),
}
NUMBERS = ("0", "-1", "2147483648", "9223372036854775808", "9" * 400, "1.5", "0x1")
NAMES = ("x", "%00", "%ED%A0%80", "٣", "..", "%F0%9F%98%80", "1;DROP")


def routes() -> Iterator[tuple[str, str, APIRoute]]:
    """Every route of these nouns: method, path after /api/v1, itself."""
    for noun in NOUNS:
        for route in noun.router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods:
                yield method, route.path, route


def filled(path: str, made: Made) -> str:
    """The path with the wedding's ids in it."""
    return re.sub(r"\{(\w+)\}", lambda m: str(getattr(made, IDS[m[1]])), path)


def writing() -> Iterator[tuple[str, str, APIRoute]]:
    for method, path, route in routes():
        if method in ("POST", "PATCH") and route.body_field is not None:
            yield method, path, route


WRITING = [(method, path) for method, path, _ in writing()]
FIELDS = {
    f"{method} {path}": tuple(route.body_field.field_info.annotation.model_fields)  # type: ignore[union-attr]
    for method, path, route in writing()
}


def rows(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row, but of the keys: when they were used is noted."""
    found = everything(db)
    del found["api_key"]
    return found


def is_a_refusal(answer: httpx.Response) -> str:
    """4xx, as a problem with a sentence; "" if it is that, else what it is."""
    kind = answer.headers.get("content-type", "")
    told = answer.json() if kind == "application/problem+json" else {}
    good = 400 <= answer.status_code < 500 and told.get("detail") and told.get("code")
    leak = [one for one in ("Traceback", "sqlite", 'File "') if one in answer.text]
    return "" if good and not leak else f"{answer.status_code} {answer.text[:200]}"


def named(answer: httpx.Response) -> list[str]:
    """The fields that a refusal says are wrong."""
    return [one["field"] for one in answer.json().get("errors", ())]


@pytest.mark.parametrize(("method", "path"), WRITING, ids=str)
async def test_what_is_no_request(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
    method: str,
    path: str,
) -> None:
    """Refused whatever the route, and nothing is written."""
    before, wrong = rows(place.house.db), {}
    for name, (body, kind) in NO_BODIES.items():
        answer = await program.request(
            method,
            filled(path, place.mine),
            content=body,
            headers={"Content-Type": kind},
        )
        if told := is_a_refusal(answer):
            wrong[name] = told
    assert wrong == {}
    assert rows(place.house.db) == before


GOOD = {
    "POST /guests": {"name": "Zia"},
    "POST /households": {"name": "Zia"},
    "POST /guests/merge": {"guest_ids": [1, 2]},
    **BODIES,
}


@pytest.mark.parametrize(("method", "path"), WRITING, ids=str)
async def test_what_no_field_takes(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
    method: str,
    path: str,
) -> None:
    """Field by field, the others being right: refused by name; nothing is written."""
    wrong, before = {}, rows(place.house.db)
    good = GOOD.get(f"{method} {path}", {})
    for field in FIELDS[f"{method} {path}"]:
        for value in WRONG:
            if field in EMPTY_IS_RIGHT and value in ("", "\u200b\u2060", []):
                continue
            answer = await program.request(
                method,
                filled(path, place.mine),
                content=json.dumps({**good, field: value}),
                headers=JSON,
            )
            if told := is_a_refusal(answer):
                wrong[f"{field}={ascii(value)[:40]}"] = told
            elif answer.status_code == 422:
                said = named(answer)
                if not any(one.startswith(field) for one in said):
                    wrong[f"{field}={ascii(value)[:40]}"] = f"not named: {said}"
    assert wrong == {}
    assert rows(place.house.db) == before


WITH_ID = sorted({(m, p) for m, p, _ in routes() if "{" in p})


async def test_ids_that_nothing_can_have(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
) -> None:
    """Not found or not understood, on every route with an id."""
    wrong, before = {}, rows(place.house.db)
    for method, path in WITH_ID:
        (name,) = [one for one in IDS if f"{{{one}}}" in path]
        body = GOOD.get(f"{method} {path}")
        for value in (*NUMBERS, *NAMES):
            if value == "..":
                continue
            address = path.replace(f"{{{name}}}", value)
            answer = await program.request(method, address, json=body)
            if told := is_a_refusal(answer):
                wrong[f"{method} {address[:60]}"] = told
    assert wrong == {}
    assert rows(place.house.db) == before


LISTS = [path for method, path, _ in routes() if method == "GET" and "{" not in path]
ASKED = ("q", "after", "since", "view", "account", "chat", "guest", "limit", "nonsense")


async def test_questions_that_make_no_sense(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
) -> None:
    """A list may find nothing or refuse; it never fails."""
    wrong = {}
    texts = [quote(text) for text in VERBATIM.values() if len(text) < 300]
    for path in LISTS:
        for name in ASKED:
            for value in (
                *NUMBERS[1::2],
                *NAMES[1:4],
                *texts[::6],
                HUGE[:5000],
                "99.9",
            ):
                answer = await program.get(f"{path}?{name}={value}")
                if answer.status_code != 200 and (told := is_a_refusal(answer)):
                    wrong[f"{path}?{name}={value[:40]}"] = told
    assert wrong == {}


async def test_names_and_notes_are_kept_as_text(
    place: Place,  # noqa: F811
    program: httpx.AsyncClient,  # noqa: F811
) -> None:
    """Markup, formulas and SQL in a name are a name; the notes keep their lines."""
    for name in ("a script", "SQL", "equals", "at", "placeholders", "rich markup"):
        text = VERBATIM[name]
        answer = await program.post("/guests", json={"name": text, "notes": text})
        assert answer.status_code == 201, answer.text
        kept = place.house.db.read_now(Session.get_one, Guest, answer.json()["id"])
        assert (kept.name, kept.notes) == (text, text)
        assert (answer.json()["name"], answer.json()["notes"]) == (text, text)


PAYLOADS: dict[str, object] = {
    "an array": [],
    "a text": "x",
    "null": None,
    "a number": 1,
    "empty": {},
    "a body that is none": {"id": "true_1@c.us_A", "body": {"a": [1]}, "from": []},
    "no chat": {"id": "false__A", "from": "", "body": "x", "timestamp": 1},
    "before all time": {"timestamp": -(10**18)},
    "after all time": {"timestamp": 253402300800},
    "no time": {"timestamp": "tomorrow"},
    "too much time": {"timestamp": 10**400},
    "no name": {"_data": {"pushName": {"a": 1}}},
    "deep": {"_data": json.loads("[" * 900 + "]" * 900)},
    "no ack": {"ack": 10**30, "ackName": []},
    "an id of ids": {"id": {"_serialized": [], "fromMe": "x"}},
}
EVENTS = (
    "message",
    "message.any",
    "message.ack",
    "session.status",
    "x" * 5000,
    "\u202e",
)


async def test_signed_nonsense_is_kept_and_harms_nobody(door: Door) -> None:  # noqa: F811
    """What WAHA itself tells is stored word for word, marked where it cannot be
    applied, and what comes behind it is applied."""
    at, wrong, told = door.app.clock.now(), {}, 0
    for event in EVENTS:
        for name, payload in PAYLOADS.items():
            raw = see.event(event, payload, at=at, session="default")  # type: ignore[arg-type]
            answer = await door.post(raw)
            told += 1
            if answer.status_code >= 500:
                wrong[f"{event[:20]} {name}"] = answer.text
    assert wrong == {}
    kept = see.log(door.app.db, door.couple.groom)
    assert len(kept) == told
    assert {row.applied_at is None for row in kept} == {False}
    bare = see.written("393331112222@c.us", "3A0001", at=at, body="Ciao!")
    good = see.event("message", bare, at=at, session="default")
    assert (await door.post(good)).status_code == 200
    texts = door.app.db.read_now(lambda s: list(s.exec(select(InboundMessage.body))))
    assert "Ciao!" in texts


RAW: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello",
    "half": b'{"id": "evt_1"',
    "deep": DEEP,
    "an array": b"[]",
    "latin-1": '{"id":"evt_2","event":"é"}'.encode("latin-1"),
    "utf-16": '{"id": "evt_3"}'.encode("utf-16"),
    "not a number": b'{"id":"evt_4","timestamp":NaN,"event":"x","payload":{}}',
    "without end": b'{"id":"evt_5","timestamp":' + b"9" * 5000 + b"}",
    "half a character": b'{"id":"\\ud83d","event":"\\ud83d","session":"\\ud83d"}',
    "NUL": b'{"id":"\\u0000","event":"\\u0000","payload":{"body":"\\u0000"}}',
    "a number for an id": b'{"id":1e400,"event":1,"session":[],"timestamp":{}}',
}


async def test_signed_bytes_that_are_no_event(door: Door) -> None:  # noqa: F811
    """Never a 5xx, after which WAHA would tell it again and again."""
    wrong = {}
    for name, raw in RAW.items():
        answer = await door.post(raw)
        if answer.status_code >= 500:
            wrong[name] = answer.text
    assert wrong == {}


async def test_what_guests_write_is_kept_as_they_wrote_it(door: Door) -> None:  # noqa: F811
    """Texts and the names people give themselves, through the signed door."""
    at, chat, sent = door.app.clock.now(), "393331112222@c.us", {}
    see.update(door.app.db, door.couple.groom, status="WORKING")
    texts = VERBATIM | {name: typed for name, (typed, _) in CLEANED.items()}
    for number, text in enumerate(texts.values()):
        bare = f"3A{number:06d}"
        payload = see.written(
            chat, bare, at=at, body=text, _data={"pushName": text[:60]}
        )
        raw = see.event("message", payload, at=at, session="default")
        assert (await door.post(raw)).status_code == 200
        sent[bare] = text
    found = door.app.db.read_now(lambda s: list(s.exec(select(InboundMessage))))
    kept = {row.message_id: row.body for row in found}
    unlike = {
        bare: (ascii(text[:60]), ascii(str(kept.get(bare))[:60]))
        for bare, text in sent.items()
        if not _alike(kept.get(bare), text)
    }
    assert unlike == {}
    logged = door.app.db.read_now(lambda s: list(s.exec(select(WebhookLog.error))))
    assert set(logged) == {None}


def _alike(kept: str | None, text: str) -> bool:
    """The same, but for what no database can hold: that is shown to be missing."""
    storable = text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass")
    return kept == storable.decode("utf-8", "replace")
