"""services: what other parts may tell an account's feed, in the same process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from wedding_wa.services.accounts import Clients


@dataclass(frozen=True, slots=True)
class Nudge:
    """`hurry`: WAHA has just answered, so try now. `distrust`: something was said that
    the open line did not bring, so begin a new one."""

    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    distrust: asyncio.Event = field(default_factory=asyncio.Event)


def nudge_of(clients: Clients, account_id: int) -> Nudge:
    """The account's nudge, one a process; nobody minds where no feed waits for it."""
    nudge: Nudge = clients.kept.setdefault((account_id, "nudge"), Nudge())
    return nudge
