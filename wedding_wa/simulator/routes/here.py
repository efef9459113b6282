"""simulator: what a request handler is handed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from wedding_wa.simulator import answers, lifecycle
from wedding_wa.simulator.chatting import Chatting
from wedding_wa.simulator.sessions import Session
from wedding_wa.simulator.world import World

Json = dict[str, Any]


async def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


async def _chatting(request: Request) -> Chatting:
    chatting: Chatting = request.app.state.chatting
    return chatting


WorldHere = Annotated[World, Depends(_world)]
ChattingHere = Annotated[Chatting, Depends(_chatting)]
Body = Annotated[Json, Depends(answers.body_of)]


async def _working(session: str, world: WorldHere) -> Session:
    return await lifecycle.working(world, session)


async def _working_of_body(body: Body, world: WorldHere) -> Session:
    name = body.get("session")
    if not name:
        raise answers.nest(400, "Session name is required")
    return await lifecycle.working(world, str(name))


async def _working_of_query(request: Request, world: WorldHere) -> Session:
    return await lifecycle.working(world, session_of_query(request))


def session_of_query(request: Request) -> str:
    name = request.query_params.get("session")
    if not name:
        raise answers.nest(400, "Session name is required")
    return name


# The session named in the path, the body or the query, once it is WORKING.
Working = Annotated[Session, Depends(_working)]
WorkingOfBody = Annotated[Session, Depends(_working_of_body)]
WorkingOfQuery = Annotated[Session, Depends(_working_of_query)]


def number(request: Request, name: str, default: int | None) -> int | None:
    """Return a whole number of the query, `default` without or for nonsense."""
    try:
        return int(request.query_params[name])
    except (KeyError, ValueError):
        return default


def page(request: Request, items: list[Any], limit: int | None = None) -> list[Any]:
    """Return the part of `items` that `limit` and `offset` ask for."""
    offset = max(0, number(request, "offset", 0) or 0)
    most = number(request, "limit", limit)
    return items[offset:] if most is None else items[offset : offset + max(0, most)]
