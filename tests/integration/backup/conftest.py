"""A wedding whose guests truly wrote, a backup of it, and what is sent after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, col, select

from tests.accounts import account, update
from tests.builders import message, put, set_policy
from tests.fakes import FakeClock
from tests.integration.conftest import World, _until
from tests.integration.queue.desk import NO_LIMITS
from tests.integration.worker.conftest import make_sender
from wedding_wa.db import Database
from wedding_wa.domain.messages import Status
from wedding_wa.models import Account, Notice, QueueMessage
from wedding_wa.services import hearing, notices
from wedding_wa.services.accounts import Clients
from wedding_wa.services.backup import make_backup
from wedding_wa.services.catch_up import catch_up
from wedding_wa.services.restore import restore
from wedding_wa.services.restore_check import check_restored
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.worker import AccountWorker

ANNA, BRUNO = "+393331112222", "+393334445555"
AFTER = timedelta(seconds=300)


@dataclass
class Side:
    """One database with the app's parts on it: the former app, or the restored one."""

    world: World
    db: Database
    clients: Clients
    clock: FakeClock
    worker: AccountWorker = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        moved = World(world.url, world.headers, self.db, world.couple)
        sender = make_sender(moved, self.clients, self.clock)
        self.worker = AccountWorker(self.db, sender, self.clock, self.groom)

    @property
    def groom(self) -> int:
        return self.world.couple.groom

    def put(self, text: str, *, to: str = ANNA, **more: object) -> int:
        now = self.clock.now()
        return put(self.db, self.world.couple, to=to, text=text, now=now, **more).id

    def status(self, number: int) -> str:
        return message(self.db, number).status

    def held(self) -> bool:
        return account(self.db, self.groom).restored_from is not None

    async def send(self, many: int) -> None:
        """Let the worker send so many; AssertionError where it does not."""
        there = len(self.world.delivered())
        for _ in range(100):
            if len(self.world.delivered()) == there + many:
                return
            await self.worker.step()
            self.clock.advance(1)
        assert len(self.world.delivered()) == there + many

    async def steps(self) -> None:
        """Let the worker do whatever it may do now."""
        for _ in range(6):
            await self.worker.step()
            self.clock.advance(1)

    async def check(self) -> dict[str, int]:
        return await check_restored(
            self.db, self.clients, self.clock, settle_after=AFTER
        )

    async def checked(self) -> dict[str, int]:
        """Asked twice: at once, and when WAHA has surely sent what it would."""
        first = await self.check()
        self.clock.advance(AFTER.total_seconds() + 1)
        second = await self.check()
        return {name: first[name] + second[name] for name in first}

    def why(self) -> str | None:
        """What the open notice about the groom says."""

        def read(session: Session) -> str | None:
            found = session.exec(
                select(Notice).where(
                    Notice.kind == notices.RESTORED,
                    Notice.account_id == self.groom,
                    col(Notice.ended_at).is_(None),
                )
            ).first()
            return str(found.params["why"]) if found else None

        return self.db.read_now(read)

    async def hear(self) -> None:
        """Read the chats, as after an absence."""
        self.db.write_now(
            lambda s: hearing.open_gap(
                s,
                s.get_one(Account, self.groom),
                reason="absence",
                now=self.clock.now(),
                since=self.clock.now() - timedelta(hours=1),
            )
        )
        assert await catch_up(self.db, self.clients, self.groom, self.clock)

    def left(self) -> list[str]:
        """The words of what still waits."""
        rows = self.db.read_now(
            lambda s: s.exec(
                select(QueueMessage.text)
                .where(QueueMessage.status == Status.PENDING)
                .order_by(col(QueueMessage.id))
            ).all()
        )
        return list(rows)


@dataclass
class Story:
    """The app before, its backup, and the restored app."""

    before: Side
    folder: Path
    stack: AsyncExitStack

    def texts(self) -> list[str]:
        """What truly arrived, in alphabetical order."""
        return sorted(str(each["text"]) for each in self.before.world.delivered())

    def write(self, text: str, *, sender: str = ANNA) -> None:
        """A guest writes to the groom."""
        self.before.world.post(
            "/__world/messages", session="groom", text=text, **{"from": sender}
        )

    def back_up(self) -> None:
        now = self.before
        file = self.folder / "b.db"
        make_backup(now.db.url, file, overwrite=False, clock=now.clock)

    async def restored(self) -> Side:
        """The copy, put in place elsewhere, and the parts of an app on it."""
        place = self.folder / "restored.db"
        url = f"sqlite:///{place}"
        clock = self.before.clock
        restore(url, self.folder / "b.db", self.folder, clock=clock)
        made = await self.stack.enter_async_context(
            _side(self.before.world, Database(url), clock)
        )
        self.stack.callback(made.db.close)
        return made


@asynccontextmanager
async def _side(
    world: World, database: Database, clock: FakeClock
) -> AsyncIterator[Side]:
    clients = Clients(database, Sealer(b"test"), clock)
    try:
        yield Side(world, database, clients, clock)
    finally:
        await clients.aclose()


@pytest.fixture
async def story(world: World, tmp_path: Path) -> AsyncIterator[Story]:
    """Two guests wrote to the groom; WAHA's store is on; no limits."""
    store(world, on=True)
    clock = FakeClock(datetime.now(UTC))
    update(world.database, world.couple.groom, engine="NOWEB")
    set_policy(world.database, world.couple.groom, **NO_LIMITS, human_hold_seconds=0.0)
    folder = tmp_path / "story"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        before = await stack.enter_async_context(_side(world, world.database, clock))
        made = Story(before, folder, stack)
        for guest in (ANNA, BRUNO):
            made.write("Ciao!", sender=guest)
        await before.hear()
        yield made


def store(world: World, *, on: bool) -> None:
    """Switch the groom's store on or off."""
    httpx.put(
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": on}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A folder for copies, away from the database."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder
