"""state: who is looking. One lookup, handed in once, asked at every event.

The cookie is read from the headers of the socket's handshake, so a new login opens a
new socket by loading the page anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import reflex as rx
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event

LOGIN_PATH = "/login"


@dataclass(frozen=True, slots=True)
class Reader:
    """The person in front of a page. `language` is "" until they have chosen one."""

    user_id: int
    wedding_id: int
    name: str
    language: str = ""
    time_zone: str = "UTC"


# Takes the handshake's Cookie header, returns nobody for a login that has ended.
Lookup = Callable[[str], Awaitable[Reader | None]]


class Guard(Middleware):
    """Refuses every state event of a visitor without a login."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        _Current.lookup = lookup

    async def preprocess(
        self, app: rx.App, state: BaseState, event: Event
    ) -> StateUpdate | None:
        """Let the event pass (None) or answer it with the way to the login."""
        del app, event  # every event is refused alike
        if await self._lookup(_cookie(state)):
            return None
        return StateUpdate(events=Event.from_event_type(rx.redirect(LOGIN_PATH)))


async def reader_of(state: BaseState) -> Reader | None:
    """Return who looks at `state`'s page; None when the login has ended meanwhile."""
    return await _Current.lookup(_cookie(state))


async def _nobody(_cookie: str) -> Reader | None:
    return None


class _Current:
    lookup: Lookup = staticmethod(_nobody)


def _cookie(state: BaseState) -> str:
    return state.router.headers.cookie or ""
