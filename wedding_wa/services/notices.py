"""services: what the owner must know: told once, open until it is over.

A notice is opened by whatever causes it and in the same transaction, and closed by
whatever ends it. At most one of a kind is open for an account (or for all): opening it
again only brings its figures up to date. Every page shows the open ones, the overview
also those that ended lately. `words/*/notice.toml` has the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from wedding_wa.models import Account, Notice
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

#: An account cannot send: `status` says how it is, `error` what else is known.
ACCOUNT_DOWN = "account_down"
#: WhatsApp lets an account begin no new chats (463, timelock) until `until`.
RESTRICTED = "restricted"
#: Connected by its status, and yet nothing is heard that should have been.
SILENT = "silent"
#: An account stands still: `by` is a person, failures, silence or number.
PAUSED = "paused"
#: A person stopped all sending.
PAUSED_ALL = "paused_all"
#: Messages with which the app died again and again wait for a person.
QUARANTINE = "quarantine"
#: Messages whose time passed while the app was away wait for a person.
MISSED = "missed"
#: The database is a restored copy, and WAHA has not told yet what was sent since.
RESTORED = "restored"

#: The most urgent first: so they are shown.
KINDS = (
    QUARANTINE,
    PAUSED_ALL,
    PAUSED,
    RESTORED,
    ACCOUNT_DOWN,
    SILENT,
    MISSED,
    RESTRICTED,
)

_NOTICES = table(Notice)


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice. `account` is its account's key, None where it is about all.

    `at` is when it was told, `ended_at` when it was over (None: it is not).
    """

    id: int
    kind: str
    account_id: int | None
    account: str | None
    params: Mapping[str, object]
    at: datetime
    ended_at: datetime | None


def open_notice(
    session: Session,
    wedding_id: int,
    kind: str,
    *,
    now: datetime,
    account_id: int | None = None,
    **params: object,
) -> bool:
    """Tell the owner of something, once. False: it is open; `params` are renewed.

    `params` are JSON values without anything secret or of a guest. They take the place
    of those before, so that a sentence's figures are the newest.
    """
    opened = insert_once(
        session,
        _NOTICES,
        wedding_id=wedding_id,
        account_id=account_id,
        scope=account_id or 0,
        kind=kind,
        params=params,
        at=now,
    )
    if opened is not None:
        note(session, Change("wedding", wedding_id))
        return True
    before = _params(session, wedding_id, kind, account_id)
    if before != params:
        _write(session, wedding_id, kind, account_id, params=params)
    return False


def close_notice(
    session: Session,
    wedding_id: int,
    kind: str,
    *,
    now: datetime,
    account_id: int | None = None,
    **params: object,
) -> bool:
    """It is over. `params` are added to what was told. False: none was open."""
    before = _params(session, wedding_id, kind, account_id)
    if before is None:
        return False
    ended = {**before, **params}
    return _write(session, wedding_id, kind, account_id, params=ended, ended_at=now)


def open_notices(session: Session, wedding_id: int) -> list[NoticeView]:
    """What the owner must know now, the most urgent first, then the oldest."""
    found = read_notices(session, wedding_id, col(Notice.ended_at).is_(None), Notice.id)
    return sorted(found, key=lambda one: _rank(one.kind))


def ended_notices(session: Session, wedding_id: int, *, limit: int) -> list[NoticeView]:
    """What was over lately, the newest end first."""
    over = col(Notice.ended_at).is_not(None)
    order = (col(Notice.ended_at).desc(), col(Notice.id).desc())
    return read_notices(session, wedding_id, over, *order, limit=limit)


def told(
    session: Session, wedding_id: int, kind: str, *, account_id: int | None = None
) -> Mapping[str, object] | None:
    """The params of the open notice; None where none is open."""
    return _params(session, wedding_id, kind, account_id)


def last_end(session: Session, kind: str, *, account_id: int) -> datetime | None:
    """When the account's last notice of this kind was over."""
    found: datetime | None = session.execute(
        sa.select(sa.func.max(_NOTICES.c.ended_at)).where(
            _NOTICES.c.account_id == account_id, _NOTICES.c.kind == kind
        )
    ).scalar()
    return found


def open_again(
    session: Session,
    wedding_id: int,
    kind: str,
    *,
    account_id: int,
    ended_after: datetime,
) -> bool:
    """It was not over after all: the notice that ended after then goes on, untold anew.

    False where there is none, or one is open.
    """
    newest = session.execute(
        sa.select(_NOTICES.c.id, _NOTICES.c.ended_at)
        .where(
            _NOTICES.c.wedding_id == wedding_id,
            _NOTICES.c.account_id == account_id,
            _NOTICES.c.kind == kind,
        )
        .order_by(_NOTICES.c.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.ended_at is None or newest.ended_at <= ended_after:
        return False
    again = sa.update(_NOTICES).where(_NOTICES.c.id == newest.id).values(ended_at=None)
    note(session, Change("wedding", wedding_id))
    return bool(changed(session, again))


def read_notices(
    session: Session,
    wedding_id: int,
    which: sa.ColumnElement[bool],
    *order: object,
    limit: int | None = None,
) -> list[NoticeView]:
    """The wedding's notices of which `which` is true, in this order."""
    rows = session.execute(
        sa.select(Notice, col(Account.key))
        .outerjoin(Account, col(Account.id) == col(Notice.account_id))
        .where(col(Notice.wedding_id) == wedding_id, which)
        .order_by(*order)  # type: ignore[arg-type]  # columns
        .limit(limit)
    ).all()
    return [_view(notice, key) for notice, key in rows]


def _view(notice: Notice, key: str | None) -> NoticeView:
    assert notice.id is not None
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        account_id=notice.account_id,
        account=key,
        params=notice.params,
        at=notice.at,
        ended_at=notice.ended_at,
    )


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _params(
    session: Session, wedding_id: int, kind: str, account_id: int | None
) -> dict[str, object] | None:
    """What the open notice was told with; None where none is open."""
    found: dict[str, object] | None = session.execute(
        sa.select(_NOTICES.c.params).where(*_open(wedding_id, kind, account_id))
    ).scalar()
    return found


def _write(
    session: Session,
    wedding_id: int,
    kind: str,
    account_id: int | None,
    **values: object,
) -> bool:
    written = changed(
        session,
        sa.update(_NOTICES).where(*_open(wedding_id, kind, account_id)).values(values),
    )
    if written:
        note(session, Change("wedding", wedding_id))
    return bool(written)


def _open(
    wedding_id: int, kind: str, account_id: int | None
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _NOTICES.c.wedding_id == wedding_id,
        _NOTICES.c.kind == kind,
        _NOTICES.c.scope == (account_id or 0),
        _NOTICES.c.ended_at.is_(None),
    )
