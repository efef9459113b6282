"""api: /api/v1/invitation: what the guests' letter says in each language; its cover."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1 import wedding
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Controller,
    Reader,
    SmallBodies,
    bodies,
)
from wedding_wa.api.v1.uploads import whole_body
from wedding_wa.services.invitation_cover import (
    LARGEST_UPLOAD,
    own_cover,
    prepared,
    remove_cover,
    store_cover,
)
from wedding_wa.services.invitation_texts import all_texts, reset_texts, save_texts
from wedding_wa.services.invitation_view import Cover, cover_of, unlinked_sides
from wedding_wa.services.wedding_details import details
from wedding_wa.words.invitation import default_texts

router = APIRouter(prefix="/invitation", route_class=SmallBodies)
#: The picture alone is larger than a JSON body may be.
pictures = APIRouter(prefix="/invitation", route_class=bodies(LARGEST_UPLOAD))

Language = Literal["en", "it", "fr", "pt", "es", "de"]
Words = Annotated[str, Field(max_length=6_000)]
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_TAKEN = dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _PICTURE)


class TextsShape(Shape):
    """What the letter says in one language. `own` names what the couple have written
    themselves; the rest are our words."""

    headline: str
    front: str
    letter: str
    closing: str
    button: str
    greeting: str
    description: str
    own: list[str]


class CoverShape(Shape):
    """The cover picture: pixels and bytes. `digest` is another for another picture."""

    digest: str
    mime: str
    width: int
    height: int
    size: int


class InvitationShape(Shape):
    """`unlinked`: sides whose number is not linked, so that their letters have no
    button. `cover` null: none."""

    day: date | None
    place: str
    guest_language: Language
    texts: dict[Language, TextsShape]
    cover: CoverShape | None
    unlinked: list[AccountKey]


class InvitationChange(Body):
    """What is to change; what is left out stays. `day` is ISO 8601, or null."""

    day: Annotated[str, Field(max_length=20, examples=["2027-06-19"])] | None = None
    place: str = Field("", max_length=200)
    guest_language: Language = "en"


class TextsChange(Body):
    """What is to change; what is left out stays. `{couple}`, `{household}`, `{day}` and
    `{place}` are filled in; the greeting takes `{code}` instead of the last two."""

    headline: Words = ""
    front: Words = ""
    letter: Words = ""
    closing: Words = ""
    button: Words = ""
    greeting: Words = ""
    description: Words = ""


@dataclass(frozen=True, slots=True)
class _Saved:
    details: dict[str, str]
    texts: dict[str, dict[str, str]]
    cover: Cover | None
    unlinked: list[str]


@router.get("")
async def show(caller: Reader) -> InvitationShape:
    """The letter in all languages."""
    return await _shown(caller.wedding_id)


@router.patch("", responses=problems())
async def change(caller: Controller, changes: InvitationChange) -> InvitationShape:
    """Change day, place, or the language of who has none of their own."""
    await wedding.save(caller, changes)
    return await _shown(caller.wedding_id)


@router.patch("/texts/{language}", responses=problems())
async def change_texts(
    caller: Controller, language: Language, changes: TextsChange
) -> TextsShape:
    """Write what the letter says in one language. 422 for the first text that cannot
    stand, and nothing is saved."""
    app = runtime.current()
    await app.db.write(
        save_texts,
        caller.wedding_id,
        language,
        changes.model_dump(exclude_unset=True),
        now=app.clock.now(),
        by=caller.by,
    )
    return (await _shown(caller.wedding_id)).texts[language]


@router.delete("/texts/{language}")
async def reset(caller: Controller, language: Language) -> TextsShape:
    """Say our words again in one language."""
    app = runtime.current()
    await app.db.write(
        reset_texts,
        caller.wedding_id,
        language,
        now=app.clock.now(),
        by=caller.by,
    )
    return (await _shown(caller.wedding_id)).texts[language]


@router.get(
    "/cover",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _PICTURE}}, **problems(404)},
)
async def cover(caller: Reader) -> Response:
    """The cover as it is stored: JPEG."""
    found = await runtime.current().db.read(_cover, caller.wedding_id)
    if found is None:
        raise HTTPException(404)
    data, mime = found
    return Response(data, media_type=mime)


@pictures.put(
    "/cover",
    responses=problems(413),
    openapi_extra={"requestBody": {"required": True, "content": _TAKEN}},
)
async def upload(caller: Controller, request: Request) -> CoverShape:
    """Take the body, a JPEG, PNG or WebP picture of at most 15 MB, as the cover. It is
    kept small and without what a camera writes into it."""
    app = runtime.current()
    picture = await asyncio.to_thread(prepared, await whole_body(request))
    await app.db.write(
        store_cover,
        caller.wedding_id,
        picture,
        now=app.clock.now(),
        by=caller.by,
    )
    return CoverShape(
        digest=picture.digest,
        mime="image/jpeg",
        width=picture.width,
        height=picture.height,
        size=len(picture.data),
    )


@router.delete("/cover", status_code=204)
async def uncover(caller: Controller) -> Response:
    """Let the letter go without a picture."""
    app = runtime.current()
    await app.db.write(
        remove_cover, caller.wedding_id, now=app.clock.now(), by=caller.by
    )
    return Response(status_code=204)


async def _shown(wedding_id: int) -> InvitationShape:
    found = await runtime.current().db.read(_saved, wedding_id)
    return InvitationShape.model_validate(
        {
            "day": found.details["day"] or None,
            "place": found.details["place"],
            "guest_language": found.details["guest_language"],
            "texts": {lang: _texts(lang, said) for lang, said in found.texts.items()},
            "cover": CoverShape.model_validate(found.cover) if found.cover else None,
            "unlinked": found.unlinked,
        }
    )


def _texts(language: str, said: dict[str, str]) -> dict[str, Any]:
    ours = default_texts(language)
    return {**said, "own": [name for name, text in said.items() if text != ours[name]]}


def _saved(session: Session, wedding_id: int) -> _Saved:
    return _Saved(
        details=details(session, wedding_id),
        texts=all_texts(session, wedding_id),
        cover=cover_of(session, wedding_id),
        unlinked=unlinked_sides(session, wedding_id),
    )


def _cover(session: Session, wedding_id: int) -> tuple[bytes, str] | None:
    known = cover_of(session, wedding_id)
    return own_cover(session, wedding_id, known.digest) if known else None
