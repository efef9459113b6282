"""services: for how long things are kept: read and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session

from wedding_wa.domain.retention import Retention, changed, from_stored
from wedding_wa.models import Wedding
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note


def retention_of(session: Session, wedding_id: int) -> Retention:
    """What the owner wants; the defaults where nothing was ever saved."""
    return from_stored(session.get_one(Wedding, wedding_id).retention)


def save_retention(
    session: Session,
    wedding_id: int,
    texts: Mapping[str, str],
    *,
    now: datetime,
    by: By = None,
) -> Retention:
    """Change it from what a person typed; return it all. Raises BadInput.

    It holds from the next run on; what is gone does not come back.
    """
    before = retention_of(session, wedding_id)
    value = changed(before, texts)
    if value == before:
        return value
    session.get_one(Wedding, wedding_id).retention = asdict(value)
    audit.record(
        session,
        "retention_changed",
        wedding_id=wedding_id,
        by=by,
        now=now,
        fields=sorted(texts),
    )
    note(session, Change("policy", wedding_id))
    return value
