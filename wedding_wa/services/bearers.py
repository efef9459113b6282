"""services: the program behind a `Bearer`: an API key, or an access token.

The doors of programs ask here who it is: the REST guard and the feed's socket.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import Database
from wedding_wa.services import access, apikeys, grants
from wedding_wa.services.access import Access
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.database_trouble import in_passing
from wedding_wa.services.grants import Grant
from wedding_wa.services.known_keys import KnownKeys
from wedding_wa.services.secrets import Sealer

_LONGEST = 2000
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls, and until when what they showed is good (None: until revoked).

    Of an access token `grant_id` is set, and `user_id` or `key_id` for whom it is.
    """

    wedding_id: int
    scopes: frozenset[Scope]
    key_id: int | None
    user_id: int | None
    grant_id: int | None
    name: str
    expires_at: datetime | None = None


async def bearer_of(
    db: Database,
    token: str,
    *,
    now: datetime,
    sealer: Sealer,
    known: KnownKeys | None = None,
) -> Bearer | None:
    """Return who may come in with `token`; None: unknown, altered, ended, too old.

    Also notes, once a minute, that it was used. `known` are keys that need not be asked
    for again.
    """
    if not _can_be_one(token):
        return None
    if token.startswith(f"{apikeys.MARK}_"):
        holder = (
            await known.verify(token, now=now)
            if known
            else await apikeys.verify_key(db, token, now=now)
        )
        return _of_key(holder) if holder else None
    said = access.read(token, sealer=sealer, now=now)
    if said is None:
        return None
    grant = await db.read(grants.alive, said.prefix, now)
    if grant is None or not grant.scopes & said.scopes:
        return None
    if not grant.last_used_at or now - grant.last_used_at >= _USED_EVERY:
        await in_passing(db.write(grants.used, grant, now))
    return _of_grant(grant, said)


def still_valid(
    session: Session, bearers: Collection[Bearer], now: datetime
) -> set[Bearer]:
    """Return those that may still come in: one query, however many.

    To be asked when the bus moves, which a revoked key and a person taken out make it
    do, and from time to time: that something expires is no commit.
    """
    young = [b for b in bearers if b.expires_at is None or b.expires_at > now]
    if not young:
        return set()
    by_grant = grants.alive_ids({b.grant_id for b in young if b.grant_id}, now)
    by_key = apikeys.alive_ids({b.key_id or 0 for b in young if _is_key(b)}, now)
    rows = session.execute(
        sa.union_all(
            by_key.add_columns(sa.literal("key")),
            by_grant.add_columns(sa.literal("grant")),
        )
    )
    good = {(kind, number) for number, kind in rows}
    return {b for b in young if _place(b) in good}


def _is_key(bearer: Bearer) -> bool:
    return bearer.grant_id is None


def _place(bearer: Bearer) -> tuple[str, int | None]:
    if _is_key(bearer):
        return "key", bearer.key_id
    return "grant", bearer.grant_id


def _can_be_one(token: str) -> bool:
    """Ours are short and have visible letters only; no other reaches the database."""
    return 0 < len(token) <= _LONGEST and token.isascii() and token.isprintable()


def _of_key(holder: apikeys.KeyHolder) -> Bearer:
    return Bearer(
        wedding_id=holder.wedding_id,
        scopes=holder.scopes,
        key_id=holder.key_id,
        user_id=None,
        grant_id=None,
        name=holder.name,
        expires_at=holder.expires_at,
    )


def _of_grant(grant: Grant, said: Access) -> Bearer:
    return Bearer(
        wedding_id=grant.wedding_id,
        scopes=grant.scopes & said.scopes,
        key_id=grant.key_id,
        user_id=grant.user_id,
        grant_id=grant.id,
        name=grant.name,
        expires_at=said.expires_at,
    )
