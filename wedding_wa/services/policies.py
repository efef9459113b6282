"""services: the limits the owner edits, read and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session

from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.domain.policy import changed
from wedding_wa.models import Account, Policy
from wedding_wa.services import audit, queue
from wedding_wa.services.audit import By
from wedding_wa.services.history import policy_of
from wedding_wa.services.live import Change, note


def save_policy(
    session: Session,
    account_id: int,
    texts: Mapping[str, str],
    *,
    now: datetime,
    by: By = None,
) -> PolicyValue:
    """Change limits from what a person typed; return them all. Raises BadInput.

    They hold from the next decision on; what is in hand is finished under the old.
    """
    before = policy_of(session, account_id)
    value = changed(before, texts)
    if value == before:
        return value
    account = session.get_one(Account, account_id)
    row = session.get(Policy, account_id) or Policy(
        account_id=account_id, updated_at=now
    )
    row.fields, row.updated_at = asdict(value), now
    session.add(row)
    queue.look_again(session, account_id, now=now)
    audit.record(
        session,
        "policy_changed",
        wedding_id=account.wedding_id,
        by=by,
        now=now,
        account=account.key,
        fields=sorted(texts),
    )
    note(session, Change("policy", account.wedding_id, account_id))
    return value
