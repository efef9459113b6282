"""simulator: chats and the messages in them, out of NOWEB's store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.chatting import Chatting
from wedding_wa.simulator.messages import ACK_NAMES, Message
from wedding_wa.simulator.routes.here import (
    Body,
    ChattingHere,
    Working,
    WorkingOfQuery,
    page,
)
from wedding_wa.simulator.sessions import Session

Json = dict[str, Any]
Test = Callable[[Message], bool]

router = APIRouter()

_DEFAULT_MESSAGES = 10
_DEFAULT_OVERVIEW = 20
_ACKS = {name: ack for ack, name in ACK_NAMES.items()}


@router.get("/api/{session}/chats")
async def chats(request: Request, session: Working, chatting: ChattingHere) -> Response:
    entries = [
        {
            "id": chat,
            "name": chatting.world.history(session.name).name_of(chat),
            "conversationTimestamp": last.timestamp,
        }
        for chat, last in _latest(session, chatting)
    ]
    key = request.query_params.get("sortBy", "conversationTimestamp")
    if key in ("id", "name", "conversationTimestamp"):
        entries.sort(key=lambda each: (each[key] is None, each[key]))
        if request.query_params.get("sortOrder", "desc") != "asc":
            entries.reverse()
    return answers.answer(page(request, entries))


@router.get("/api/{session}/chats/overview")
async def overview(
    request: Request, session: Working, chatting: ChattingHere
) -> Response:
    wanted = request.query_params.getlist("ids")
    entries = _overview(session, chatting, wanted)
    return answers.answer(page(request, entries, _DEFAULT_OVERVIEW))


@router.post("/api/{session}/chats/overview")
async def overview_of_many(
    body: Body, session: Working, chatting: ChattingHere
) -> Response:
    pagination, wanted = body.get("pagination") or {}, body.get("filter") or {}
    offset = int(pagination.get("offset") or 0)
    limit = int(pagination.get("limit") or _DEFAULT_OVERVIEW)
    entries = _overview(session, chatting, wanted.get("ids") or [])
    return answers.answer(entries[offset : offset + limit], 201)


def _overview(session: Session, chatting: Chatting, wanted: list[str]) -> list[Json]:
    history = chatting.world.history(session.name)
    only = {history.canonical(ids.chat_id(chat)) for chat in wanted}
    return [
        {
            "id": chat,
            "name": history.name_of(chat) if not last.chat.endswith("@lid") else None,
            "picture": None,
            "lastMessage": chatting.told(last),
            "_chat": {"id": ids.jid(chat), "conversationTimestamp": last.timestamp},
        }
        for chat, last in _latest(session, chatting)
        if not only or chat in only
    ]


def _latest(session: Session, chatting: Chatting) -> list[tuple[str, Message]]:
    """Return every stored chat with its last message, newest first."""
    _need_store(session)
    history = chatting.world.history(session.name)
    found = [(chat, history.stored(chat)) for chat in history.chats()]
    latest = [
        (chat, max(messages, key=lambda each: each.timestamp))
        for chat, messages in found
        if messages
    ]
    return sorted(latest, key=lambda each: each[1].timestamp, reverse=True)


def _need_store(session: Session) -> None:
    if not session.store_on:
        raise answers.store_off()


# --- messages --------------------------------------------------------------------


@router.get("/api/{session}/chats/{chat}/messages")
async def messages(
    chat: str, request: Request, session: Working, chatting: ChattingHere
) -> Response:
    return _messages(chat, request, session, chatting)


@router.get("/api/messages")
async def messages_deprecated(
    request: Request, session: WorkingOfQuery, chatting: ChattingHere
) -> Response:
    chat = request.query_params.get("chatId", "")
    return _messages(chat, request, session, chatting)


def _messages(
    chat: str, request: Request, session: Session, chatting: Chatting
) -> Response:
    _need_store(session)
    tests = _filters(request)
    kept = [
        message
        for message in chatting.world.history(session.name).stored(ids.chat_id(chat))
        if all(test(message) for test in tests)
    ]
    oldest_first = request.query_params.get("sortOrder", "desc").lower() == "asc"
    # Of two in one second the later written is the newer.
    kept.sort(key=lambda each: (each.timestamp, each.written_ms))
    if not oldest_first:
        kept.reverse()
    shown = page(request, kept, _DEFAULT_MESSAGES)
    return answers.answer([chatting.told(message) for message in shown])


def _filters(request: Request) -> list[Test]:
    query = request.query_params
    tests: list[Test] = []
    if (mine := query.get("filter.fromMe")) in ("true", "false"):
        tests.append(lambda message: message.from_me is (mine == "true"))
    if (since := _figure(query.get("filter.timestamp.gte"))) is not None:
        tests.append(lambda message: message.timestamp >= since)
    if (until := _figure(query.get("filter.timestamp.lte"))) is not None:
        tests.append(lambda message: message.timestamp <= until)
    if (ack := query.get("filter.ack")) is not None:
        tests.append(lambda message: message.ack == _ACKS.get(ack))
    return tests


def _figure(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


@router.get("/api/{session}/chats/{chat}/messages/{message_id}")
async def message(
    chat: str, message_id: str, session: Working, chatting: ChattingHere
) -> Response:
    """Answer one message, by its full or its bare id."""
    _need_store(session)
    history = chatting.world.history(session.name)
    found = history.find(message_id)
    here = history.canonical(ids.chat_id(chat))
    if found is None or history.canonical(found.chat) != here:
        raise answers.nest(404, "Message not found")
    return answers.answer(chatting.told(found))


@router.post("/api/{session}/chats/{chat}/messages/read")
async def read(chat: str, session: Working, chatting: ChattingHere) -> Response:
    seen = chatting.see(session, ids.chat_id(chat), [])
    return answers.answer({"ids": seen}, 201)
