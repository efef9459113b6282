"""simulator: /__world/, the hands of whoever plays WhatsApp; no key, no faults."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.faults import Fault, Mode
from wedding_wa.simulator.messages import Message
from wedding_wa.simulator.routes.here import ChattingHere, WorldHere
from wedding_wa.simulator.sessions import Login, Session, Status
from wedding_wa.simulator.world import World

Json = dict[str, Any]

router = APIRouter(prefix="/__world")

# Numbers that no network gives out, so that no wa.me link reaches a stranger.
PHONES = {"groom": "12025550111", "bride": "12025550122", "default": "12025550133"}


def wrong(status: int, sentence: str) -> answers.WahaError:
    return answers.WahaError(status, {"error": sentence})


async def _order(request: Request) -> Json:
    """Return the JSON object sent, whatever its declared type."""
    raw = await request.body()
    try:
        order = json.loads(raw or b"{}")
    except ValueError:
        raise wrong(400, "The body is not JSON.") from None
    if not isinstance(order, dict):
        raise wrong(400, "The body must be a JSON object.")
    return order


def _text(order: Json, name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value.strip():
        raise wrong(400, f'"{name}" must be a text that is not empty.')
    return value


def session_of(world: World, name: str) -> Session:
    if name not in world.sessions:
        known = ", ".join(sorted(world.sessions))
        raise wrong(404, f"There is no session {name!r}; there are: {known}.")
    return world.sessions[name]


def _linked(world: World, name: str) -> Session:
    session = session_of(world, name)
    if session.login is None or session.login.revoked:
        raise wrong(409, f"{name} has no phone yet: scan its QR code first.")
    return session


def _writer(of: str) -> str:
    try:
        return ids.writer(of)
    except ValueError as error:
        raise wrong(400, f"{error}.") from None


# --- phones ---------------------------------------------------------------------


def _default_phone(name: str) -> str:
    """Return a session's own phone: the same one each time."""
    spread = sum(ord(letter) * place for place, letter in enumerate(name, 1))
    return PHONES.get(name, f"120255501{40 + spread % 60}")


@router.post("/sessions/{name}/scan")
async def scan(name: str, request: Request, world: WorldHere) -> Response:
    """The phone scans the code (or types the pairing code, where `code` is told)."""
    order = await _order(request)
    session = session_of(world, name)
    if session.status is not Status.SCAN or session.code is None:
        status = session.status.value
        raise wrong(409, f"{name} shows no code to scan: its status is {status}.")
    if (session.login is not None) and not session.login.revoked:
        raise wrong(409, f"{name}'s code has just been scanned.")
    phone = ids.digits(str(order.get("phone") or _default_phone(name)))
    if (typed := order.get("code")) is not None:
        phone = _phone_of_pairing(session, str(typed))
    session.scan(Login(phone, str(order.get("name") or name.capitalize())))
    return answers.answer({"session": name, "phone": phone, "status": "scanned"})


def _phone_of_pairing(session: Session, typed: str) -> str:
    pairing = session.pairing
    if pairing is None:
        raise wrong(409, f"{session.name} has asked for no pairing code.")
    code, phone = pairing
    if typed.replace("-", "").upper() != code.replace("-", ""):
        raise wrong(409, "This is not the pairing code.")
    return phone


@router.post("/sessions/{name}/unlink")
async def unlink(name: str, world: WorldHere) -> Response:
    """The phone removes the linked device: FAILED until a logout."""
    session = _linked(world, name)
    session.unlink()
    return answers.answer({"session": name, "status": session.status.value})


@router.post("/messages")
async def guest_writes(
    request: Request, world: WorldHere, chatting: ChattingHere
) -> Response:
    order = await _order(request)
    session = _linked(world, _text(order, "session"))
    writer, text = _writer(_text(order, "from")), _text(order, "text")
    phone = order.get("phone")
    if session.login is not None and ids.digits(writer) == session.login.phone:
        # Who writes from the account's own number writes a note to themselves.
        told = chatting.phone_writes(session, writer, text)
        return answers.answer(_written(told), 201)
    message = chatting.guest_writes(
        session,
        writer,
        text,
        name=order.get("name"),
        phone=None if phone is None else _writer(str(phone)),
        at_s=_moment(order.get("at")),
    )
    return answers.answer(_written(message), 201)


@router.post("/phone-messages")
async def phone_writes(
    request: Request, world: WorldHere, chatting: ChattingHere
) -> Response:
    """The couple writes from the phone itself, past the API."""
    order = await _order(request)
    session = _linked(world, _text(order, "session"))
    chat, text = _writer(_text(order, "to")), _text(order, "text")
    return answers.answer(_written(chatting.phone_writes(session, chat, text)), 201)


def _moment(told: object) -> int | None:
    """A Unix time in seconds, None for now."""
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int) or told <= 0:
        raise wrong(400, '"at" must be a Unix time in seconds.')
    return told


def _written(message: Message) -> Json:
    return {
        "id": message.id,
        "fullId": message.full_id,
        "chatId": message.chat,
        "held": message.held,
    }


@router.get("/delivered")
async def delivered(request: Request, world: WorldHere) -> Response:
    return answers.answer(world.delivered_to(request.query_params.get("session")))


# --- faults ---------------------------------------------------------------------


@router.post("/faults")
async def add_fault(request: Request, world: WorldHere) -> Response:
    order = await _order(request)
    try:
        fault = world.faults.add(order)
    except ValueError as error:
        raise wrong(400, f"{error}.") from None
    _strike_at_once(world, fault)
    return answers.answer(fault.told(), 201)


def _strike_at_once(world: World, fault: Fault) -> None:
    if fault.mode is Mode.FAIL_SESSION:
        for session in world.sessions.values():
            if session.running and world.faults.take(fault.mode, session=session.name):
                session.fail()
    if fault.mode is Mode.CUT_FEED:
        fault.hits += world.events.feeds.cut(fault.session)
    if fault.mode is Mode.REFUSE and fault.fits(path="/ws", session=None):
        world.events.feeds.close()


@router.get("/faults")
async def faults(world: WorldHere) -> Response:
    return answers.answer(world.faults.told())


@router.delete("/faults")
async def clear_faults(world: WorldHere) -> Response:
    return answers.answer({"cleared": world.faults.clear()})


@router.post("/reset")
async def reset(world: WorldHere) -> Response:
    await world.reset()
    return answers.answer({"reset": True})


@router.get("/state")
async def state(world: WorldHere) -> Response:
    told = {
        "version": answers.ENVIRONMENT["version"],
        "speed": world.pace.speed,
        "nowMs": world.pace.now_ms(),
        "sessions": [session_told(world, each) for each in world.sessions.values()],
        "delivered": len(world.delivered),
        "faults": world.faults.told(),
    }
    return answers.answer(told)


def session_told(world: World, session: Session) -> Json:
    code = session.code
    shown: Json | None = None
    if code is not None:
        ends = code.shown_ms + int(world.pace.real(code.lasts_s) * 1000)
        shown = {
            "number": code.number,
            "of": code.of,
            "shownMs": code.shown_ms,
            "endsMs": ends,
        }
    linked = session.login is not None and not session.login.revoked
    history = world.history(session.name)
    return {
        "name": session.name,
        "status": session.status.value,
        "linked": linked,
        "phone": session.login.phone if session.login else None,
        "me": session.me,
        "code": shown,
        "pairingCode": session.pairing[0] if session.pairing else None,
        "store": session.store_on,
        "chats": sum(1 for _ in history.chats()),
    }
