"""state: how many guests have not written, for pages that are empty because of it."""

from __future__ import annotations

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import activation
from wedding_wa.services.sessions import Viewer


class NotWritten(rx.State, mixin=True):
    """What such a page's state has besides its own; its `_pull` adds the figure:

    {"rows": …, **await waiting_values(who)}
    """

    waiting_guests: int = 0


async def waiting_values(who: Viewer) -> dict[str, object]:
    """Return the variable of `NotWritten`."""
    found = await runtime.current().db.read(activation.not_written, who.wedding_id)
    return {"waiting_guests": found.guests}
