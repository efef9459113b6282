"""api: /api/v1/token: short-lived tokens for programs, from a password or a key.

Open to everybody: what is sent is itself the way in. Tries that fail are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.errors import Forbidden
from wedding_wa.api.tries import tries_of
from wedding_wa.api.v1.shapes import Body, Id, SmallBodies
from wedding_wa.domain.errors import BadInput
from wedding_wa.services import passwords, tokens
from wedding_wa.services.apikeys import MissingScope
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.tokens import Terms, TokenRefused, Tokens

router = APIRouter(prefix="/token", route_class=SmallBodies)

ScopeName = Literal["read", "send", "control", "admin"]
Scopes = Annotated[list[ScopeName], Field(min_length=1, max_length=4)]

_EMAIL_LONGEST = 254
_TOKEN_LONGEST = 200

Email = Annotated[
    str | None, Field(max_length=_EMAIL_LONGEST, examples=["anna@example.org"])
]
Password = Annotated[
    str | None,
    Field(max_length=passwords.LONGEST, repr=False, examples=["rose and thyme"]),
]


class Asked(Body):
    """E-mail address and password of a person; or nothing of both, with a key in
    `Authorization`. `scopes` left out: all that they may."""

    email: Email = None
    password: Password = None
    wedding_id: Annotated[
        Id | None, Field(description="For a person of several weddings.")
    ] = None
    scopes: Annotated[Scopes | None, Field(examples=[["read", "send"]])] = None


class Held(Body):
    """The refresh token that one has."""

    refresh: str = Field(
        max_length=_TOKEN_LONGEST,
        repr=False,
        examples=["wwr_0123456789abcdef_…"],
    )


class AccessShape(Shape):
    """An access token, for `Authorization: Bearer …`, and for how many seconds."""

    access: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # RFC 6750's word
    expires_in: int = Field(examples=[900])
    scopes: list[ScopeName]


class TokensShape(AccessShape):
    """With the refresh token that replaces the one before, if there was one."""

    refresh: str


@router.post("", responses=problems(401, 403, 404, 429))
async def give(request: Request, asked: Asked | None = None) -> TokensShape:
    """Get an access and a refresh token."""
    asked = asked or Asked()
    try:
        if "authorization" in request.headers:
            return _shape(await _for_key(request, asked))
        return _shape(await _for_person(request, asked))
    except MissingScope as error:
        raise Forbidden(error.scope.value) from None


@router.post("/refresh", responses=problems(401, 429))
async def refresh(request: Request, held: Held) -> AccessShape:
    """Get another access token; the refresh token stays the same."""
    found = await _tried(request, tokens.refresh, held)
    return AccessShape.model_validate(_plain(found, without="refresh"))


@router.post("/rotate", responses=problems(401, 429))
async def rotate(request: Request, held: Held) -> TokensShape:
    """Get another access and another refresh token; the old one is dead at once.

    Should the old one come again, somebody has copied it: everything that was given
    out with it ends.
    """
    return _shape(await _tried(request, tokens.rotate, held))


@router.post("/revoke", status_code=204, responses=problems(429))
async def revoke(request: Request, held: Held) -> Response:
    """End a refresh token and the access tokens that came with it.

    204 also for one that had ended, or never was.
    """
    app, tries = runtime.current(), tries_of(request)
    tries.token(request)
    known = await app.db.write(
        tokens.revoke, held.refresh, terms=_terms(), now=app.clock.now()
    )
    if known:
        tries.token_was_right(request)
    return Response(status_code=204)


async def _for_key(request: Request, asked: Asked) -> Tokens:
    """For the key that the guard knows; an access token is none."""
    app, who = runtime.current(), getattr(request.state, "who", None)
    if not isinstance(who, Bearer) or who.key_id is None or who.grant_id is not None:
        tries_of(request).token(request)
        raise HTTPException(401)
    for field in ("email", "password", "wedding_id"):
        if getattr(asked, field) is not None:
            raise BadInput("api.wrong.left_out", field)
    return await app.db.write(
        tokens.for_key,
        who.key_id,
        scopes=asked.scopes,
        terms=_terms(),
        now=app.clock.now(),
    )


async def _for_person(request: Request, asked: Asked) -> Tokens:
    app = runtime.current()
    for field in ("email", "password"):
        if getattr(asked, field) is None:
            raise BadInput("api.wrong.missing", field)
    user_id = await tries_of(request).person(
        request, asked.email or "", asked.password or ""
    )
    return await app.db.write(
        tokens.for_person,
        user_id,
        wedding_id=asked.wedding_id,
        scopes=asked.scopes,
        terms=_terms(),
        now=app.clock.now(),
    )


async def _tried(
    request: Request, renew: Callable[..., Tokens | None], held: Held
) -> Tokens:
    """Renew, counting it as a try until it was right. Raises TokenRefused."""
    app, tries = runtime.current(), tries_of(request)
    tries.token(request)

    def write(session: Session) -> Tokens | None:
        return renew(session, held.refresh, terms=_terms(), now=app.clock.now())

    found = await app.db.write(write)
    if found is None:
        raise TokenRefused
    tries.token_was_right(request)
    return found


def _terms() -> Terms:
    app = runtime.current()
    return Terms(app.sealer, timedelta(days=app.settings.login_days))


def _shape(found: Tokens) -> TokensShape:
    return TokensShape.model_validate(_plain(found))


def _plain(found: Tokens, *, without: str = "") -> dict[str, object]:
    values = asdict(found) | {"scopes": [scope.value for scope in found.scopes]}
    return {name: value for name, value in values.items() if name != without}
