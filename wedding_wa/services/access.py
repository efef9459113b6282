"""services: access tokens: what a program shows for a quarter of an hour.

JWTs, signed HS256 with a key derived from the app's own for nothing else. What one
says counts only while its grant holds (services/grants.py), which is asked each time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from wedding_wa.services.apikeys import Scope, with_implied
from wedding_wa.services.grants import Grant
from wedding_wa.services.secrets import Sealer

ISSUER = "wedding_wa"
PURPOSE = "access-token"
LASTS = timedelta(minutes=15)

_ALGORITHM = "HS256"
_CLAIMS = ["iss", "sub", "sid", "iat", "exp", "jti", "scope"]
# Time is judged by our own clock, below.
_CHECKS = {
    "require": _CLAIMS,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a token that is genuine and not too old says."""

    prefix: str
    scopes: frozenset[Scope]
    expires_at: datetime


def ends(grant: Grant, now: datetime) -> datetime:
    """Until when a token signed now is good: for LASTS, but no longer than `grant`."""
    return min(now + LASTS, grant.expires_at)


def sign(grant: Grant, *, sealer: Sealer, now: datetime) -> str:
    """Return a token for what `grant` allows now."""
    claims = {
        "iss": ISSUER,
        "sub": grant.subject,
        "sid": grant.prefix,
        "iat": int(now.timestamp()),
        "exp": int(ends(grant, now).timestamp()),
        "jti": secrets.token_hex(8),
        "scope": " ".join(sorted(grant.scopes)),
    }
    return jwt.encode(claims, sealer.key(PURPOSE), algorithm=_ALGORITHM)


def read(token: str, *, sealer: Sealer, now: datetime) -> Access | None:
    """Return what a token says; None if it is not ours, altered or too old."""
    try:
        claims = jwt.decode(
            token,
            sealer.key(PURPOSE),
            algorithms=[_ALGORITHM],
            issuer=ISSUER,
            options=_CHECKS,  # type: ignore[arg-type]  # a TypedDict of theirs
        )
    except jwt.PyJWTError:
        return None
    said = _said(claims)
    return said if said and said.expires_at > now else None


def _said(claims: dict[str, Any]) -> Access | None:
    """What is signed as ours and yet not of our form is nobody's either."""
    prefix, ends_at, scope = claims["sid"], claims["exp"], claims["scope"]
    try:
        return Access(
            prefix=str(prefix),
            scopes=with_implied(scope.split()),
            expires_at=datetime.fromtimestamp(ends_at, UTC),
        )
    except (AttributeError, TypeError, ValueError, OverflowError, OSError):
        return None
