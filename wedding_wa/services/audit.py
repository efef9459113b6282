"""services: who did what that the rows themselves do not tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.models import ApiKey, AuditEntry, User

#: The name under which `params` has the key of a program that did it.
BY_KEY = "by_key"


@dataclass(frozen=True, slots=True)
class Program:
    """The program behind an API key, also where it shows a token that the key gave."""

    key_id: int


#: Who did it: a person by their id, a program, or None: a command, or the app itself.
By: TypeAlias = int | Program | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, for which wedding."""

    wedding_id: int
    by: By

    @property
    def user_id(self) -> int | None:
        """The person's id; None where it is no person."""
        return person(self.by)


def record(
    session: Session,
    action: str,
    *,
    wedding_id: int,
    by: By,
    now: datetime,
    **params: object,
) -> None:
    """Write one line. `params` are JSON values: ids and names, never a secret."""
    if isinstance(by, Program):
        params[BY_KEY] = by.key_id
    session.execute(
        sa.insert(AuditEntry).values(
            wedding_id=wedding_id,
            user_id=person(by),
            action=action,
            params=params,
            at=now,
        )
    )


def by_of(entry: AuditEntry) -> By:
    """Who did what a line tells."""
    key_id = entry.params.get(BY_KEY)
    return Program(key_id) if isinstance(key_id, int) else entry.user_id


def person(by: By) -> int | None:
    """The user's id for rows that name only people; None for all others."""
    return None if isinstance(by, Program) else by


def named(session: Session, by: By) -> dict[str, str]:
    """How a sentence names them: {"person": name}, {"program": name}, or nothing."""
    if isinstance(by, Program):
        return {"program": session.get_one(ApiKey, by.key_id).name}
    user = None if by is None else session.get(User, by)
    return {"person": user.name or user.email} if user else {}
