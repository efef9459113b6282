"""simulator: seen, typing, sendText and reactions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.messages import reaction_answer
from wedding_wa.simulator.routes.here import (
    Body,
    ChattingHere,
    Working,
    WorkingOfBody,
    WorldHere,
)

Json = dict[str, Any]

router = APIRouter()


def chat_of(body: Json) -> str:
    """Return the chat of a body; without one WAHA's own code trips over it."""
    chat = body.get("chatId")
    if not isinstance(chat, str):
        raise answers.EngineError(
            "Cannot read properties of undefined (reading 'includes')",
            name="TypeError",
        )
    return ids.chat_id(chat)


@router.post("/api/sendText")
async def send_text(
    body: Body, session: WorkingOfBody, chatting: ChattingHere
) -> Response:
    chat = chat_of(body)
    text = body.get("text")
    if not isinstance(text, str):
        raise answers.EngineError("Invalid media type", **answers.BOOM)
    bare = str(body.get("id") or ids.own_message_id(chatting.world.pace.rng))
    return answers.answer(await chatting.send_text(session, chat, text, bare), 201)


@router.get("/api/{session}/new-message-id")
async def new_message_id(session: Working, world: WorldHere) -> Response:
    assert session.running
    return answers.answer({"id": ids.own_message_id(world.pace.rng)})


@router.post("/api/sendSeen")
async def send_seen(
    body: Body, session: WorkingOfBody, chatting: ChattingHere
) -> Response:
    """Mark as read: with ids an empty answer, without them what was unread."""
    told = body.get("messageIds") or [body.get("messageId")]
    message_ids = [str(each) for each in told if each]
    seen = chatting.see(session, chat_of(body), message_ids)
    return answers.empty(201) if message_ids else answers.answer({"ids": seen}, 201)


@router.post("/api/startTyping")
async def start_typing(
    body: Body, session: WorkingOfBody, chatting: ChattingHere
) -> Response:
    chatting.type(session, chat_of(body), typing=True)
    return answers.answer({"result": True}, 201)


@router.post("/api/stopTyping")
async def stop_typing(
    body: Body, session: WorkingOfBody, chatting: ChattingHere
) -> Response:
    chatting.type(session, chat_of(body), typing=False)
    return answers.answer({"result": True}, 201)


@router.put("/api/reaction")
async def react(body: Body, session: WorkingOfBody, world: WorldHere) -> Response:
    message = world.history(session.name).find(str(body.get("messageId", "")))
    if message is None:
        raise answers.nest(404, "Message not found")
    session.touch()
    told = reaction_answer(
        message,
        bare=ids.own_message_id(world.pace.rng),
        text=str(body.get("reaction", "")),
        now_ms=world.pace.now_ms(),
    )
    return answers.answer(told)
