"""services: notices as records, for programs: by id, open and over."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.models import Notice
from wedding_wa.services import notices, pausing
from wedding_wa.services.audit import By
from wedding_wa.services.notices import NoticeView, read_notices

PAGE_SIZE = 100
#: What a person may let go on with one word, as the button on the ribbon does.
RESUMABLE = (notices.PAUSED, notices.PAUSED_ALL)


def notice_records(
    session: Session, wedding_id: int, before: int, *, active: bool | None
) -> tuple[list[NoticeView], str]:
    """A page, newest first, and the cursor to the next, "" at the end. `before` 0
    begins; `active` True: those still open, False: those over, None: all."""
    which = sa.true() if not before else col(Notice.id) < before
    if active is not None:
        is_open = col(Notice.ended_at).is_(None)
        which = sa.and_(which, is_open if active else ~is_open)
    newest_first = col(Notice.id).desc()
    found = read_notices(session, wedding_id, which, newest_first, limit=PAGE_SIZE + 1)
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    return found, str(found[-1].id) if more else ""


def notice_record(session: Session, wedding_id: int, notice_id: int) -> NoticeView:
    """One notice. Raises NotFound, also for another wedding's."""
    found = read_notices(session, wedding_id, col(Notice.id) == notice_id)
    if not found:
        raise NotFound
    return found[0]


def go_on(
    session: Session,
    wedding_id: int,
    notice_id: int,
    *,
    by: By,
    now: datetime,
) -> NoticeView:
    """Let go on what this notice says stands still; return it as it is then.

    Raises NotFound, and Refused for one that is over or about anything but a pause.
    """
    found = notice_record(session, wedding_id, notice_id)
    if found.kind not in RESUMABLE or found.ended_at is not None:
        raise Refused("notice.nothing_to_resume")
    if found.account_id is None:
        pausing.resume_all(session, wedding_id, now=now, by=by)
    else:
        pausing.set_account_paused(session, found.account_id, False, now=now, by=by)
    session.expire_all()
    return notice_record(session, wedding_id, notice_id)
