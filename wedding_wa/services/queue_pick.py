"""services: messages as the command line lists and picks them: newest first, by id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.models import BUCKETS, Account, QueueMessage
from wedding_wa.services.enqueue import find_account
from wedding_wa.services.queue.rows import row_id
from wedding_wa.services.queue_bulk import What, select_ids
from wedding_wa.services.queue_list import Wish, matching
from wedding_wa.services.queue_views import who_is
from wedding_wa.services.queue_why import Reasons, Why


@dataclass(frozen=True, slots=True)
class Pick:
    """Which messages are meant. `state` is a bucket's name; None or "" is any."""

    state: str | None = None
    account: str | None = None
    search: str | None = None

    @property
    def wish(self) -> Wish:
        """The same in the words of the queue's list."""
        return Wish(state=self.state or "", search=self.search or "")


@dataclass(frozen=True, slots=True)
class Listed:
    """One message of a list. `state` is its bucket; `why` is why it waits, if it does;
    `tries` the try that it is at."""

    id: int
    task_id: str
    account: str
    who: str
    to: str
    state: str
    status: str
    kind: str
    category: str | None
    title: str | None
    text: str
    priority: int
    tries: int
    max_attempts: int
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    held_at: datetime | None
    error_code: str | None
    skip_reason: str | None
    why: Why | None


def listed(
    session: Session,
    wedding_id: int,
    pick: Pick,
    *,
    limit: int,
    after: int | None,
    now: datetime,
) -> list[Listed]:
    """The newest `limit` of what is picked, older than the id `after` if it is given.

    A search looks at the newest queue_list.SEARCH_REACH of each state. Raises
    BadInput, NotFound.
    """
    keys = _accounts(session, wedding_id, pick)
    rows = session.exec(
        select(QueueMessage)
        .where(
            *matching(wedding_id, list(keys), pick.wish),
            col(QueueMessage.account_id).in_(keys),
            *([] if after is None else [col(QueueMessage.id) < after]),
        )
        .order_by(col(QueueMessage.id).desc())
        .limit(limit)
    ).all()
    whys = Reasons(session, now).of(rows)
    return [_listed(one, keys[one.account_id], whys.get(row_id(one))) for one in rows]


def picked(session: Session, wedding_id: int, pick: Pick, what: What) -> list[int]:
    """The ids of all that is picked and that `what` can change. Raises as `listed`."""
    keys = _accounts(session, wedding_id, pick)
    return select_ids(session, wedding_id, list(keys), pick.wish, what=what)


def _accounts(session: Session, wedding_id: int, pick: Pick) -> dict[int, str]:
    """The accounts that are meant, the id to the key."""
    if pick.state and pick.state not in BUCKETS:
        raise BadInput("cli.queue.no_state", "state", known=", ".join(BUCKETS))
    if pick.account is not None:
        find_account(session, wedding_id, pick.account)
    rows = session.exec(
        select(Account.id, Account.key).where(Account.wedding_id == wedding_id)
    ).all()
    return {i: key for i, key in rows if i and pick.account in (None, key)}


def _listed(message: QueueMessage, account: str, why: Why | None) -> Listed:
    return Listed(
        id=row_id(message),
        task_id=message.task_id,
        account=account,
        who=who_is(message),
        to=message.phone or message.chat_id,
        state=message.bucket or message.status,
        status=message.status,
        kind=message.kind,
        category=message.category,
        title=message.title,
        text=message.text,
        priority=message.priority,
        tries=min(message.failures + 1, message.max_attempts),
        max_attempts=message.max_attempts,
        created_at=message.created_at,
        due_at=message.due_at,
        expires_at=message.expires_at,
        held_at=message.held_at,
        error_code=message.error_code,
        skip_reason=message.skip_reason,
        why=why,
    )
