"""api: what a route asks of who calls: `Needs(Scope.READ)`.

    @router.get("/api/queue")
    async def queue(caller: Annotated[Caller, Needs(Scope.READ)]) -> ...

The guard has let nobody unknown in; a scope says what the known one may do. A test
fails for a route of the API that names none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, HTTPException, Request

from wedding_wa.api.errors import Forbidden
from wedding_wa.services.apikeys import SCOPES_OF_ROLE, Scope
from wedding_wa.services.audit import By, Program
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.sessions import Viewer


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program, and for which wedding they act.

    A program with an access token acts for whom it was given out: `grant_id` is set,
    and `user_id` or `key_id`.
    """

    wedding_id: int
    scopes: frozenset[Scope]
    user_id: int | None = None
    key_id: int | None = None
    language: str | None = None
    grant_id: int | None = None

    @property
    def by(self) -> By:
        """Who does what they do, as the audit has it."""
        return self.user_id if self.key_id is None else Program(self.key_id)


def caller_of(who: Viewer | Bearer) -> Caller:
    """Return the one shape of both."""
    if isinstance(who, Bearer):
        return Caller(
            who.wedding_id,
            who.scopes,
            user_id=who.user_id,
            key_id=who.key_id,
            grant_id=who.grant_id,
        )
    scopes = SCOPES_OF_ROLE[who.role]
    return Caller(who.wedding_id, scopes, user_id=who.user_id, language=who.language)


def needs(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """Return the dependency; it raises Forbidden. It waits for nothing, but what is
    not `async` would be called on a thread of its own."""

    async def check(request: Request) -> Caller:
        who = getattr(request.state, "who", None)
        if who is None:  # served without the guard around it
            raise HTTPException(401)
        caller = caller_of(who)
        if scope not in caller.scopes:
            raise Forbidden(scope.value)
        return caller

    check.scope = scope  # type: ignore[attr-defined]  # read by the test of all routes
    return check


def Needs(scope: Scope) -> Any:  # noqa: N802  # reads like FastAPI's Depends
    """Depend on a caller that may do `scope`."""
    return Depends(needs(scope))
