"""The feed over a real socket: who gets in, what they are told, how it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session
from websockets.exceptions import ConnectionClosed

from tests.builders import guest_wrote, make_couple, put
from tests.integration.auth.conftest import ORIGIN
from tests.integration.stream.conftest import Place, QuickClock, serving, until
from wedding_wa.db import Database
from wedding_wa.domain.messages import Phase
from wedding_wa.services import apikeys, events, stream, stream_hub
from wedding_wa.services.stream import Batch
from wedding_wa.services.stream_hub import PER_KEY
from wedding_wa.services.stream_places import ENTRIES, forget_entries
from wedding_wa.services.stream_places import Place as At


def happens(place: Place, text: str = "Ciao") -> list[str]:
    """A message is queued: its two envelopes' ids end in nothing and in .1."""
    return [put(place.db, place.couple, text=text).task_id]


async def phases(place: Place, number: int, many: int) -> None:
    """So many lines of a message's timeline, each committed alone."""

    def write(session: Session) -> None:
        events.begin(
            session,
            number,
            Phase.HELD,
            wedding_id=place.couple.wedding,
            attempt=0,
            at=place.now(),
        )

    for _ in range(many):
        await place.db.write(write)


def ids(told: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in told if "id" in one]


@pytest.mark.parametrize("path", ["", "/"])
async def test_what_happens_is_told_at_once(place: Place, path: str) -> None:
    """From now on, not from before; with and without a slash at the end."""
    guest_wrote(place.db, place.couple.groom)
    async with place.listen(path=path) as reader:
        await until(lambda: place.runtime.stream.listeners)
        made = put(place.db, place.couple)
        status, sent = await reader.take(2)
    assert status["event"] == "message_status"
    assert sent["event"] == "message_sent"
    assert sent["data"]["message_id"] == made.task_id
    assert (sent["id"], sent["version"]) == (f"{status['id']}.1", "v1")


async def test_the_key_may_come_in_the_header(place: Place) -> None:
    """There it stands in no log of any proxy."""
    bearer = [("Authorization", f"Bearer {place.key()}")]
    guest_wrote(place.db, place.couple.groom)
    async with place.listen("", headers=bearer, after="0") as reader:
        assert (await reader.next())["event"] == "message_received"


async def test_who_is_not_let_in_sees_the_code(place: Place) -> None:
    """Opened and closed again: 4401 without a valid token, 4403 where it may not."""
    for token, code in (("", 4401), ("wwa_12345678_x", 4401), ("x" * 5000, 4401)):
        async with place.listen(token) as reader:
            assert await reader.code() == code
    async with place.listen(place.key("send")) as reader:
        assert await reader.code() == 4403
    async with place.listen(after="yesterday") as reader:
        assert await reader.code() == 4400
    async with place.listen(events="message_sent,nonsense") as reader:
        assert await reader.code() == 4400
    async with place.listen(event="message_sent") as reader:  # it would filter nothing
        assert await reader.code() == 4400
    assert not place.runtime.stream.listeners


async def test_our_own_pages_may_listen(place: Place) -> None:
    """A page names its origin; ours is let in, and those that the settings name.
    Another is told 4403 and nothing else, whatever token it has."""
    guest_wrote(place.db, place.couple.groom)
    named = "https://rossi.example"
    allowed = place.runtime.settings.model_copy(update={"api_cors_origins": named})
    place.runtime.settings = allowed
    for origin in (ORIGIN, named):
        async with place.listen(origin=origin, after="0") as reader:
            assert (await reader.next())["event"] == "message_received"
    for origin in ("https://evil.example", "null", f"{named}.evil.example"):
        async with place.listen(origin=origin, after="0") as reader:
            assert await reader.code() == 4403
        assert reader.told == []


async def test_now_says_where_it_is(place: Place) -> None:
    """`after=now`: a heartbeat at once, from whose place one can come back."""
    guest_wrote(place.db, place.couple.groom)
    async with place.listen(after="now") as reader:
        beat = await reader.next()
    assert (beat["event"], beat["data"]["after"]) == ("heartbeat", "2.1")
    put(place.db, place.couple)
    async with place.listen(after=beat["data"]["after"]) as reader:
        assert (await reader.next())["id"] == "3"


async def test_only_what_was_asked_for(place: Place) -> None:
    """`events` filters on the server."""
    guest_wrote(place.db, place.couple.groom)
    put(place.db, place.couple)
    async with place.listen(after="0", events="message_sent, guest_activated") as one:
        told = await one.take(2)
    assert [e["event"] for e in told] == ["guest_activated", "message_sent"]


async def test_nothing_of_another_wedding(place: Place) -> None:
    """Not live, not replayed, not by a number that is another's."""
    stranger = make_couple(place.db)
    guest_wrote(place.db, stranger.groom, "+393339998888")
    put(place.db, stranger, to="+393339998888")
    guest_wrote(place.db, place.couple.groom)
    theirs = place.key(couple=stranger)
    async with (
        place.listen(after="0") as mine,
        place.listen(theirs, after="0") as other,
    ):
        await other.take(4)
        put(place.db, stranger, to="+393339998888")
        put(place.db, place.couple)
        told = await mine.take(4)
        await other.take(2)
    assert "393339998888" not in str(told)
    assert not set(ids(told)) & set(ids(other.told))


async def test_coming_back_misses_nothing_and_hears_nothing_twice(
    any_place: Place,
) -> None:
    """Cut at any moment, again and again, while others write: together it is all that
    happened, in order, once."""
    place = any_place
    guest_wrote(place.db, place.couple.groom)
    number = put(place.db, place.couple).id
    token, after = place.key(), "0"
    told: list[str] = []
    writing = asyncio.gather(*(phases(place, number, 40) for _ in range(4)))
    for round_ in range(60):
        async with place.listen(token, after=after) as reader:
            for _ in range(1 + round_ % 7):
                await reader.next()
                if len(told) + len(reader.told) == 4 + 160:
                    break
            reader.line.transport.abort()
        told += ids(reader.told)
        after = told[-1]
        if len(told) == 4 + 160:
            break
    await writing
    rows = place.db.read_now(
        lambda s: s.execute(sa.select(ENTRIES.c.id)).scalars().all()
    )
    assert [one for one in told if "." not in one] == [str(one) for one in sorted(rows)]
    assert len(told) == len(set(told)) == len(rows) + 1


async def test_what_is_lost_is_told_as_a_gap(place: Place) -> None:
    """From before what is kept, and from a future that this database does not know;
    either goes on, and its id is one to come back with."""
    guest_wrote(place.db, place.couple.groom)
    put(place.db, place.couple)
    soon = place.now() + timedelta(days=1)
    await forget_entries(place.db, place.couple.wedding, soon)
    async with place.listen(after="1") as reader:
        gap = await reader.next()
        assert (gap["event"], gap["version"]) == ("gap", "v1")
        assert (gap["data"]["reason"], gap["data"]["after"]) == ("forgotten", "1")
    async with place.listen(after=gap["id"]) as reader:
        put(place.db, place.couple)
        assert (await reader.next())["event"] == "message_status"
    async with place.listen(after="70000") as reader:
        gap = await reader.next()
        assert (gap["event"], gap["data"]["reason"]) == ("gap", "unknown")
        put(place.db, place.couple)
        assert (await reader.next())["event"] == "message_status"


async def test_a_heartbeat_after_half_a_minute_of_silence(
    database: Database, tmp_path: Path
) -> None:
    """Not before, again and again, without an id, also where only others' events
    happen; it says from where to come back."""
    async with serving(database, tmp_path, clock=QuickClock(60)) as place:
        guest_wrote(place.db, place.couple.groom)
        async with place.listen(after="0", events="session_status") as reader:
            begun = place.runtime.clock.monotonic()
            beat = await reader.next()
            waited = place.runtime.clock.monotonic() - begun
            again = await reader.next()
    assert waited >= 25  # less what opening took
    for one in (beat, again):
        assert (one["event"], one["version"]) == ("heartbeat", "v1")
        assert "id" not in one
    assert beat["data"]["after"] == "2.1"


async def test_a_revoked_key_is_shown_the_door(place: Place) -> None:
    """Within seconds, and nobody else with it."""
    token, other = place.key(), place.key()
    async with place.listen(token) as reader, place.listen(other, after="0") as stays:
        await until(lambda: len(place.runtime.stream.listeners) == 2)
        place.db.write_now(
            apikeys.revoke_key,
            1,
            wedding_id=place.couple.wedding,
            by=None,
            now=place.now(),
        )
        assert await reader.code(timeout=10) == 4401
        guest_wrote(place.db, place.couple.groom)
        place.runtime.bus.publish()
        assert (await stays.next())["event"] == "message_received"


async def test_a_key_that_expires_is_shown_the_door(place: Place) -> None:
    """Nothing is committed when it does: it is looked for."""
    token = place.db.write_now(
        apikeys.create_key,
        wedding_id=place.couple.wedding,
        name="short",
        scopes=("read",),
        expires_at=place.now() + timedelta(seconds=1.5),
        now=place.now(),
    )
    async with place.listen(token) as reader:
        assert await reader.code(timeout=10) == 4401


async def test_a_key_has_so_many_connections(place: Place) -> None:
    """One more is closed with 4429; when one goes, another may come."""
    token = place.key()
    held = [place.listen(token) for _ in range(PER_KEY)]
    readers = [await one.__aenter__() for one in held]
    await until(lambda: len(place.runtime.stream.listeners) == PER_KEY)
    async with place.listen(token) as reader:
        assert await reader.code() == 4429
    async with place.listen() as another_key:
        await until(lambda: len(place.runtime.stream.listeners) == PER_KEY + 1)
        assert another_key.line.close_code is None
    await readers[0].line.close()
    await until(lambda: len(place.runtime.stream.listeners) == PER_KEY - 1)
    async with place.listen(token, after="0") as reader:
        guest_wrote(place.db, place.couple.groom)
        place.runtime.bus.publish()
        await reader.next()
    for one in held:
        await one.__aexit__(None, None, None)


async def test_what_a_client_says_is_not_listened_to(place: Place) -> None:
    """Small talk changes nothing; a long word closes with 1009."""
    guest_wrote(place.db, place.couple.groom)
    async with place.listen(after="0") as reader:
        for said in ("hello", b"\0\1", "{}", "x" * 4096):
            await reader.line.send(said)
        assert (await reader.next())["event"] == "message_received"
        await reader.line.send("x" * 4097)
        assert await reader.code() == 1009


async def test_a_server_that_stops_says_so(place: Place) -> None:
    """1012: come back in a moment."""
    async with place.listen() as reader:
        await until(lambda: place.runtime.stream.listeners)
        stopping = asyncio.create_task(place.server.stop())
        assert await reader.code() in (1001, 1012)
        async with asyncio.timeout(10):
            await stopping
    await until(lambda: not place.runtime.stream.listeners)


async def test_nothing_is_left_of_those_who_went(place: Place) -> None:
    """Said goodbye or not: no listener, no task, no log of a defect."""
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with place.listen() as polite, place.listen() as rude:
            await until(lambda: len(place.runtime.stream.listeners) == 2)
            rude.line.transport.abort()
            with pytest.raises(ConnectionClosed):
                await rude.line.recv()
            assert polite.line.close_code is None
    await until(lambda: not place.runtime.stream.listeners)
    await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_a_database_that_is_away_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who listens stays, and is told what happened meanwhile."""
    guest_wrote(place.db, place.couple.groom)
    async with place.listen(after="0") as reader:
        await reader.take(2)
        away = sa.exc.OperationalError("SELECT", {}, Exception("locked"))
        tries = []

        def read(session: Session, wedding_id: int, after: At) -> Batch:
            tries.append(after)
            if len(tries) == 1:
                raise away
            return stream.read(session, wedding_id, after)

        monkeypatch.setattr(stream_hub, "read", read)
        put(place.db, place.couple)
        assert (await reader.next())["event"] == "message_status"
        assert len(tries) >= 2


async def test_a_defect_leaves_nobody_listening_to_silence(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1011 for all; who comes back is told."""
    guest_wrote(place.db, place.couple.groom)
    async with place.listen(after="0") as reader:
        await reader.take(2)
        with monkeypatch.context() as broken:
            broken.setattr(stream_hub, "read", lambda *_: 1 / 0)
            put(place.db, place.couple)
            assert await reader.code() == 1011
    async with place.listen(after=reader.told[-1]["id"]) as again:
        assert (await again.next())["event"] == "message_status"
