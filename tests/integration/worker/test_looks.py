"""What each look for an unconfirmed message leaves behind, and that no look is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests import accounts as see
from tests.builders import Couple, guest_wrote, make_couple, message, put
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World, _until
from wedding_wa.db import Database
from wedding_wa.domain.doubt import ChatLook, Look, Missing
from wedding_wa.models import Evidence, QueueMessage
from wedding_wa.services import settler, webhook_log
from wedding_wa.services.accounts import Clients
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.settler import Settled
from wedding_wa.services.settler_doubts import AT_ONCE
from wedding_wa.services.unconfirmed import settle_now, unconfirmed_page
from wedding_wa.services.worker import AccountWorker

AFTER = timedelta(seconds=300)


@pytest.fixture
def stored(world: World) -> Iterator[World]:
    """WAHA keeps the groom's chats, so that it can tell what is in them."""
    httpx.put(
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    yield world
    world.mend()


async def lost(
    world: World, groom: AccountWorker, *, went: bool = False, **more: object
) -> int:
    """A message whose answer never came; `went` or not."""
    fault = "lost" if went else "500"
    world.fault(fault, path="/api/sendText", times=1)
    made = put(world.database, world.couple, **more).id  # type: ignore[arg-type]
    await groom.step()
    assert message(world.database, made).status == "unconfirmed"
    return made


async def look(world: World, clients: Clients, clock: FakeClock, *ids: int) -> Settled:
    return await settle_now(
        world.database,
        clients,
        clock,
        settle_after=AFTER,
        message_ids=list(ids) or None,
    )


def seen(database: Database, message_id: int) -> Look:
    """What the last look at the message saw."""
    row = message(database, message_id)
    found = Look.of_json(row.looked)
    assert found is not None
    assert row.looked_at is not None
    return found


def change(database: Database, message_id: int, **values: object) -> None:
    def write(session: Session) -> None:
        row = session.get_one(QueueMessage, message_id)
        for name, value in values.items():
            setattr(row, name, value)

    database.write_now(write)


async def test_a_look_in_vain_leaves_what_it_saw(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """The chat was read and does not have it; only time is missing, and how long."""
    one = await lost(stored, groom)
    went = message(stored.database, one).dispatched_at
    assert went is not None
    clock.advance(60)
    assert await look(stored, clients, clock) == Settled(open=1)
    found = seen(stored.database, one)
    assert found.missing == (Missing.TIME,)
    assert (found.chat, found.by_id, found.connected) == (ChatLook.ABSENT, True, True)
    assert found.goes_again_at == went + AFTER
    page = stored.database.read_now(unconfirmed_page, stored.couple.wedding)
    assert [(row.id, row.look, row.since) for row in page.rows] == [(one, found, went)]
    clock.advance(300)
    assert await look(stored, clients, clock) == Settled(not_sent=1)
    page = stored.database.read_now(unconfirmed_page, stored.couple.wedding)
    assert (page.rows, page.total) == ((), 0)


async def test_what_went_is_found_by_its_id(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """At once, however short it is ago; only the named one is looked at."""
    one = await lost(stored, groom, went=True)
    two = await lost(stored, groom, went=True, text="Altro")
    assert await look(stored, clients, clock, one) == Settled(sent=1)
    assert message(stored.database, one).settled_by == "chat"
    assert message(stored.database, two).looked_at is None


async def test_without_a_store_nothing_is_proven(
    world: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """WAHA says that it keeps no chats: told with its reason, and never sent again."""
    one = await lost(world, groom)
    clock.advance(1000)
    assert await look(world, clients, clock) == Settled(open=1)
    found = seen(world.database, one)
    assert (found.chat, found.reason) == (ChatLook.UNREADABLE, "store_off")
    assert found.missing == (Missing.CHAT,)


async def test_a_fault_of_one_stops_no_other(
    stored: World,
    clients: Clients,
    groom: AccountWorker,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """WAHA breaks on one, our own code on another: the third is settled all the same,
    and the two say that they could not be looked at."""
    broken, ours, fine = [
        await lost(stored, groom, went=True, text=text) for text in ("a", "b", "c")
    ]
    reserved = message(stored.database, broken).reserved_id
    stored.fault("500", path=f"/messages/{reserved}")
    find = settler._find

    async def defective(*args: object) -> str | None:
        if args[2].id == ours:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return await find(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(settler, "_find", defective)
    assert await look(stored, clients, clock) == Settled(sent=1, open=2)
    assert message(stored.database, fine).status == "sent"
    for one in (broken, ours):
        assert seen(stored.database, one).chat is ChatLook.UNREADABLE
        assert message(stored.database, one).status == "unconfirmed"


async def test_a_waha_that_is_silent_is_left_alone(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """Two without an answer are enough for one round; the next begins with those that
    were not asked. So one on which WAHA chokes does not keep the others from it."""
    four = [await lost(stored, groom, text=text) for text in "abcd"]
    stored.fault("refuse", path="/messages/", times=2)
    assert await look(stored, clients, clock) == Settled(open=2)
    looks = [message(stored.database, one).looked_at for one in four]
    assert [at is not None for at in looks] == [True, True, False, False]
    assert seen(stored.database, four[0]).chat is ChatLook.UNREADABLE
    clock.advance(1)
    for one in four[:2]:
        reserved = message(stored.database, one).reserved_id
        stored.fault("refuse", path=f"/messages/{reserved}")
    assert await look(stored, clients, clock) == Settled(open=4)
    assert seen(stored.database, four[2]).chat is ChatLook.ABSENT


async def test_a_waha_that_is_gone_is_not_connected(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """Nothing listens there any more: told as that, and never taken for "not there"."""
    one = await lost(stored, groom)
    see.update(stored.database, stored.couple.groom, waha_url="http://127.0.0.1:9")
    clock.advance(1000)
    assert await look(stored, clients, clock) == Settled(open=1)
    found = seen(stored.database, one)
    assert (found.connected, found.error) == (False, "error.waha.unreachable")
    assert found.missing == (Missing.CONNECTION,)


async def test_words_of_another_message_are_no_evidence(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """Without an id only the words are looked for, and those of the first message
    stand there already: they prove nothing of the second."""
    first = put(stored.database, stored.couple).id
    await groom.step()
    second = await lost(stored, groom)
    change(stored.database, second, reserved_id=None)
    assert await look(stored, clients, clock) == Settled(open=1)
    found = seen(stored.database, second)
    assert (found.chat, found.by_id) == (ChatLook.ABSENT, False)
    assert found.missing[0] is Missing.ID
    third = await lost(stored, groom, went=True)
    change(stored.database, third, reserved_id=None)
    assert (await look(stored, clients, clock, third)).sent == 1
    known = [
        message(stored.database, one).provider_message_id for one in (first, third)
    ]
    assert None not in known
    assert known[0] != known[1]


async def test_an_echo_that_nobody_has_applied_yet_counts(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """It lies in the log of events: evidence enough, and named as what it is."""
    one = await lost(stored, groom)
    row = message(stored.database, one)
    payload = see.written(
        row.chat_id, str(row.reserved_id), at=clock.now(), from_me=True
    )
    stored.database.write_now(
        webhook_log.store,
        wedding_id=stored.couple.wedding,
        account_id=stored.couple.groom,
        raw=see.event("message.any", payload, at=clock.now()),
        now=clock.now(),
        source=Evidence.FEED,
    )
    assert await look(stored, clients, clock) == Settled(sent=1)
    assert message(stored.database, one).settled_by == "echo"


async def test_what_is_told_in_the_last_moment_wins(
    stored: World, clients: Clients, groom: AccountWorker, clock: FakeClock
) -> None:
    """Between the look and the verdict somebody logged in anew: it stays in doubt."""
    one = await lost(stored, groom)
    clock.advance(1)
    row = message(stored.database, one)
    changes = {"status": "SCAN_QR_CODE", "at": clock.now(), "error": None}

    def scanned(session: Session) -> bool:
        session.execute(
            sa.text(
                "INSERT INTO account_status_change"
                " (wedding_id, account_id, status, error, at)"
                " SELECT wedding_id, id, :status, :error, :at FROM account"
                " WHERE key = 'groom'"
            ).bindparams(
                sa.bindparam("at", type_=QueueMessage.__table__.c.due_at.type)  # type: ignore[attr-defined]
            ),
            changes,
        )
        return settler._never_went(session, row, now=clock.now())

    assert stored.database.write_now(scanned) is False
    assert message(stored.database, one).status == "unconfirmed"


@pytest.fixture
def crowd(any_database: Database) -> tuple[Couple, list[int]]:
    """More in doubt than one round looks at, of a number that is not connected."""
    couple = make_couple(any_database, status="FAILED")
    guest_wrote(any_database, couple.groom)
    many = [
        put(any_database, couple, text=f"{n}").id for n in range(AT_ONCE + AT_ONCE // 2)
    ]
    doubtful = sa.update(QueueMessage).values(  # type: ignore[arg-type]
        status="unconfirmed",
        attempt=1,
        dispatched_at=NOON,
        worker="h|1|x",
        reserved_id="x",
    )
    any_database.write_now(lambda s: s.execute(doubtful))
    return couple, many


async def test_many_doubts_take_turns(
    any_database: Database, crowd: tuple[Couple, list[int]], clock: FakeClock
) -> None:
    """Two rounds look at all of them, a third begins with the oldest look again."""
    couple, many = crowd
    clients = Clients(any_database, Sealer(b"test"), clock)

    def looked() -> list[datetime | None]:
        return [message(any_database, one).looked_at for one in many]

    for expected in (AT_ONCE, len(many), len(many)):
        clock.advance(10)
        done = await settle_now(any_database, clients, clock, settle_after=AFTER)
        assert done == Settled(open=AT_ONCE)
        assert sum(at is not None for at in looked()) == expected
    second_round = clock.now() - timedelta(seconds=10)
    assert min(at for at in looked() if at) == second_round
    page = any_database.read_now(unconfirmed_page, couple.wedding)
    assert (len(page.rows), page.total) == (AT_ONCE, len(many))
    assert Missing.CONNECTION in seen(any_database, many[0]).missing
