"""services: tokens for programs: given out, renewed, ended.

A refresh token is `wwr_<prefix>_<secret>`. Only its hash is kept; the secret ends with
a mark of ours, so that one that was given out once is told from one that never was. An
old one that comes again was copied: everything of its grant ends then.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.models import ApiKey, Membership, Role, TokenGrant
from wedding_wa.services import access, audit, grants
from wedding_wa.services.apikeys import (
    SCOPES_OF_ROLE,
    MissingScope,
    Scope,
    checked_scopes,
    with_implied,
)
from wedding_wa.services.grants import Grant
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.users import WrongLogin

_PURPOSE = "refresh-token"
_FORM = re.compile(rf"({grants.MARK}_[0-9a-f]{{16}})_([0-9a-f]{{48}})([0-9a-f]{{32}})")
# Of one person or key; the oldest make room. A program needs one.
_GRANTS = 100


class TokenRefused(WrongLogin):
    """A refresh token that is unknown, old or ended; which of them is not told."""

    def __init__(self) -> None:
        Refused.__init__(self, "error.token_refused")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a program is given. `refresh` None: the one it has stays good."""

    access: str
    refresh: str | None
    expires_in: int
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How tokens are made: what signs them, and how long a refresh token lasts."""

    sealer: Sealer
    lasts: timedelta


def for_person(
    session: Session,
    user_id: int,
    *,
    wedding_id: int | None,
    scopes: Iterable[str] | None,
    terms: Terms,
    now: datetime,
) -> Tokens:
    """Give tokens to a person's program; `scopes` None: all that the person may.

    Without `wedding_id` for their first wedding. Raises NotFound for a wedding that is
    not theirs, BadInput on "scopes", MissingScope for more than they may.
    """
    query = sa.select(col(Membership.wedding_id), col(Membership.role)).where(
        col(Membership.user_id) == user_id
    )
    if wedding_id is not None:
        query = query.where(col(Membership.wedding_id) == wedding_id)
    row = session.execute(query.order_by(col(Membership.wedding_id)).limit(1)).first()
    if row is None:
        raise NotFound("error.no_wedding")
    allowed = _wanted(scopes, SCOPES_OF_ROLE[Role(row.role)])
    return _give(session, row.wedding_id, user_id, None, allowed, terms, now)


def for_key(
    session: Session,
    key_id: int,
    *,
    scopes: Iterable[str] | None,
    terms: Terms,
    now: datetime,
) -> Tokens:
    """Give tokens for a key that is good; none outlives it. Raises as `for_person`."""
    key = session.get_one(ApiKey, key_id)
    allowed = _wanted(scopes, with_implied(key.scopes.split()))
    return _give(session, key.wedding_id, None, key_id, allowed, terms, now)


def refresh(
    session: Session, token: str, *, terms: Terms, now: datetime
) -> Tokens | None:
    """Return a new access token. None: refused; a copied one ended its grant."""
    grant = _current(session, token, terms, now)
    if grant is None:
        return None
    grants.used(session, grant, now)
    return _tokens(grant, None, terms, now)


def rotate(
    session: Session, token: str, *, terms: Terms, now: datetime
) -> Tokens | None:
    """As `refresh`, with a new refresh token; this one is dead from here on."""
    grant = _current(session, token, terms, now)
    if grant is None:
        return None
    following = _new_refresh(grant.prefix, terms.sealer)
    until = _until(session, grant.key_id, terms, now)
    grants.renew(session, grant, _hash(following), until=until, now=now)
    grant = grants.alive(session, grant.prefix, now) or grant
    return _tokens(grant, following, terms, now)


def revoke(session: Session, token: str, *, terms: Terms, now: datetime) -> bool:
    """End the grant of a refresh token, old or new, with all its access tokens.

    False for a token that never was one; True also where it had ended before.
    """
    prefix = _genuine_prefix(token, terms.sealer)
    if prefix is None:
        return False
    grant = grants.alive(session, prefix, now, to_change=True)
    if grant is not None:
        _end(session, grant, "token_revoked", now)
    return True


def _wanted(asked: Iterable[str] | None, allowed: frozenset[Scope]) -> frozenset[Scope]:
    if asked is None:
        return allowed
    wanted = with_implied(checked_scopes(asked))
    if missing := sorted(wanted - allowed):
        raise MissingScope(missing[0])
    return wanted


def _give(
    session: Session,
    wedding_id: int,
    user_id: int | None,
    key_id: int | None,
    scopes: frozenset[Scope],
    terms: Terms,
    now: datetime,
) -> Tokens:
    prefix = grants.new_prefix()
    token = _new_refresh(prefix, terms.sealer)
    grants.add(
        session,
        wedding_id=wedding_id,
        user_id=user_id,
        key_id=key_id,
        prefix=prefix,
        refresh_hash=_hash(token),
        scopes=scopes,
        expires_at=_until(session, key_id, terms, now),
        now=now,
    )
    _make_room(session, user_id, key_id)
    grant = grants.alive(session, prefix, now)
    if grant is None:  # the key was revoked a moment ago
        raise TokenRefused
    return _tokens(grant, token, terms, now)


def _make_room(session: Session, user_id: int | None, key_id: int | None) -> None:
    whose = (
        col(TokenGrant.user_id) == user_id
        if key_id is None
        else col(TokenGrant.key_id) == key_id
    )
    ids = sa.select(col(TokenGrant.id)).where(whose).order_by(col(TokenGrant.id).desc())
    last = session.scalar(ids.offset(_GRANTS).limit(1))
    if last is not None:
        session.execute(
            sa.delete(TokenGrant).where(whose, col(TokenGrant.id) <= last),
            execution_options={"synchronize_session": False},
        )


def _until(
    session: Session, key_id: int | None, terms: Terms, now: datetime
) -> datetime:
    """Until when a refresh token made now is good: no longer than its key."""
    until = now + terms.lasts
    if key_id is None:
        return until
    ends = session.scalar(
        sa.select(col(ApiKey.expires_at)).where(col(ApiKey.id) == key_id)
    )
    return min(until, ends) if ends else until


def _current(session: Session, token: str, terms: Terms, now: datetime) -> Grant | None:
    """The grant of a refresh token that is the newest of its grant.

    An older one, told by our mark in it, ends the grant: two hold it, and which of
    them is the thief nobody knows.
    """
    prefix = _genuine_prefix(token, terms.sealer)
    grant = grants.alive(session, prefix, now, to_change=True) if prefix else None
    if grant is None:
        return None
    if hmac.compare_digest(grant.refresh_hash, _hash(token)):
        return grant if grant.scopes else None
    _end(session, grant, "token_reused", now)
    return None


def _end(session: Session, grant: Grant, action: str, now: datetime) -> None:
    grants.end(session, grant, now)
    audit.record(
        session,
        action,
        wedding_id=grant.wedding_id,
        by=grant.user_id,
        now=now,
        key_id=grant.key_id,
        prefix=grant.prefix,
    )


def _tokens(grant: Grant, token: str | None, terms: Terms, now: datetime) -> Tokens:
    until = access.ends(grant, now)
    return Tokens(
        access=access.sign(grant, sealer=terms.sealer, now=now),
        refresh=token,
        expires_in=int((until - now).total_seconds()),
        scopes=tuple(scope for scope in Scope if scope in grant.scopes),
    )


def _new_refresh(prefix: str, sealer: Sealer) -> str:
    secret = secrets.token_hex(24)
    return f"{prefix}_{secret}{_mark(prefix, secret, sealer)}"


def _genuine_prefix(token: str, sealer: Sealer) -> str | None:
    """The prefix of a token that was given out here once; None for any other."""
    form = _FORM.fullmatch(token)
    if form is None:
        return None
    prefix, secret, mark = form.groups()
    return prefix if hmac.compare_digest(mark, _mark(prefix, secret, sealer)) else None


def _mark(prefix: str, secret: str, sealer: Sealer) -> str:
    text = f"{prefix}_{secret}".encode()
    return hmac.new(sealer.key(_PURPOSE), text, hashlib.sha256).hexdigest()[:32]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
