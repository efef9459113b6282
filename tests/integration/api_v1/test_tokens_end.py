"""Short-lived tokens are dead the moment they must, and nobody forges one."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta

import jwt
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.builders import make_couple
from tests.fakes import NOON
from tests.integration.api_v1.token_door import CLAIMS, SEND, Door
from tests.integration.auth.conftest import EMAIL, PASSWORD, House, house  # noqa: F401
from wedding_wa.models import AuditEntry, Membership, Role
from wedding_wa.services import access, apikeys, tokens, users
from wedding_wa.services.secrets import Sealer

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
    _role(door, Role.OWNER)
    assert await door.status(made["access"], SEND) == 404
    assert await door.status(renewed["access"], SEND) == 403  # no more than it says
    _role(door, None)
    for token in (made["access"], renewed["access"]):
        assert await door.status(token) == 401
    for what in ("/refresh", "/rotate"):
        assert (await door.token(what, refresh=made["refresh"])).status_code == 401


async def test_another_wedding_keeps_no_token_alive(door: Door) -> None:
    """Taken out of this one, they are nobody here, whatever they may elsewhere."""
    made = await door.of_person()
    theirs = make_couple(door.house.db).wedding
    mine = sa.update(Membership).where(col(Membership.user_id) == door.owner)
    moved = mine.values(wedding_id=theirs)
    door.house.db.write_now(lambda s: s.execute(moved) and None)
    assert await door.status(made["access"]) == 401
    assert (await door.token("/refresh", refresh=made["refresh"])).status_code == 401


async def test_of_whose_rights_none_is_left_is_nobody(door: Door) -> None:
    """A token that was for sending alone, of one who may no longer send."""
    made = await door.of_person(scopes=["send"])
    assert await door.status(made["access"], SEND) == 404
    _role(door, Role.VIEWER)
    assert await door.status(made["access"], SEND) == 401
    assert (await door.token("/refresh", refresh=made["refresh"])).status_code == 401


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
