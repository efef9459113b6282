"""services: the couple's own words on the invitation: read, checked, saved, reset.

Only what differs from our own words is stored, so a text that nobody touched follows
when ours get better.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.invitation import GUEST_LANGUAGES, TEXTS, checked_text
from wedding_wa.models import Invitation
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.invitations import own_texts, texts_of
from wedding_wa.services.live import Change, note
from wedding_wa.words.invitation import default_texts

_LARGEST_DRAFT = 40_000


def all_texts(session: Session, wedding_id: int) -> dict[str, dict[str, str]]:
    """Return what the invitation says, by language and name."""
    return {lang: texts_of(session, wedding_id, lang) for lang in GUEST_LANGUAGES}


def wrong_texts(texts: Mapping[str, str]) -> dict[str, BadInput]:
    """Return what is wrong with each text, by name; nothing if all is well."""
    wrong = {}
    for name, text in texts.items():
        try:
            checked_text(name, text)
        except BadInput as error:
            wrong[name] = error
    return wrong


def save_texts(
    session: Session,
    wedding_id: int,
    language: str,
    texts: Mapping[str, str],
    *,
    now: datetime,
    by: By,
) -> None:
    """Save `texts`; the others stay. Raises BadInput for the first wrong one."""
    _known(language)
    defaults = default_texts(language)
    checked = {name: checked_text(name, text) for name, text in texts.items()}
    merged = {**own_texts(session, wedding_id, language), **checked}
    own = {name: text for name, text in merged.items() if text != defaults[name]}
    _store(session, wedding_id, language, own, now)
    _told(session, "invitation_changed", wedding_id, language, now, by)


def reset_texts(
    session: Session,
    wedding_id: int,
    language: str,
    *,
    now: datetime,
    by: By,
) -> None:
    """Say in `language` what we propose again."""
    _known(language)
    _store(session, wedding_id, language, {}, now)
    _told(session, "invitation_reset", wedding_id, language, now, by)


def packed(texts: Mapping[str, str]) -> str:
    """Return drafts as one word for an address, so that a preview needs no store."""
    data = zlib.compress(json.dumps(dict(texts)).encode(), 9)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpacked(word: str) -> dict[str, str]:
    """Return the drafts in `word`; none for what is no such word."""
    try:
        data = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        drafts = json.loads(zlib.decompressobj().decompress(data, _LARGEST_DRAFT))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return {}
    if not isinstance(drafts, dict):
        return {}
    longest = {**TEXTS, "day": 10, "place": 200}
    return {
        name: text[: 2 * longest[name]]
        for name, text in drafts.items()
        if name in longest and isinstance(text, str)
    }


def _known(language: str) -> None:
    if language not in GUEST_LANGUAGES:
        raise BadInput("error.language_unknown", "language")


def _store(
    session: Session,
    wedding_id: int,
    language: str,
    texts: dict[str, str],
    now: datetime,
) -> None:
    session.merge(
        Invitation(
            wedding_id=wedding_id, language=language, texts=texts, updated_at=now
        )
    )
    session.flush()


def _told(
    session: Session,
    action: str,
    wedding_id: int,
    language: str,
    now: datetime,
    by: By,
) -> None:
    audit.record(
        session,
        action,
        wedding_id=wedding_id,
        by=by,
        now=now,
        language=language,
    )
    note(session, Change("wedding", wedding_id))
