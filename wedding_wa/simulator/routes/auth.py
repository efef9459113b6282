"""simulator: QR codes, pairing codes and the screenshot."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids, lifecycle, qr
from wedding_wa.simulator.routes.here import Body, WorldHere, session_of_query
from wedding_wa.simulator.sessions import Session, Status

router = APIRouter()


@router.get("/api/{session}/auth/qr")
async def qr_code(session: str, request: Request, world: WorldHere) -> Response:
    """Answer the code of the moment: raw text, JSON, or the picture."""
    code = _code(await lifecycle.in_status(world, session, Status.SCAN))
    if request.query_params.get("format") == "raw":
        return answers.answer({"value": code.value})
    return _picture(request, code)


def _code(session: Session) -> qr.Code:
    assert session.code is not None  # it is there while the status is SCAN_QR_CODE
    return session.code


def _picture(request: Request, code: qr.Code) -> Response:
    if request.headers.get("accept") == "application/json":
        told = {"mimetype": "image/png", "data": code.png_base64()}
        return answers.answer(told)
    return Response(code.png(), media_type="image/png")


@router.post("/api/{session}/auth/request-code")
async def request_code(session: str, body: Body, world: WorldHere) -> Response:
    """Answer a pairing code; in STARTING the real one hangs, and so does this."""
    if body.get("method"):
        raise answers.nest(
            422, "NOWEB engine doesn't support any 'method', remove it and try again"
        )
    found = lifecycle.running(world, session)
    await found.leaves_starting()
    if found.status is not Status.SCAN:
        raise answers.nest(
            422,
            "Can request code only in SCAN_QR_CODE status. "
            f"The current status is {found.status.value}",
        )
    phone = ids.digits(str(body.get("phoneNumber", "")))
    return answers.answer({"code": found.offer_pairing_code(phone)}, 201)


@router.get("/api/screenshot")
async def screenshot(request: Request, world: WorldHere) -> Response:
    """Answer the QR picture while there is one; NOWEB has no other screen."""
    session = lifecycle.running(world, session_of_query(request))
    match session.status:
        case Status.SCAN:
            return _picture(request, _code(session))
        case Status.STARTING:
            words = "The session is starting, please try again after few seconds"
        case Status.WORKING:
            words = "Can not get screenshot for non chrome based engine."
        case _:
            words = f"Unknown status - {session.status.value}"
    raise answers.nest(422, words)
