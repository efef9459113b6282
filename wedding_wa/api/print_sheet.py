"""api: invitations on paper: cards with a household's name and its code, to cut out.

Plain HTML that a browser prints, on A4 and Letter alike: eight cards a sheet, each
sheet a page of its own. `?household=` prints one card, larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api import pages_html as html
from wedding_wa.api.deps import Caller, Needs
from wedding_wa.domain.errors import NotFound
from wedding_wa.services import activation
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.invitation_cards import Card, cards
from wedding_wa.services.link_code import link_code
from wedding_wa.words import say

router = APIRouter()

PER_SHEET = 8
#: So many at a time: a browser lays out 30 sheets at once, and 300 hardly.
PER_PART = 30 * PER_SHEET
# Names longer than this are set smaller.
_LONG_NAME = 26
_BACK = "/guests/activation"

_CSS = Path(__file__).parent / "templates" / "print.css"
_NOTHING = Markup("")


@dataclass(frozen=True, slots=True)
class _Part:
    """The cards of one part, and which of how many it is."""

    cards: Sequence[Card]
    total: int
    number: int
    parts: int
    single: bool


@router.get("/guests/print")
async def print_sheet(
    request: Request, caller: Annotated[Caller, Needs(Scope.READ)]
) -> HTMLResponse:
    """The cards of everybody whom the address names, by name."""
    app = runtime.current()
    asked = dict(request.query_params)
    found = await app.db.read(_part, caller.wedding_id, asked, app.settings.public)
    if not found.cards:
        link = (_BACK, "activation.paper.back")
        title, about = "activation.filtered.title", "activation.filtered.about"
        return html.message(request, title, about, link=link, status=404)
    page = await app.db.read(_page, request, asked, found)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def _part(session: Session, wedding_id: int, asked: dict[str, str], url: str) -> _Part:
    if "household" in asked:
        row = activation.one_household(session, wedding_id, _number(asked["household"]))
        if row is None:
            raise NotFound
        return _Part(cards(session, wedding_id, [row], public_url=url), 1, 1, 1, True)
    ids = activation.ids_of(session, wedding_id, activation.wish_of(asked))
    parts = max(1, -(-len(ids) // PER_PART))
    number = min(max(1, _number(asked.get("part", "1"))), parts)
    some = ids[(number - 1) * PER_PART : number * PER_PART]
    rows = activation.rows_of(session, wedding_id, some)
    shown = cards(session, wedding_id, rows, public_url=url)
    return _Part(shown, len(ids), number, parts, False)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    _session: Session, request: Request, asked: dict[str, str], part: _Part
) -> str:
    """Draw it. In a reader's thread: 240 codes take half a second."""
    lang = html.language(request)
    sheets = [
        part.cards[start : start + PER_SHEET]
        for start in range(0, len(part.cards), PER_SHEET)
    ]
    return html.fill(
        "print.html",
        lang=lang,
        title=say(lang, "activation.paper.title", n=part.total),
        css=_css(),
        bar=_bar(lang, asked, part, sheets=len(sheets)),
        sheets=_NOTHING.join(_sheet(sheet, single=part.single) for sheet in sheets),
    )


def _bar(lang: str, asked: dict[str, str], part: _Part, *, sheets: int) -> Markup:
    """What stands above the sheets on the screen, and not on paper."""
    how = "single" if part.single else "how"
    return html.fill(
        "print_bar.html",
        count=say(lang, "activation.paper.title", n=len(part.cards)),
        sheets=say(lang, "activation.paper.sheets", n=sheets),
        how=say(lang, f"activation.paper.{how}"),
        print=say(lang, "activation.paper.print"),
        back=say(lang, "activation.paper.back"),
        parts=_parts(lang, asked, part),
    )


def _parts(lang: str, asked: dict[str, str], part: _Part) -> Markup:
    if part.parts == 1:
        return _NOTHING
    links = [
        Markup('<a href="?{}"{}>{}</a>').format(
            urlencode({**asked, "part": number}),
            Markup(' aria-current="page"') if number == part.number else _NOTHING,
            say(lang, "activation.paper.part", number=number, n=part.parts),
        )
        for number in range(1, part.parts + 1)
    ]
    return Markup('<nav class="parts">{}</nav>').format(_NOTHING.join(links))


def _sheet(some: Sequence[Card], *, single: bool) -> Markup:
    kind = "sheet single" if single else "sheet"
    return Markup('<section class="{}">{}</section>\n').format(
        kind, _NOTHING.join(_card(card) for card in some)
    )


def _card(card: Card) -> Markup:
    words = card.words
    return html.fill(
        "print_card.html",
        lang=card.language,
        household=card.row.id,
        couple=card.couple,
        couple_size=_size(card.couple),
        day=card.day,
        place=card.place,
        for_whom=words.for_whom,
        for_size=_size(words.for_whom),
        how=words.how,
        code=link_code(card.link),
    )


def _size(text: str) -> str:
    return "long" if len(text) > _LONG_NAME else ""


@cache
def _css() -> Markup:
    return Markup(_CSS.read_text(encoding="utf-8"))  # noqa: S704  # our own file
