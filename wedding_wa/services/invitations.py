"""services: a household's invitation: its link, its greeting, its openings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.invitation import filled
from wedding_wa.models import Household, Invitation, Wedding
from wedding_wa.models.base import UtcDateTime
from wedding_wa.services.live import Change, note
from wedding_wa.services.sql import changed
from wedding_wa.words.invitation import default_texts, guest_language

# Who looks again within so long has not opened it again, only looked on.
SAME_OPENING = timedelta(minutes=10)

# Programs that fetch a page because its link was written somewhere. "Cubot" makes
# phones; browsers inside the Facebook and Telegram apps have people before them.
_PROGRAM = re.compile(
    r"(?<!cu)bot\b|spider|crawl|preview|^whatsapp|facebookexternalhit|meta-external"
    r"|slack|embed|scan|fetch|monitor|python|curl|wget|httpx|okhttp|go-http|^java"
    r"|lighthouse|google-|googleother|skypeuri|vkshare|outbrain|ia_archiver",
    re.IGNORECASE,
)


def invitation_link(public_url: str, token: str) -> str:
    """Return a household's secret address."""
    return f"{public_url.rstrip('/')}/i/{token}"


def wa_me_link(phone: str, text: str) -> str:
    """Return the link that opens WhatsApp with `text` written to `phone` (E.164).

    wa.me takes the number as digits alone and the text percent-encoded.
    """
    digits = "".join(char for char in phone if char in "0123456789")
    return f"https://wa.me/{digits}?text={quote(text, safe='')}"


def couple_name(groom: str, bride: str) -> str:
    """Return both names as the invitation has them; the same in every language."""
    return f"{bride} & {groom}"


def texts_of(session: Session, wedding_id: int, language: str) -> dict[str, str]:
    """Return what the invitation says in `language`: the couple's words, or ours."""
    return {**default_texts(language), **own_texts(session, wedding_id, language)}


def own_texts(session: Session, wedding_id: int, language: str) -> dict[str, str]:
    """Return only what the couple has written itself."""
    row = session.get(Invitation, (wedding_id, language))
    known = default_texts(language)
    return {n: t for n, t in row.texts.items() if n in known} if row else {}


def greeting_text(
    language: str,
    *,
    code: str,
    couple: str,
    household: str,
    template: str | None = None,
) -> str:
    """Return the message that a guest sends first; `code` says who wrote it.

    `template` is the couple's own (checked by `domain.invitation.checked_text`), None
    for the language's.
    """
    values = {"code": code, "couple": couple, "household": household}
    return filled(template or default_texts(language)["greeting"], values)


def greeting_of(session: Session, household_id: int) -> str:
    """Return the first message of one household, in its language."""
    household = session.get_one(Household, household_id)
    wedding = session.get_one(Wedding, household.wedding_id)
    language = guest_language(household.language, wedding.guest_language)
    return greeting_text(
        language,
        code=household.code,
        couple=couple_name(wedding.groom_name, wedding.bride_name),
        household=household.name,
        template=texts_of(session, household.wedding_id, language)["greeting"],
    )


def is_program(user_agent: str) -> bool:
    """True for what fetches links with nobody to read them; also for no name."""
    return not user_agent.strip() or bool(_PROGRAM.search(user_agent))


def is_ahead(headers: Mapping[str, str]) -> bool:
    """True if a browser fetched the page before anybody asked for it."""
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    said = " ".join(headers.get(name, "") for name in names).lower()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


def note_opening(
    session: Session, household_id: int, *, user_agent: str, now: datetime
) -> bool:
    """Count one opening of the invitation; False if it is none.

    A program's is none, nor is another within ten minutes after one that counted.
    Nothing about the person is kept, only the moment.
    """
    if is_program(user_agent):
        return False
    last = col(Household.last_opened_at)
    counted = changed(
        session,
        sa.update(Household)
        .where(
            col(Household.id) == household_id,
            sa.or_(last.is_(None), last <= now - SAME_OPENING),
        )
        .values(
            opens=col(Household.opens) + 1,
            opened_at=sa.func.coalesce(
                col(Household.opened_at), sa.literal(now, UtcDateTime())
            ),
            last_opened_at=now,
        ),
    )
    if counted:
        wedding_id = session.get_one(Household, household_id).wedding_id
        note(session, Change("guest", wedding_id, household_id))
    return bool(counted)
