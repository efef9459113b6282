"""simulator: numbers, LIDs, the own profile and presence."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.routes.chatting import chat_of
from wedding_wa.simulator.routes.here import (
    Body,
    ChattingHere,
    Working,
    WorkingOfQuery,
    WorldHere,
    page,
)

Json = dict[str, Any]

router = APIRouter()

CHECK_PATH = "/api/contacts/check-exists"


@router.get(CHECK_PATH)
@router.get("/api/checkNumberStatus")
async def check_exists(
    request: Request, session: WorkingOfQuery, chatting: ChattingHere
) -> Response:
    chat = f"{ids.digits(request.query_params.get('phone', ''))}@c.us"
    if chatting.is_nobody(session, chat, path=CHECK_PATH):
        return answers.answer({"numberExists": False})
    return answers.answer({"numberExists": True, "chatId": chat})


# --- LIDs: known once their owner has written ---------------------------------------


@router.get("/api/{session}/lids")
async def lids(request: Request, session: Working, world: WorldHere) -> Response:
    known = world.history(session.name).lids
    pairs = [{"lid": lid, "pn": phone} for lid, phone in known.items()]
    return answers.answer(page(request, pairs))


@router.get("/api/{session}/lids/count")
async def lids_count(session: Working, world: WorldHere) -> Response:
    return answers.answer({"count": len(world.history(session.name).lids)})


@router.get("/api/{session}/lids/pn/{phone}")
async def lid_of_phone(phone: str, session: Working, world: WorldHere) -> Response:
    chat = f"{ids.digits(phone)}@c.us"
    lid = world.history(session.name).lid_of(chat)
    return answers.answer({"lid": lid, "pn": chat})


@router.get("/api/{session}/lids/{lid}")
async def phone_of_lid(lid: str, session: Working, world: WorldHere) -> Response:
    full = f"{ids.digits(lid)}@lid"
    phone = world.history(session.name).phone_of(full)
    return answers.answer({"lid": full, "pn": phone})


# --- ourselves -------------------------------------------------------------------


@router.get("/api/{session}/profile")
async def profile(session: Working) -> Response:
    me = session.me or {}
    told = {"id": me.get("id"), "name": me.get("pushName"), "picture": None}
    return answers.answer(told)


@router.post("/api/{session}/presence")
async def set_presence(body: Body, session: Working, world: WorldHere) -> Response:
    match body.get("presence"):
        case "online" | "offline" as presence:
            session.touch(online=presence == "online")
        case "typing" | "recording":
            world.mark(session.name, chat_of(body), "typing")
        case "paused":
            world.mark(session.name, chat_of(body), "stopped")
        case _:
            known = "offline, online, typing, recording, paused"
            raise answers.nest(
                400, [f"presence must be one of the following values: {known}"]
            )
    return answers.empty(201)


@router.get("/api/{session}/presence")
async def presences(session: Working) -> Response:
    assert session.running
    return answers.answer([])


@router.get("/api/{session}/presence/{chat}")
async def presence_of(chat: str, session: Working) -> Response:
    """Answer a chat's presence: pretend guests never show that they are online."""
    assert session.running
    return answers.answer({"id": ids.chat_id(chat), "presences": []})


@router.post("/api/{session}/presence/{chat}/subscribe")
async def subscribe(chat: str, session: Working) -> Response:
    assert chat
    assert session.running
    return answers.empty(201)
