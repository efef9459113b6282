"""services: password hashes (argon2id, the library's RFC 9106 profile)."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from wedding_wa.domain.errors import BadInput

SHORTEST = 10
LONGEST = 1024

_hasher = PasswordHasher()
# A hash takes 64 MiB and a core: two at a time, however many knock.
_AT_ONCE = 2


def checked_password(password: str) -> str:
    """Return `password` if it is long enough. Raises BadInput on "password"."""
    if len(password) < SHORTEST:
        raise BadInput("error.password_short", "password", n=SHORTEST)
    if len(password) > LONGEST:
        raise BadInput("error.password_long", "password", n=LONGEST)
    return password


def hashed(password: str) -> str:
    """Return the argon2 hash of a checked password. Takes about 0.1 s."""
    return _hasher.hash(checked_password(password))


async def matches(password: str, password_hash: str | None) -> bool:
    """True if the hash is this password's. None costs the same time and is False."""
    if len(password) > LONGEST:
        return False
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), _verify, password, password_hash)


def outdated(password_hash: str) -> bool:
    """True where the library has moved on to stronger parameters."""
    return _hasher.check_needs_rehash(password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        right = _hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="password")
