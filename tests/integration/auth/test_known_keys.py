"""Who a key is of is remembered for a moment, and forgotten when it is revoked."""

from __future__ import annotations

import asyncio
import threading

from sqlalchemy import event

from tests.fakes import NOON, FakeClock
from tests.integration.auth.conftest import set_up
from wedding_wa.db import Database, opened
from wedding_wa.services import apikeys, weddings
from wedding_wa.services.known_keys import KnownKeys


def _revoke(db: Database, wedding: int, key_id: int) -> None:
    db.write_now(apikeys.revoke_key, key_id, wedding_id=wedding, by=None, now=NOON)


def _made(db: Database) -> tuple[int, str]:
    set_up(db)
    wedding = db.read_now(weddings.only_wedding) or 0
    key = db.write_now(
        apikeys.create_key, wedding_id=wedding, name="till", scopes=["send"], now=NOON
    )
    return wedding, key


async def test_it_is_asked_for_once_in_a_quarter_of_a_second(
    any_database: Database,
) -> None:
    """Many requests at a time ask the database once; after the quarter, again."""
    _, key = _made(any_database)
    clock = FakeClock()
    keys = KnownKeys(any_database, clock)
    assert await keys.verify(key, now=NOON)
    asked: list[str] = []
    event.listen(
        any_database.engine,
        "before_cursor_execute",
        lambda *said: asked.append(said[2]),
    )
    for _ in range(5):
        assert await keys.verify(key, now=NOON)
    assert asked == []
    await clock.sleep(0.3)
    assert await keys.verify(key, now=NOON)
    assert len([one for one in asked if "api_key" in one]) == 1


async def test_many_at_once_ask_for_it_once(any_database: Database) -> None:
    """Those who come while it is being read share the answer; one who goes away takes
    it from nobody."""
    _, key = _made(any_database)
    keys = KnownKeys(any_database, FakeClock())
    asked: list[str] = []
    event.listen(
        any_database.engine,
        "before_cursor_execute",
        lambda *said: asked.append(said[2]),
    )
    tasks = [asyncio.create_task(keys.verify(key, now=NOON)) for _ in range(30)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    gone, *told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert len({holder.key_id for holder in told}) == 1  # type: ignore[union-attr]
    assert len([one for one in asked if one.startswith("SELECT")]) == 1


async def test_revoked_in_this_process_it_is_refused_at_once(
    any_database: Database,
) -> None:
    """No moment passes: the commit itself makes it forgotten."""
    wedding, key = _made(any_database)
    keys = KnownKeys(any_database, FakeClock())
    holder = await keys.verify(key, now=NOON)
    assert holder
    _revoke(any_database, wedding, holder.key_id)
    assert await keys.verify(key, now=NOON) is None


async def test_revoked_while_it_is_read_it_is_not_remembered(
    any_database: Database,
) -> None:
    """An answer from before the commit is not kept past it."""
    wedding, key = _made(any_database)
    keys = KnownKeys(any_database, FakeClock())
    revoked: list[int] = []

    @event.listens_for(any_database.engine, "after_cursor_execute")
    def _then(*said: object) -> None:
        if "FROM api_key" in str(said[2]) and not revoked:
            revoked.append(1)
            _revoke(any_database, wedding, 1)

    assert await keys.verify(key, now=NOON)  # read a moment before
    assert await keys.verify(key, now=NOON) is None


async def test_who_comes_after_it_was_revoked_shares_no_answer_from_before(
    any_database: Database,
) -> None:
    """One that was asked before and is still under way tells only who came before."""
    wedding, key = _made(any_database)
    keys = KnownKeys(any_database, FakeClock())
    was_read, go_on = threading.Event(), threading.Event()

    @event.listens_for(any_database.engine, "after_cursor_execute")
    def _then(*said: object) -> None:
        if "FROM api_key" in str(said[2]) and not was_read.is_set():
            was_read.set()
            assert go_on.wait(20)

    before = asyncio.create_task(keys.verify(key, now=NOON))
    try:
        assert await asyncio.to_thread(was_read.wait, 20)
        await asyncio.to_thread(_revoke, any_database, wedding, 1)
        assert await asyncio.wait_for(keys.verify(key, now=NOON), 10) is None
    finally:
        go_on.set()
    assert await before
    assert await keys.verify(key, now=NOON) is None


async def test_revoked_by_another_process_it_is_refused_soon(
    any_database: Database,
) -> None:
    """What passes by us unheard is believed for a quarter of a second, no longer."""
    wedding, key = _made(any_database)
    clock = FakeClock()
    keys = KnownKeys(any_database, clock)
    holder = await keys.verify(key, now=NOON)
    assert holder
    with opened(any_database.engine.url.render_as_string(hide_password=False)) as other:
        _revoke(other, wedding, holder.key_id)
    await clock.sleep(0.25)
    assert await keys.verify(key, now=NOON) is None


async def test_it_ends_to_the_second(any_database: Database) -> None:
    """That it was known a moment ago lengthens no key's life."""
    wedding, _ = _made(any_database)
    end = NOON.replace(year=NOON.year + 1)
    key = any_database.write_now(
        apikeys.create_key,
        wedding_id=wedding,
        name="short",
        scopes=["send"],
        expires_at=end,
        now=NOON,
    )
    keys = KnownKeys(any_database, FakeClock())
    both = (keys.verify(key, now=NOON), keys.verify(key, now=end))
    told = await asyncio.gather(*both)  # one question to the database
    assert [holder is not None for holder in told] == [True, False]
    assert await keys.verify(key, now=NOON)
    assert await keys.verify(key, now=end) is None
