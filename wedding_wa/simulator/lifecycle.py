"""simulator: the commands that start, stop and change sessions."""

from __future__ import annotations

import asyncio
from typing import Any

from wedding_wa.simulator import answers
from wedding_wa.simulator.sessions import Session, Status
from wedding_wa.simulator.world import World

Json = dict[str, Any]


async def create(world: World, name: str, *, config: Json | None, start: bool) -> Json:
    """Make a session; 422 when there is one of that name."""
    if name in world.sessions:
        raise answers.nest(
            422, f"Session '{name}' already exists. Use PUT to update it."
        )
    session = world.add_session(name)
    async with session.command():
        session.config = config
        world.save_session(session)
        if start:
            session.begin()
        return session.info()


async def update(world: World, name: str, config: Json | None) -> Json:
    """Replace the config; a running session is stopped and started for it."""
    session = world.session(name)
    async with session.command():
        session.config = config
        world.save_session(session)
        if session.running:
            await _stop(session)
            session.begin()
        return session.info()


async def start(world: World, name: str) -> Json:
    """Start; 422 while it runs, and FAILED runs too."""
    session = world.session(name)
    async with session.command():
        if session.running:
            raise answers.nest(422, f"Session '{name}' is already started.")
        session.begin()
        return session.info()


async def stop(world: World, name: str) -> Json:
    session = world.session(name)
    async with session.command():
        await _stop(session)
        return session.info()


async def restart(world: World, name: str) -> Json:
    session = world.session(name)
    async with session.command():
        await _stop(session)
        session.begin()
        return session.info()


async def logout(world: World, name: str) -> Json:
    """Unpair and forget the login; a session that ran asks for a new scan."""
    session = world.session(name)
    async with session.command():
        ran = session.running
        await _stop(session)
        await _unpair(session, ran=ran)
        if ran:
            session.begin()
        return session.info()


async def delete(world: World, name: str) -> None:
    """Stop, unpair and remove; deleting nothing is no error."""
    session = world.sessions.get(name)
    if session is None:
        return
    async with session.command():
        ran = session.running
        await _stop(session)
        await _unpair(session, ran=ran)
        world.remove_session(session)


async def _stop(session: Session) -> None:
    if session.running:
        session.halt()
        await session.around.pace.wait(session.around.timings.stop)


async def _unpair(session: Session, *, ran: bool) -> None:
    session.forget_login()
    if ran:
        await session.around.pace.wait(session.around.timings.unpair)


# --- how requests find their session ----------------------------------------------


def running(world: World, name: str) -> Session:
    """Return the session if it runs; 404 else, at once."""
    session = world.sessions.get(name)
    if session is None or not session.running:
        raise answers.not_started(name)
    return session


async def in_status(world: World, name: str, expected: Status) -> Session:
    """Return the session once it is in `expected`.

    Waits as WAHA does, 5 s for one that does not run and 10 s for one in another
    status, and then raises WahaError 422.
    """
    timings = world.config.timings
    if not await _until(world, name, timings.until_running, running=True):
        session = world.sessions.get(name)
        if session is None:
            raise answers.missing(name)
        raise answers.mismatch(name, session.status.value, [expected.value])
    if not await _until(world, name, timings.until_status, status=expected):
        session = world.session(name)
        raise answers.mismatch(name, session.status.value, [expected.value])
    return world.session(name)


async def working(world: World, name: str) -> Session:
    return await in_status(world, name, Status.WORKING)


async def _until(
    world: World,
    name: str,
    patience: float,
    *,
    status: Status | None = None,
    running: bool = False,
) -> bool:
    def there() -> bool:
        session = world.sessions.get(name)
        if session is None:
            return False
        return (running and session.running) or session.status is status

    async def wait() -> None:
        while not there():
            session = world.sessions.get(name)
            await (session.moved() if session else world.session_added.wait())

    try:
        await asyncio.wait_for(wait(), world.pace.real(patience))
    except TimeoutError:
        return False
    return True
