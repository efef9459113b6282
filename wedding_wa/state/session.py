"""state: who is looking, asked anew at every event, so that an ended login is felt.

The cookie is in the headers of the socket's handshake; a new login opens a new socket
because it loads the page anew.
"""

from __future__ import annotations

import reflex as rx
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event

from wedding_wa import runtime
from wedding_wa.services.sessions import Viewer, viewer_of

LOGIN_PATH = "/login"


class LoginRequired(Middleware):
    """Refuses every state event of a visitor without a login."""

    async def preprocess(
        self, app: rx.App, state: BaseState, event: Event
    ) -> StateUpdate | None:
        """Let the event pass (None) or answer it with the way to the login."""
        del app, event  # every event is refused alike
        if await viewer(state):
            return None
        return StateUpdate(events=Event.from_event_type(rx.redirect(LOGIN_PATH)))


async def viewer(state: BaseState) -> Viewer | None:
    """Return who looks at `state`'s page; None when the login has ended meanwhile."""
    now = runtime.current()
    cookie = state.router.headers.cookie or ""
    return await viewer_of(now.db, cookie, now=now.clock.now())
