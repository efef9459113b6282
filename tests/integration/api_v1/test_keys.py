"""Keys over REST: who may, what is told of them, and never more than one has."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, NotFound, Refused
from wedding_wa.models import AuditEntry
from wedding_wa.services import apikey_list, apikeys, live
from wedding_wa.services.apikeys import MissingScope
from wedding_wa.services.audit import Program

FIELDS = {
    "id",
    "name",
    "prefix",
    "scopes",
    "state",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
    "made_by",
}
NEW = {"name": "website", "scopes": ["send", "read"]}


@pytest.fixture
async def admin(place: Place):
    """A program that may do everything."""
    async with place.program("admin") as client:
        yield client


async def test_a_key_is_made_shown_once_used_and_revoked(
    place: Place, admin: httpx.AsyncClient
) -> None:
    """The list never has it, only how it begins."""
    answer = await admin.post("/keys", json=NEW)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == FIELDS | {"key"}
    key = made.pop("key")
    assert key.startswith(made["prefix"] + "_")
    assert made["scopes"] == ["read", "send"]
    assert (made["state"], made["expires_at"]) == ("active", None)
    as_it = {"Authorization": f"Bearer {key}"}
    assert (await admin.get("/opt-outs", headers=as_it)).status_code == 200
    assert (await admin.get("/keys", headers=as_it)).status_code == 403
    listed = (await admin.get("/keys")).json()
    assert listed["next"] is None
    assert [set(one) for one in listed["items"]] == [FIELDS] * 2
    (row,) = [one for one in listed["items"] if one["id"] == made["id"]]
    assert row["last_used_at"] is not None
    assert key not in str(listed)
    path = f"/keys/{made['id']}"
    for _ in range(2):
        assert (await admin.delete(path)).status_code == 204
    assert (await admin.get("/opt-outs", headers=as_it)).status_code == 401
    (row,) = [
        one for one in (await admin.get("/keys")).json()["items"] if one["id"] > 1
    ]
    assert row["state"] == "revoked"
    audit = place.house.db.read_now(lambda s: s.exec(select(AuditEntry)).all())
    assert [one.action for one in audit].count("api_key_revoked") == 1


async def test_a_key_ends_by_itself(place: Place, admin: httpx.AsyncClient) -> None:
    """With an offset, or in the wedding's time."""
    for text in ("2026-06-20T15:00:00+02:00", "2026-06-20T15:00"):
        made = (await admin.post("/keys", json=NEW | {"expires_at": text})).json()
        assert datetime.fromisoformat(made["expires_at"]) == NOON + timedelta(hours=1)
    place.house.clock.advance(3600)
    states = [one["state"] for one in (await admin.get("/keys")).json()["items"]]
    assert states == ["active", "expired", "expired"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"expires_at": "2026-06-20T12:00:00Z"}, "expires_at"),
        ({"expires_at": "2040-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": 5}, "expires_at"),
        ({"key": "wwa_mine"}, "key"),
    ],
)
async def test_what_is_wrong_is_named(
    admin: httpx.AsyncClient, change: dict[str, object], field: str
) -> None:
    """422, and nothing is made."""
    answer = await admin.post("/keys", json=NEW | change)
    assert answer.status_code == 422, answer.text
    assert field in answer.text
    assert len((await admin.get("/keys")).json()["items"]) == 1


@pytest.mark.parametrize("scopes", [["read", "send", "control"], ["read"]])
async def test_only_who_may_everything_may_keys(
    place: Place, scopes: list[str]
) -> None:
    """403 that names the right."""
    async with place.program(*scopes) as client:
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/1")):
            answer = await client.request(method, f"/keys{path}", json=NEW)
            assert answer.status_code == 403
            assert '"admin"' in answer.json()["detail"]


async def test_others_keys_are_not_there(
    place: Place, admin: httpx.AsyncClient
) -> None:
    """Another wedding's key is 404, and goes on."""
    async with place.program("admin", made=place.theirs) as stranger:
        (theirs,) = (await stranger.get("/keys")).json()["items"]
        assert (await admin.delete(f"/keys/{theirs['id']}")).status_code == 404
        assert (await admin.delete("/keys/99999")).status_code == 404
        assert (await stranger.get("/keys")).status_code == 200


async def test_a_key_that_ends_makes_none_that_ends_later(place: Place) -> None:
    """Nor do its tokens: else ending it would end nothing."""
    end = NOON + timedelta(days=1)
    key = place.house.db.write_now(
        apikeys.create_key,
        wedding_id=place.mine.couple.wedding,
        name="brief",
        scopes=["admin"],
        expires_at=end,
        now=NOON,
    )
    async with place.program("read") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        token = (await client.post("/token")).json()["access"]
        for bearer in (key, token):
            client.headers["Authorization"] = f"Bearer {bearer}"
            for later in (None, (end + timedelta(seconds=1)).isoformat()):
                answer = await client.post("/keys", json=NEW | {"expires_at": later})
                assert (answer.status_code, answer.json()["code"]) == (
                    422,
                    "error.key_expires_later",
                )
            same = NEW | {"expires_at": end.isoformat()}
            assert (await client.post("/keys", json=same)).status_code == 201


def test_a_key_makes_none_that_may_more(place: Place) -> None:
    """The rule stands in the service, whatever a door asks for before."""
    db, wedding = place.house.db, place.mine.couple.wedding
    common = {"wedding_id": wedding, "name": "x", "now": NOON}
    key = db.write_now(apikeys.create_key, scopes=["read", "send"], **common)
    holder = db.read_now(apikeys.holder, key, NOON)
    assert holder is not None
    itself = Program(holder.key_id)
    for scope in ("control", "admin"):
        with pytest.raises(MissingScope):
            db.write_now(
                apikeys.create_key,
                scopes=["read", scope],
                by=itself,
                **common,
            )
    db.write_now(apikeys.create_key, scopes=["send"], by=itself, **common)


async def test_the_list_has_pages(place: Place, admin: httpx.AsyncClient) -> None:
    """A hundred at a time, each key once."""
    for number in range(120):
        _make(place, f"k{number}")
    first = (await admin.get("/keys")).json()
    rest = (await admin.get("/keys", params={"after": first["next"]})).json()
    assert (len(first["items"]), rest["next"]) == (100, None)
    ids = [one["id"] for one in first["items"] + rest["items"]]
    assert len(set(ids)) == 121
    assert (await admin.get("/keys", params={"after": "x"})).status_code == 422


def _make(place: Place, name: str) -> str:
    return place.house.db.write_now(
        apikeys.create_key,
        wedding_id=place.mine.couple.wedding,
        name=name,
        scopes=["read"],
        now=NOON,
    )


async def test_there_is_an_end_to_keys(
    place: Place, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good ones only: to revoke one makes room."""
    monkeypatch.setattr(apikeys, "MOST", 3)
    _make(place, "a")
    made = (await admin.post("/keys", json=NEW)).json()
    refused = await admin.post("/keys", json=NEW)
    assert (refused.status_code, refused.json()["code"]) == (409, "error.key_many")
    await admin.delete(f"/keys/{made['id']}")
    assert (await admin.post("/keys", json=NEW)).status_code == 201


def test_open_pages_and_sockets_hear_of_it(any_database: Database) -> None:
    """The live bus moves with each key made and revoked, on both databases."""
    from tests.builders import make_couple

    wedding = make_couple(any_database).wedding
    heard: list[live.Change] = []
    any_database.on_commit.append(heard.extend)
    common = {"wedding_id": wedding, "now": NOON}
    for name in ("a", "b"):
        any_database.write_now(apikeys.create_key, name=name, scopes=["read"], **common)
    assert [(one.what, one.wedding_id) for one in heard] == [("login", wedding)] * 2
    newest, oldest = any_database.read_now(
        apikey_list.newest_keys, wedding, now=NOON, ended=5
    )
    any_database.write_now(apikeys.revoke_key, newest.id, by=None, **common)
    assert len(heard) == 3
    any_database.write_now(apikeys.revoke_key, newest.id, by=None, **common)
    assert len(heard) == 3
    listed = any_database.read_now(apikey_list.newest_keys, wedding, now=NOON, ended=5)
    assert [one.id for one in listed] == [oldest.id, newest.id]
    with pytest.raises(NotFound):
        any_database.write_now(apikeys.revoke_key, 999, by=None, **common)
    with pytest.raises(BadInput):
        any_database.write_now(
            apikeys.create_key, name="x", scopes=["read"], expires_at=NOON, **common
        )
    assert issubclass(MissingScope, Refused)
