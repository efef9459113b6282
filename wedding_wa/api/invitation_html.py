"""api: the invitation as one plain HTML page, the same for guests and for the preview.

No script, no cookie, nothing from elsewhere; its policy lets nothing else in.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from wedding_wa.api.pages_html import fill
from wedding_wa.services.invitation_picture import CARD_HEIGHT, CARD_WIDTH
from wedding_wa.services.invitation_view import Cover, InvitationView
from wedding_wa.words.invitation import guest_say

_NOTHING = Markup("")
_COVER_WIDTH = 300
_CSS = Path(__file__).parent / "templates" / "invitation.css"
_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
)
# What every answer about an invitation says: its address is a secret.
SECRET = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-cache",
}


def invitation_page(
    view: InvitationView, *, address: str, pictures: str, preview: bool = False
) -> HTMLResponse:
    """Return the page of `view`, whose absolute URL is `address`.

    `pictures` is the path below which the cover is. A preview may be shown in a frame
    of our own pages, and its button leads nowhere.
    """
    title = guest_say(view.language, "title", couple=view.couple)
    html = fill(
        "invitation.html",
        lang=view.language,
        title=title,
        preview=_NOTHING if preview else _open_graph(view, title, address),
        css=_css(),
        mood="calm" if preview else "",
        body=_body(view, title, pictures, preview=preview),
    )
    return HTMLResponse(html, headers=_headers(framed=preview))


def unknown_page(language: str, *, status: int = 404) -> HTMLResponse:
    """Return the page for a link that leads to no invitation."""
    title = guest_say(language, "unknown_title")
    body = fill(
        "invitation_unknown.html",
        sprig=fill("invitation_sprig.html"),
        title=title,
        about=guest_say(language, "unknown_about"),
    )
    html = fill(
        "invitation.html",
        lang=language,
        title=title,
        preview=_NOTHING,
        css=_css(),
        mood="",
        body=body,
    )
    return HTMLResponse(html, status, headers=_headers(framed=False))


def cover_path(pictures: str, cover: Cover) -> str:
    """The path of the picture; a new picture has a new one."""
    return f"{pictures}/cover-{cover.digest}.jpg"


def _body(view: InvitationView, title: str, pictures: str, *, preview: bool) -> Markup:
    language, texts = view.language, view.texts
    return fill(
        "invitation_body.html",
        title=title,
        picture=_picture(view, pictures),
        first=view.first_name,
        second=view.second_name,
        headline=texts["headline"],
        front=texts["front"],
        when=_when(view),
        to=guest_say(language, "for", household=view.household),
        turn=guest_say(language, "turn"),
        letter=_paragraphs(texts["letter"]),
        closing=texts["closing"],
        contact=_contact(view, preview=preview),
        again=guest_say(language, "front"),
    )


def _picture(view: InvitationView, pictures: str) -> Markup:
    cover = view.cover
    if cover is None:
        return fill("invitation_sprig.html")
    return Markup(
        '<img class="cover" src="{}" alt="{}" width="{}" height="{}">'
    ).format(
        cover_path(pictures, cover),
        guest_say(view.language, "cover", couple=view.couple),
        _COVER_WIDTH,  # also where no style reaches
        round(_COVER_WIDTH * cover.height / cover.width),
    )


def _when(view: InvitationView) -> Markup:
    lines = {"weekday": view.weekday, "day": view.date, "place": view.place}
    return Markup("\n").join(
        Markup('<p class="{}">{}</p>').format(name, text)
        for name, text in lines.items()
        if text
    )


def _paragraphs(text: str) -> Markup:
    parts = (part.strip("\n") for part in text.split("\n\n"))
    return Markup("\n").join(Markup("<p>{}</p>").format(p) for p in parts if p)


def _contact(view: InvitationView, *, preview: bool) -> Markup:
    """The one button, or the sentence for while there is nobody behind it."""
    if view.trouble and not preview:
        return Markup('<p class="kind">{}</p>').format(
            guest_say(view.language, view.trouble)
        )
    return fill(
        "invitation_button.html",
        link="#letter" if preview else view.link,
        button=view.texts["button"],
        about=guest_say(view.language, "button_about"),
        phone=view.phone,
        code=view.code,
    )


def _open_graph(view: InvitationView, title: str, address: str) -> Markup:
    """What a chat shows of a link that was forwarded."""
    facts = " · ".join(part for part in (view.long_date, view.place) if part)
    about = " — ".join(part for part in (facts, view.texts["description"]) if part)
    image, width, height = _shared_picture(view, address)
    tags = {
        "og:type": "website",
        "og:url": address,
        "og:title": title,
        "og:description": about,
        "og:locale": guest_say(view.language, "locale"),
        "og:image": image,
        "og:image:width": width,
        "og:image:height": height,
        "og:image:alt": guest_say(view.language, "cover", couple=view.couple),
    }
    metas = [Markup('<meta name="description" content="{}">').format(about)]
    tag = Markup('<meta property="{}" content="{}">')
    metas += [tag.format(name, value) for name, value in tags.items()]
    metas.append(Markup('<meta name="twitter:card" content="summary_large_image">'))
    return Markup("\n").join(metas)


def _shared_picture(view: InvitationView, address: str) -> tuple[str, int, int]:
    """The picture's absolute URL and size: the cover, or a card with the names."""
    if view.cover is None:
        return f"{address}/card.png", CARD_WIDTH, CARD_HEIGHT
    return cover_path(address, view.cover), view.cover.width, view.cover.height


def _headers(*, framed: bool) -> dict[str, str]:
    frames = "'self'" if framed else "'none'"
    policy = _POLICY.format(digest=_digest(), frames=frames)
    return {
        **SECRET,
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN" if framed else "DENY",
    }


@cache
def _css() -> Markup:
    return Markup(_CSS.read_text(encoding="utf-8").strip())  # noqa: S704  # our own


@cache
def _digest() -> str:
    return base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
