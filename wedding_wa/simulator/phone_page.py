"""simulator: the pretend phone, a page for people, and what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.control import session_of, session_told
from wedding_wa.simulator.histories import History
from wedding_wa.simulator.messages import Message
from wedding_wa.simulator.routes.here import WorldHere
from wedding_wa.simulator.world import World

Json = dict[str, Any]

router = APIRouter()

_FILES = Path(__file__).with_name("phone")
_LAST = 200  # messages of a chat that the page shows

# The page loads nothing from elsewhere and runs nothing that a guest wrote.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}


def _file(name: str, media_type: str) -> Response:
    return Response(
        (_FILES / name).read_bytes(), media_type=media_type, headers=_HEADERS
    )


@router.get("/")
async def front() -> Response:
    """Lead people who open the bare address to the phones."""
    return Response(status_code=307, headers={"Location": "/phone"})


@router.get("/phone")
async def page() -> Response:
    return _file("index.html", "text/html; charset=utf-8")


@router.get("/phone/style.css")
async def style() -> Response:
    return _file("style.css", "text/css; charset=utf-8")


@router.get("/phone/script.js")
async def script() -> Response:
    return _file("script.js", "text/javascript; charset=utf-8")


@router.get("/phone/chats.js")
async def chats_script() -> Response:
    return _file("chats.js", "text/javascript; charset=utf-8")


@router.get("/__world/sessions/{name}/code.svg")
async def code(name: str, world: WorldHere) -> Response:
    """Answer the QR code of the moment as a drawing; 404 while there is none."""
    shown = session_of(world, name).code
    if shown is None:
        raise answers.WahaError(404, {"error": f"{name} shows no code."})
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    return Response(shown.svg(), media_type="image/svg+xml", headers=headers)


@router.get("/__world/phones/{name}")
async def phone(name: str, request: Request, world: WorldHere) -> Response:
    """Answer all that a phone shows, or 204 where nothing changed since `rev`."""
    session = session_of(world, name)
    if request.query_params.get("rev") == f"{world.started_ms}.{world.revision}":
        return Response(status_code=204)
    history = world.history(name)
    chats = [_chat(world, history, chat) for chat in history.chats()]
    chats.sort(key=lambda each: each["lastMs"], reverse=True)
    told = {
        "rev": f"{world.started_ms}.{world.revision}",
        "nowMs": world.pace.now_ms(),
        "session": session_told(world, session),
        "phones": [session_told(world, each) for each in world.sessions.values()],
        "chats": chats,
    }
    return answers.answer(told)


def _chat(world: World, history: History, chat: str) -> Json:
    messages = history.chat(chat)[-_LAST:]
    typing_ms = history.typing.get(chat)
    fades_ms = int(world.pace.real(world.config.timings.typing_fades) * 1000)
    lid = history.lid_of(chat) or (chat if chat.endswith("@lid") else None)
    return {
        "chat": chat,
        "name": history.name_of(chat),
        "phone": None if chat.endswith("@lid") else ids.digits(chat),
        "lid": lid,
        "unread": len(history.unread(chat)),
        "typingUntilMs": None if typing_ms is None else typing_ms + fades_ms,
        "lastMs": messages[-1].written_ms if messages else 0,
        "messages": [_bubble(message) for message in messages],
    }


def _bubble(message: Message) -> Json:
    return {
        "id": message.id,
        "mine": message.from_me,
        "text": message.text,
        "atMs": message.written_ms,
        "ack": message.ack,
        "reached": message.reached,
        "held": message.held,
        "byApi": message.by_api,
        "writer": message.chat,
    }
