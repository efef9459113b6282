"""services: a message as a door's fields, all read in one place and one way.

The names are those of the command line's options, of a line in a file of JSON lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import MAXYEAR, UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.messages import Kind
from wedding_wa.domain.notifications import category_of, usual_priority
from wedding_wa.services.enqueue import EnqueueRequest

FIELDS: dict[str, type] = {
    "account": str,
    "to": str,
    "text": str,
    "kind": str,
    "category": str,
    "title": str,
    "priority": int,
    "max_attempts": int,
    "at": str,
    "expires_at": str,
    "idempotency_key": str,
    "client_message_id": str,
}
# A test message and a reply have rules of their own; they are the pages' to send.
KINDS = (Kind.MESSAGE, Kind.NOTIFICATION)
MAX_KEY = 255
_MAX_FILE_KEY = 200  # what is left of a key beside a line's own part
# Never part of a name, a number or a key: they hide in lists and break databases.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def request_of(fields: Mapping[str, object], *, zone: str) -> EnqueueRequest:
    """Read one message; a field that is None counts as not there.

    Times without an offset are in `zone`. A priority that nobody names follows from
    the category. Raises BadInput, whose sentence says what to do.
    """
    known = {name: value for name, value in fields.items() if value is not None}
    _check_names_and_types(known)
    given: dict[str, Any] = known
    category = category_of(given["category"]) if given.get("category") else None
    return EnqueueRequest(
        account=_line_or_none(given, "account", MAX_KEY),
        to=_one_line(given, "to", MAX_KEY),
        text=_needed(given, "text"),
        kind=_kind(given.get("kind")),
        category=category.value if category else None,
        title=given.get("title"),
        priority=given.get("priority", usual_priority(category)),
        due_at=moment(given.get("at"), "at", zone),
        expires_at=moment(given.get("expires_at"), "expires_at", zone),
        max_attempts=given.get("max_attempts"),
        idempotency_key=_line_or_none(given, "idempotency_key", MAX_KEY),
        client_message_id=_line_or_none(given, "client_message_id", MAX_KEY),
    )


def file_key_of(text: str | None) -> str | None:
    """The name of a file, with which its lines' keys begin. Raises BadInput."""
    if text is None:
        return None
    return _one_line({"file_key": text}, "file_key", _MAX_FILE_KEY)


def moment(text: str | None, field: str, zone: str) -> datetime | None:
    """Read "2026-06-20T18:00"; without an offset it is the wedding's time.

    Raises BadInput, also for a moment after which no clock of some zone goes on.
    """
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        aware = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))
        utc = aware.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 has no moment before it
        raise BadInput("error.moment", field) from None
    if utc.year == MAXYEAR:
        raise BadInput("error.moment", field)
    return utc


def _check_names_and_types(given: Mapping[str, object]) -> None:
    for name, value in given.items():
        wanted = FIELDS.get(name)
        if wanted is None:
            raise BadInput(
                "enqueue.bad.field", _shown(name), name=_shown(name), known=_names()
            )
        if isinstance(value, bool) or not isinstance(value, wanted):
            code = "enqueue.bad.number" if wanted is int else "enqueue.bad.text"
            raise BadInput(code, name, name=name)


def _needed(given: Mapping[str, Any], name: str) -> str:
    text: str | None = given.get(name)
    if text is None:
        raise BadInput("enqueue.bad.missing", name, name=name)
    return text


def _one_line(given: Mapping[str, Any], name: str, longest: int) -> str:
    text = _needed(given, name).strip()
    if not text:
        raise BadInput("enqueue.bad.missing", name, name=name)
    if _UNSEEN.search(text):
        raise BadInput("enqueue.bad.characters", name, name=name)
    if len(text) > longest:
        raise BadInput("enqueue.bad.long", name, name=name, limit=longest)
    return text


def _line_or_none(given: Mapping[str, Any], name: str, longest: int) -> str | None:
    return _one_line(given, name, longest) if name in given else None


def _kind(text: str | None) -> str:
    if text is None:
        return Kind.MESSAGE.value
    if text not in KINDS:
        raise BadInput("enqueue.bad.kind", "kind", known=", ".join(KINDS))
    return text


def _names() -> str:
    return ", ".join(FIELDS)


def _shown(name: str) -> str:
    """A name somebody else chose, such that it can be printed."""
    return _UNSEEN.sub("?", name)[:40]
