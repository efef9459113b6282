"""Short-lived tokens: given for a password or a key, and dead the moment they must."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.fakes import NOON
from tests.integration.auth.conftest import EMAIL, PASSWORD, House, house  # noqa: F401
from tests.integration.inbound.test_refusals import everything
from wedding_wa.models import ApiKey, AuditEntry, Membership, Role, TokenGrant
from wedding_wa.services import access, apikeys, retention, tokens, users, weddings
from wedding_wa.services.secrets import Sealer

PERSON = {"email": EMAIL, "password": PASSWORD}
LIST = "/api/v1/opt-outs"  # asks for `read`
SEND = "/api/v1/opt-outs/99/undo"  # asks for `send`; there is none: 404
CLAIMS = ["exp", "iat", "iss", "jti", "scope", "sid", "sub"]


@dataclass
class Door:
    """A program at the door of a house with one owner."""

    house: House
    wedding: int
    owner: int
    client: httpx.AsyncClient

    async def token(self, what: str = "", **body: object) -> httpx.Response:
        """Post to a token route."""
        return await self.client.post(f"/api/v1/token{what}", json=body)

    async def of_person(self, **more: object) -> dict[str, Any]:
        """Tokens for the owner's password."""
        answer = await self.token(**PERSON | more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def of_key(self, key: str, **body: object) -> dict[str, Any]:
        """Tokens for a key."""
        answer = await self.client.post("/api/v1/token", json=body, headers=bearer(key))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def status(self, token: str, path: str = LIST) -> int:
        """What the API answers to who shows `token`."""
        method = "GET" if path == LIST else "POST"
        answer = await self.client.request(method, path, headers=bearer(token))
        return answer.status_code

    def key(self, *scopes: str, **more: object) -> tuple[str, int]:
        """A key and its id."""
        key = self.house.db.write_now(
            apikeys.create_key,
            wedding_id=self.wedding,
            name="till",
            scopes=scopes,
            now=self.house.clock.now(),
            **more,  # type: ignore[arg-type]
        )
        holder = self.house.db.read_now(apikeys.holder, key, self.house.clock.now())
        assert holder is not None
        return key, holder.key_id


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:  # noqa: F811
    owner = house.owner()
    wedding = house.db.read_now(weddings.only_wedding) or 0
    async with house.browser() as client:
        del client.headers["Origin"]
        yield Door(house, wedding, owner, client)


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
        assert answer.headers["www-authenticate"] == "Bearer"


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


# --- forged and stale ----------------------------------------------------------------


def _forged(token: str, sealer: Sealer) -> dict[str, str]:
    """What somebody might make of a genuine token."""
    claims = jwt.decode(token, options={"verify_signature": False})
    key = sealer.key(access.PURPOSE)
    head, body, signature = token.split(".")
    longer = claims | {"exp": claims["exp"] + 9999}
    more = json.dumps(longer).encode()
    swapped = base64.urlsafe_b64encode(more).rstrip(b"=").decode()
    others = Sealer(b"somebody else's").key(access.PURPOSE)
    without = {
        f"without {name}": jwt.encode(
            {k: v for k, v in claims.items() if k != name}, key, "HS256"
        )
        for name in CLAIMS
    }
    return {
        "alg none": jwt.encode(claims, None, "none"),
        "none, signed": jwt.encode(claims, None, "none") + signature,
        "HS512": jwt.encode(claims, key, "HS512"),
        "HS384": jwt.encode(claims, key, "HS384"),
        "other secret": jwt.encode(claims, others, "HS256"),
        "secret of refresh": jwt.encode(claims, sealer.key("refresh-token"), "HS256"),
        "later end": f"{head}.{swapped}.{signature}",
        "no signature": f"{head}.{body}.",
        "half a signature": token[:-20],
        "other issuer": jwt.encode(claims | {"iss": "x"}, key, "HS256"),
        "no such grant": jwt.encode(claims | {"sid": "wwr_x"}, key, "HS256"),
        "unknown scope": jwt.encode(claims | {"scope": "root"}, key, "HS256"),
        "a number for a scope": jwt.encode(claims | {"scope": 7}, key, "HS256"),
        "text for a time": jwt.encode(claims | {"exp": "soon"}, key, "HS256"),
        "far time": jwt.encode(claims | {"exp": 10**30}, key, "HS256"),
        "number for a grant": jwt.encode(claims | {"sid": 5}, key, "HS256"),
        "crit": jwt.encode(claims, key, "HS256", headers={"crit": ["b64"]}),
        "two": f"{token} {token}",
        **without,
    }


@pytest.mark.filterwarnings("ignore:The HMAC key is 32 bytes")
async def test_forged_tokens_are_nobody(door: Door) -> None:
    """Also those signed with the right key that say what we never say."""
    token = (await door.of_person())["access"]
    assert await door.status(token) == 200
    forged = _forged(token, door.house.runtime.sealer)
    assert len(forged) >= 20
    for name, wrong in forged.items():
        assert (name, await door.status(wrong)) == (name, 401)


async def test_an_access_token_ends_after_a_quarter_of_an_hour(door: Door) -> None:
    """By our clock; another one comes with the refresh token, which stays."""
    made = await door.of_person()
    door.house.clock.advance(899)
    assert await door.status(made["access"]) == 200
    door.house.clock.advance(1)
    assert await door.status(made["access"]) == 401
    answer = await door.token("/refresh", refresh=made["refresh"])
    renewed = answer.json()
    assert set(renewed) == {"access", "token_type", "expires_in", "scopes"}
    assert await door.status(renewed["access"]) == 200
    door.house.clock.advance(timedelta(days=30).total_seconds())
    refused = await door.token("/refresh", refresh=made["refresh"])
    assert refused.status_code == 401


async def test_no_token_outlives_its_key(door: Door) -> None:
    """A key with five minutes left gives tokens for five minutes."""
    key, _ = door.key("read", expires_at=NOON + timedelta(minutes=5))
    made = await door.of_key(key)
    assert made["expires_in"] == 300
    assert await door.status(made["access"]) == 200
    door.house.clock.advance(300)
    assert await door.status(made["access"]) == 401
    for what in ("/refresh", "/rotate"):
        assert (await door.token(what, refresh=made["refresh"])).status_code == 401


# --- ended ---------------------------------------------------------------------------


async def test_a_revoked_key_ends_its_tokens_at_once(door: Door) -> None:
    """Access and refresh, and those of no other key."""
    (key, key_id), (other, _) = door.key("read"), door.key("read")
    made, kept = await door.of_key(key), await door.of_key(other)
    door.house.db.write_now(
        apikeys.revoke_key, key_id, wedding_id=door.wedding, by=None, now=NOON
    )
    assert await door.status(made["access"]) == 401
    assert (await door.token("/rotate", refresh=made["refresh"])).status_code == 401
    assert await door.status(kept["access"]) == 200


async def test_a_demoted_person_may_no_more_than_their_role(door: Door) -> None:
    """The right is gone at the next request, not when the token ends; who belongs to
    the wedding no longer is nobody."""
    made = await door.of_person()
    _role(door, Role.VIEWER)
    assert await door.status(made["access"], SEND) == 403
    assert await door.status(made["access"]) == 200
    renewed = (await door.token("/refresh", refresh=made["refresh"])).json()
    assert renewed["scopes"] == ["read"]
    _role(door, None)
    for token in (made["access"], renewed["access"]):
        assert await door.status(token) == 401
    for what in ("/refresh", "/rotate"):
        assert (await door.token(what, refresh=made["refresh"])).status_code == 401


def _role(door: Door, role: Role | None) -> None:
    mine = col(Membership.user_id) == door.owner
    statement = (
        sa.update(Membership).where(mine).values(role=role.value)
        if role
        else sa.delete(Membership).where(mine)
    )
    door.house.db.write_now(lambda s: s.execute(statement) and None)


async def test_a_new_password_ends_what_programs_hold(door: Door) -> None:
    """As it logs the person's browsers out."""
    made = await door.of_person()
    door.house.db.write_now(users.set_password, EMAIL, "sage and dill", now=NOON)
    assert await door.status(made["access"]) == 401
    assert (await door.token("/refresh", refresh=made["refresh"])).status_code == 401


async def test_revoking_ends_access_and_refresh(door: Door) -> None:
    """204 for one that is good, that has ended, that never was."""
    made, kept = await door.of_person(), await door.of_person()
    for refresh in (made["refresh"], made["refresh"], "wwr_never", "x" * 200):
        assert (await door.token("/revoke", refresh=refresh)).status_code == 204
    assert await door.status(made["access"]) == 401
    for what in ("/refresh", "/rotate"):
        assert (await door.token(what, refresh=made["refresh"])).status_code == 401
    assert await door.status(kept["access"]) == 200


# --- rotated -------------------------------------------------------------------------


async def test_rotating_gives_new_ones(door: Door) -> None:
    """The access token from before goes on until its end; the new refresh token has
    its full time again."""
    made = await door.of_person(scopes=["send"])
    door.house.clock.advance(timedelta(days=29).total_seconds())
    rotated = (await door.token("/rotate", refresh=made["refresh"])).json()
    assert set(rotated) == set(made)
    assert rotated["scopes"] == ["send"]
    assert await door.status(rotated["access"], SEND) == 404
    door.house.clock.advance(timedelta(days=29).total_seconds())
    again = await door.token("/refresh", refresh=rotated["refresh"])
    assert again.status_code == 200


@pytest.mark.parametrize("what", ["/refresh", "/rotate"])
async def test_an_old_refresh_token_that_comes_again_ends_everything(
    door: Door, what: str
) -> None:
    """Two hold it and one of them is a thief: neither may go on, and it is on record.
    Other grants of the person are not touched."""
    made, kept = await door.of_person(), await door.of_person()
    rotated = (await door.token("/rotate", refresh=made["refresh"])).json()
    assert await door.status(rotated["access"]) == 200
    assert (await door.token(what, refresh=made["refresh"])).status_code == 401
    for token in (made["access"], rotated["access"]):
        assert await door.status(token) == 401
    late = await door.token("/refresh", refresh=rotated["refresh"])
    assert late.status_code == 401
    assert await door.status(kept["access"]) == 200
    told = door.house.db.read_now(lambda s: s.exec(select(AuditEntry.action)).all())
    assert list(told).count("token_reused") == 1


async def test_nobody_ends_a_grant_by_guessing(door: Door) -> None:
    """Its prefix stands in every access token; without a secret of ours it is none."""
    made = await door.of_person()
    prefix = made["refresh"].rpartition("_")[0]
    for secret in ("0" * 80, made["refresh"].rpartition("_")[2][::-1], "", "é"):
        for what in ("/refresh", "/rotate", "/revoke"):
            await door.token(what, refresh=f"{prefix}_{secret}")
    assert await door.status(made["access"]) == 200
    assert (await door.token("/refresh", refresh=made["refresh"])).is_success


async def test_of_many_rotations_at_once_one_counts(door: Door) -> None:
    """The others are too late, which ends the grant: nobody has two good ones."""
    made = await door.of_person()
    answers = await asyncio.gather(
        *(door.token("/rotate", refresh=made["refresh"]) for _ in range(10))
    )
    good = [one.json() for one in answers if one.status_code == 200]
    assert len(good) == 1
    assert await door.status(good[0]["access"]) == 401


async def test_secrets_are_compared_in_constant_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mark and hash of a refresh token, by the function made for it."""
    made = await door.of_person()
    compared: list[tuple[str, str]] = []
    real = tokens.hmac.compare_digest

    def compare(a: str, b: str) -> bool:
        compared.append((a, b))
        return real(a, b)

    monkeypatch.setattr(tokens.hmac, "compare_digest", compare)
    assert (await door.token("/refresh", refresh=made["refresh"])).is_success
    assert (made["refresh"][-32:],) * 2 in compared
    assert len([a for a, b in compared if len(a) == len(b) == 64]) >= 1


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
