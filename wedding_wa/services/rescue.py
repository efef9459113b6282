"""services: freeing what dead or lapsed workers hold, for accounts nobody serves.

A worker frees what its own account's last worker left when it takes the lease. This is
for what nobody comes to take: the old holder's lease has lapsed, or it is proven dead,
and the account is without a worker.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.domain.messages import Status
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.processes import this_process


def rescue_left(session: Session, *, now: datetime) -> int:
    """Free messages that no living worker holds; return how many.

    What was not on its way goes back in the line, no failure counted; what was is
    unconfirmed. Not for accounts that this very process serves: its own worker does it.
    """
    me = this_process()
    held = select(QueueMessage.account_id).where(
        QueueMessage.status == Status.PROCESSING
    )
    accounts = session.exec(
        select(Account.id, Account.lease_owner).where(col(Account.id).in_(held))
    ).all()
    freed = 0
    for account_id, owner in accounts:
        if account_id is None or owner == str(me):
            continue
        lease = leases.acquire(session, account_id, owner=me, now=now)
        if lease is not None:
            freed += queue.rescue(session, lease, calls_over=False, now=now)
            leases.release(session, lease)
    return freed
