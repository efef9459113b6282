"""Short-lived tokens: given for a password or a key, and kept nowhere in the clear."""

from __future__ import annotations

import logging
from datetime import timedelta

import jwt
import pytest
import sqlalchemy as sa

from tests.fakes import NOON
from tests.integration.api_v1.token_door import CLAIMS, LIST, PERSON, SEND, Door, bearer
from tests.integration.auth.conftest import EMAIL, PASSWORD, House, house  # noqa: F401
from tests.integration.inbound.test_refusals import everything
from wedding_wa.models import ApiKey, TokenGrant
from wedding_wa.services import retention

# --- given out -----------------------------------------------------------------------


async def test_a_password_gives_tokens(door: Door) -> None:
    """For a quarter of an hour, with the person's rights; nobody keeps the answer."""
    answer = await door.token(**PERSON)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert set(made) == {"access", "refresh", "token_type", "expires_in", "scopes"}
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 900)
    assert made["scopes"] == ["read", "send", "control", "admin"]
    assert await door.status(made["access"]) == 200
    assert await door.status(made["access"], SEND) == 404


async def test_an_access_token_says_only_what_it_must(door: Door) -> None:
    """Whose, from when to when, and what for: no name, no address."""
    made = await door.of_person(scopes=["read"])
    claims = jwt.decode(made["access"], options={"verify_signature": False})
    assert sorted(claims) == CLAIMS
    assert jwt.get_unverified_header(made["access"])["alg"] == "HS256"
    assert claims["sub"] == f"user:{door.owner}"
    assert claims["exp"] - claims["iat"] == 900
    assert claims["scope"] == "read"
    again = await door.of_person(scopes=["read"])
    assert again["access"] != made["access"]


async def test_a_key_gives_tokens_of_its_own_rights_at_most(door: Door) -> None:
    """Less is possible, more is 403 and names what is missing."""
    key, key_id = door.key("read", "send")
    made = await door.of_key(key)
    assert made["scopes"] == ["read", "send"]
    claims = jwt.decode(made["access"], options={"verify_signature": False})
    assert claims["sub"] == f"key:{key_id}"
    less = await door.of_key(key, scopes=["read"])
    assert await door.status(less["access"]) == 200
    assert await door.status(less["access"], SEND) == 403
    assert await door.status(made["access"], SEND) == 404
    more = await door.client.post(
        "/api/v1/token", json={"scopes": ["control"]}, headers=bearer(key)
    )
    assert (more.status_code, more.json()["code"]) == (403, "error.scope")
    assert '"control"' in more.json()["detail"]


async def test_an_access_token_makes_no_others(door: Door) -> None:
    """Else a quarter of an hour would have no end."""
    made = await door.of_person()
    for wrong in (made["access"], made["refresh"], "wwa_00000000_no", ""):
        answer = await door.client.post("/api/v1/token", headers=bearer(wrong))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": EMAIL}, "password"),
        ({"password": PASSWORD}, "email"),
        (PERSON | {"scopes": []}, "scopes"),
        (PERSON | {"scopes": ["root"]}, "scopes"),
        (PERSON | {"scopes": "read"}, "scopes"),
        (PERSON | {"wedding_id": 0}, "wedding_id"),
        (PERSON | {"wedding_id": "1"}, "wedding_id"),
        (PERSON | {"stay": True}, "stay"),
    ],
)
async def test_wrong_bodies_are_told(
    door: Door, body: dict[str, object], field: str
) -> None:
    """422 that names the field, and never repeats a password."""
    answer = await door.token(**body)
    assert answer.status_code == 422
    assert field in answer.text
    assert PASSWORD not in answer.text


async def test_a_key_comes_without_a_password(door: Door) -> None:
    """Which of the two counts would be a guess."""
    key, _ = door.key("read")
    answer = await door.client.post("/api/v1/token", json=PERSON, headers=bearer(key))
    assert (answer.status_code, answer.json()["field"]) == (422, "email")


async def test_a_wedding_of_others_is_none(door: Door) -> None:
    """404, as for a wedding that does not exist; nothing is given out."""
    for number in (door.wedding + 1, 2**31 - 1):
        answer = await door.token(**PERSON | {"wedding_id": number})
        assert answer.status_code == 404
    assert (await door.token(**PERSON | {"wedding_id": door.wedding})).is_success


# --- guessing ------------------------------------------------------------------------


async def test_wrong_passwords_close_both_doors(door: Door) -> None:
    """Five wrong ones, wherever they are tried, lock the login; the right one then
    waits, too. An address that nobody has is no different."""
    for email in (EMAIL, "nobody@example.org"):
        for _ in range(4):
            answer = await door.token(email=email, password="wrong wrong")
            assert (answer.status_code, answer.json()["code"]) == (
                401,
                "error.wrong_login",
            )
        form = {"email": email, "password": "wrong wrong"}
        assert (await door.client.post("/login", data=form)).status_code == 429
        locked = await door.token(email=email, password=PASSWORD)
        assert (locked.status_code, locked.json()["code"]) == (429, "error.locked_out")
        assert 0 < int(locked.headers["retry-after"]) <= 60
    door.house.clock.advance(61)
    assert (await door.token(**PERSON)).status_code == 200


async def test_an_address_that_guesses_tokens_waits(door: Door) -> None:
    """A hundred wrong ones in five minutes; logging in by password goes on."""
    made = await door.of_person()
    for _ in range(100):
        answer = await door.token("/refresh", refresh="wwr_0123456789abcdef_no")
        assert (answer.status_code, answer.json()["code"]) == (
            401,
            "error.token_refused",
        )
    for what in ("/refresh", "/rotate", "/revoke"):
        answer = await door.token(what, refresh=made["refresh"])
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    assert (await door.token(**PERSON)).status_code == 200
    door.house.clock.advance(300)
    for _ in range(200):
        assert (await door.token("/refresh", refresh=made["refresh"])).is_success


# --- kept ----------------------------------------------------------------------------


async def test_no_secret_is_stored_or_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a key nor a token stands in the database, a log line or a refusal."""
    caplog.set_level(logging.DEBUG)
    key, _ = door.key("read")
    made, of_key = await door.of_person(), await door.of_key(key)
    rotated = (await door.token("/rotate", refresh=made["refresh"])).json()
    await door.status(rotated["access"])
    door.house.clock.advance(1000)
    texts = [
        (await door.client.get(LIST, headers=bearer(token))).text
        for token in (rotated["access"], rotated["refresh"], key + "x", key[:-1])
    ]
    for what in ("/refresh", "/rotate", "/revoke"):
        texts += [
            (await door.token(what, refresh=token)).text
            for token in (made["refresh"], key, of_key["access"])
        ]
    texts.append((await door.token(refresh=made["refresh"], access=1)).text)
    texts += [caplog.text, repr(everything(door.house.db))]
    secret = [key, key[13:]]
    for tokens_ in (made, of_key, rotated):
        secret += [tokens_["access"], tokens_["refresh"]]
        secret += [tokens_["refresh"].rpartition("_")[2]]
        secret += [tokens_["access"].rpartition(".")[2]]
    assert made["refresh"][:20] in repr(everything(door.house.db))  # what may be seen
    for one in secret:
        for text in texts:
            assert one not in text


async def test_grants_do_not_pile_up(door: Door) -> None:
    """A hundred of one key at most, the oldest go; and what ended long ago is taken
    away with old logins."""
    key, _ = door.key("read")
    first = await door.of_key(key)
    person = await door.of_person()
    for _ in range(100):
        last = await door.of_key(key)
    assert await door.status(first["access"]) == 401
    assert await door.status(last["access"]) == 200
    assert await door.status(person["access"]) == 200
    assert _grants(door) == 101
    await door.token("/revoke", refresh=person["refresh"])
    for days, left in ((29, 101), (31, 100), (61, 0)):
        await retention.retain(door.house.db, now=NOON + timedelta(days=days))
        assert (days, _grants(door)) == (days, left)


def _grants(door: Door) -> int:
    count = sa.select(sa.func.count()).select_from(TokenGrant)
    return door.house.db.read_now(lambda s: s.scalar(count)) or 0


async def test_a_token_counts_as_use_of_its_key(door: Door) -> None:
    """So that an owner who looks for keys that nobody needs is not misled."""
    key, key_id = door.key("read")
    made = await door.of_key(key)
    door.house.clock.advance(600)
    await door.status(made["access"])
    used = door.house.db.read_now(lambda s: s.get_one(ApiKey, key_id).last_used_at)
    assert used == NOON + timedelta(seconds=600)
