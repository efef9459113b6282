"""One open browser tab without a browser: Reflex's own event processor and our states.

    async with Tab(login(database, couple), "/test?account=bride") as tab:
        await tab.open(TestMessageState.live)          # the page's on_load
        await tab.do(TestMessageState.send({"to": "…"}))
        state = await tab.state(TestMessageState)

Locks, background events, chaining and deltas are Reflex's. `tab.deltas` holds what
would have gone over the socket since the last `do` or `open`.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import BaseState, State
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.event.processor import BaseStateEventProcessor

from tests.builders import Couple
from wedding_wa.db import Database
from wedding_wa.models import Role, User
from wedding_wa.services import sessions, users
from wedding_wa.services.clock import Clock

PATIENCE_S = 20.0

S = TypeVar("S", bound=BaseState)
_NUMBERS = itertools.count(1)
_ORIGIN = "http://localhost:8000"


def login(
    database: Database,
    couple: Couple,
    *,
    clock: Clock,
    lang: str = "en",
    role: Role = Role.OWNER,
) -> str:
    """Log somebody in and return the Cookie header of their browser."""
    now = clock.now()

    def write(session: Any) -> str:
        user = User(
            email=f"person{next(_NUMBERS)}@example.com",
            password_hash="of a password that nobody types",
            language=lang,
            created_at=now,
        )
        session.add(user)
        session.flush()
        assert user.id is not None
        users.join(session, user.id, wedding_id=couple.wedding, role=role)
        return sessions.start(session, user.id, days=30, now=now)

    return f"{sessions.COOKIE}={database.write_now(write)}"


class Tab:
    """A tab at `address`, whose browser sends `cookie`."""

    def __init__(self, cookie: str, address: str = "/") -> None:
        self.token = f"tab{next(_NUMBERS)}"
        self.deltas: list[dict[str, Any]] = []
        self.events: list[Any] = []
        self.errors: list[Exception] = []
        self._router = {
            "pathname": str(PurePosixPath(urlsplit(address).path)),
            "asPath": address,
            "query": {},
            "token": self.token,
            "headers": {"origin": _ORIGIN, "cookie": cookie},
        }

    async def __aenter__(self) -> Self:
        self._states = StateManagerMemory()
        self._processor = BaseStateEventProcessor(
            backend_exception_handler=self._failed, graceful_shutdown_timeout=0.2
        )
        self._processor._root_context = EventContext(
            token="",
            txid="",
            state_manager=self._states,
            enqueue_impl=self._processor.enqueue_many,
            emit_delta_impl=self._delta,
            emit_event_impl=self._event,
        )
        await self._processor.start()
        await self._arrive(self._router)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._processor.stop()
        await self._states.close()
        assert not self.errors, self.errors

    async def go(self, address: str, live: Any) -> None:
        """Follow a link within the page; its loop begins anew, as Reflex does it."""
        path = str(PurePosixPath(urlsplit(address).path))
        await self._arrive({**self._router, "pathname": path, "asPath": address})
        await self.start(live)
        await self.until(lambda: "beat" in self.sent(), f"a look at {address}")

    async def _arrive(self, router: Mapping[str, Any]) -> None:
        root = await self._root(State)
        root.router_data = root._update_router_vars(dict(router), {})
        root.is_hydrated = True
        root._clean()

    async def do(self, event: Any) -> None:
        """Do an event and wait until it, and what it set off, is done."""
        for future in await self._send(event):
            await asyncio.wait_for(future.wait_all(), PATIENCE_S)
        assert not self.errors, self.errors

    async def open(self, event: Any) -> None:
        """Begin a page's loop and return once its first look has arrived."""
        await self.start(event)
        await self.until(lambda: "loaded" in self.sent(), f"first look of {event}")

    async def start(self, event: Any) -> None:
        """Begin a background event and return at once."""
        await self._send(event)

    async def state(self, cls: type[S]) -> S:
        """Return the tab's state of this class, to look at."""
        root = await self._root(cls)
        found: S = await root.get_state(cls)
        return found

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Wait for `there`, with a deadline."""
        deadline = time.monotonic() + PATIENCE_S
        while not there():
            assert not self.errors, self.errors
            assert time.monotonic() < deadline, f"never: {what}"
            await asyncio.sleep(0.01)

    def sent(self) -> dict[str, Any]:
        """Return the variables sent since the last event, by their plain names."""
        found: dict[str, Any] = {}
        for delta in self.deltas:
            for variables in delta.values():
                found |= {_plain(name): value for name, value in variables.items()}
        return found

    async def _send(self, event: Any) -> Any:
        self.deltas.clear()
        self.events.clear()
        return await self._processor.enqueue_many(
            self.token, *Event.from_event_type(event)
        )

    async def _root(self, cls: type[BaseState]) -> Any:
        token = rx.BaseStateToken(ident=self.token, cls=cls)
        return await self._states.get_state(token)

    async def _delta(self, _token: str, delta: Mapping[str, Any]) -> None:
        self.deltas.append(dict(delta))

    async def _event(self, _token: str, *events: Any) -> None:
        self.events.extend(events)

    def _failed(self, error: Exception) -> None:
        self.errors.append(error)


def _plain(name: str) -> str:
    return name.removesuffix("_rx_state_")
