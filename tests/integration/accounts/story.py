"""A story of 500 events told to the whole engine, with or without faults on the way."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session, select

from tests.builders import change_policy, make_couple
from tests.crash.places import QUICK
from wedding_wa import engine, runtime
from wedding_wa.api import errors, webhooks
from wedding_wa.db import Database
from wedding_wa.models import (
    Account,
    Chat,
    Consent,
    HandMessage,
    HearingGap,
    InboundMessage,
    OptOut,
    QueueMessage,
    StopQuestion,
    WebhookLog,
)
from wedding_wa.runtime import Runtime
from wedding_wa.services.account_poll import poll
from wedding_wa.services.clock import Clock
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings
from wedding_wa.simulator import SimulatorServer

PATIENCE_S = 60.0
MINUTES = 5
AT_ONCE = 10  # actions that nobody waits between
RECEIVERS = range(36, 60)
TALKERS = range(60, 120)
HAND = range(140, 160)
LIDS = range(160, 170)
UNWILLING = range(170, 180)
MIND = ("STOP", "Basta messaggi grazie, o no?", "START", "Stop", "Ciao")


class LeapingClock(Clock):
    """The machine's clock, which may be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@dataclass
class Stage:
    """The engine with both ears, the simulator, and whoever plays the guests."""

    app: Runtime
    sim: SimulatorServer
    clock: LeapingClock
    groom: int
    wedding: int
    http: httpx.AsyncClient
    _told: dict[str, int] = field(default_factory=dict)

    async def world(self, path: str, /, **body: object) -> Any:
        answer = await self.http.post(f"{self.sim.url}/__world{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def wrote(self, guest: int, text: str) -> None:
        """A guest writes; WhatsApp tells whole seconds, so nobody twice in one."""
        await self._another_second(phone_of(guest))
        told: dict[str, object] = {"from": phone_of(guest)}
        if guest in LIDS:
            told = {"from": f"98765432{guest}@lid", "phone": phone_of(guest)}
        await self.world("/messages", session="groom", text=text, **told)
        self._told[phone_of(guest)] = int(time.time())

    async def typed(self, guest: int, text: str) -> None:
        """The groom answers on the phone itself."""
        await self._another_second(phone_of(guest))
        await self.world(
            "/phone-messages", session="groom", to=phone_of(guest), text=text
        )
        self._told[phone_of(guest)] = int(time.time())

    async def invite(self, guest: int) -> None:
        request = EnqueueRequest("groom", phone_of(guest), f"Caro ospite {guest}")
        await self.app.db.write(enqueue, self.wedding, request, now=self.clock.now())

    async def until(self, there: Callable[[Session], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not await self.app.db.read(there):
            assert time.monotonic() < deadline, f"never: {what}"
            await asyncio.sleep(0.05)

    async def later(self) -> None:
        """What is on its way arrives, time passes, WAHA is asked as every minute."""
        await asyncio.sleep(2)
        await poll(self.app.db, self.app.clients, self.groom, self.clock)
        await self.until(self._calm, "no open gap and no open event")

    async def heard(self, guests: Iterable[int]) -> None:
        """What all of these wrote is known, some minutes later at most: how soon a loss
        is noticed is the machine's affair, too."""
        wanted = {phone_of(guest) for guest in guests}
        for _ in range(MINUTES):
            await self.later()
            if wanted <= set(await self.app.db.read(_who_wrote)):
                return
        raise AssertionError("not all were heard")

    def _calm(self, session: Session) -> bool:
        gap = select(HearingGap.id).where(HearingGap.closed_at.is_(None))  # type: ignore[union-attr]
        event = select(WebhookLog.id).where(WebhookLog.applied_at.is_(None))  # type: ignore[union-attr]
        return session.exec(gap).first() is None and session.exec(event).first() is None

    async def _another_second(self, phone: str) -> None:
        while self._told.get(phone) == int(time.time()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def phone_of(guest: int) -> str:
    return f"+39333200{guest:04d}"


Actions = list[Callable[[Stage], Awaitable[None]]]


def first_words() -> Actions:
    """Everybody writes first."""
    guests = [*RECEIVERS, *TALKERS, *HAND, *LIDS, *UNWILLING]
    return [lambda s, g=guest: s.wrote(g, f"Ciao da {g}") for guest in guests]  # type: ignore[misc]


def the_rest() -> Actions:
    """24 messages go out (3 events each), guests talk on, change their minds and are
    answered by hand. The order of one chat's lines is the story's own."""
    rounds: list[Actions] = []
    for i in range(len(MIND)):
        one: Actions = [
            lambda s, g=g, t=MIND[i]: s.wrote(g, t)  # type: ignore[misc]
            for g in UNWILLING
        ]
        some = ([*TALKERS, *LIDS], [*TALKERS], [*TALKERS], [*TALKERS][:24], [])[i]
        one += [lambda s, g=g, i=i: s.wrote(g, f"Riga {i} di {g}") for g in some]  # type: ignore[misc]
        hands = [*HAND] if i < 2 else []
        one += [lambda s, g=g, i=i: s.typed(g, f"A mano {i} a {g}") for g in hands]  # type: ignore[misc]
        rounds.append(one)
    return [action for one in rounds for action in one]


async def perform(stage: Stage, *, faults: random.Random | None) -> None:
    """Tell the story; with `faults`, orders for trouble fall in between."""
    trouble = Trouble(stage, faults) if faults else None
    async with engine.running(stage.app, worker=True):
        await stage.until(_heard, "an account that is heard")
        await _go(stage, first_words(), trouble)
        if trouble:
            await trouble.end()
        await stage.heard(RECEIVERS)
    async with engine.running(stage.app, worker=True):  # a restart in between
        for guest in RECEIVERS:
            await stage.invite(guest)
        await _go(stage, the_rest(), trouble)
        if trouble:
            await trouble.end()
        await stage.until(_all_sent, "every message sent")
        await stage.later()


async def _go(stage: Stage, actions: Actions, trouble: Trouble | None) -> None:
    for first in range(0, len(actions), AT_ONCE):
        some = actions[first : first + AT_ONCE]
        for _ in some if trouble else ():
            await trouble.perhaps()
        await asyncio.gather(*(action(stage) for action in some))


def _who_wrote(session: Session) -> Sequence[str | None]:
    return session.exec(select(Consent.phone)).all()


def _heard(session: Session) -> bool:
    groom = session.exec(select(Account).where(Account.key == "groom")).one()
    return groom.status == "WORKING" and groom.hears_by is not None


def _all_sent(session: Session) -> bool:
    waiting = select(QueueMessage.id).where(QueueMessage.status != "sent")
    return session.exec(waiting).first() is None


class Trouble:
    """Webhooks and feed lost, doubled, shuffled, cut: at random, often together."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self._stage = stage
        self._rng = rng

    async def perhaps(self) -> None:
        if self._rng.random() < 0.2:
            await self._order(self._rng.randrange(8))

    async def _order(self, which: int) -> None:
        some, brief = self._rng.randint(1, 6), self._rng.uniform(0.05, 0.5)
        orders: list[list[dict[str, object]]] = [
            [{"mode": "drop_webhook", "times": some}],
            [{"mode": "dup_webhook", "times": some}],
            [{"mode": "shuffle_webhook", "times": some, "delay_ms": brief * 500}],
            [{"mode": "drop_feed", "times": some}],
            [{"mode": "cut_feed"}],
            [{"mode": "silent_feed", "seconds": brief}],
            [
                {"mode": "drop_webhook", "seconds": brief},
                {"mode": "drop_feed", "seconds": brief},
            ],
            [
                {"mode": "cut_feed"},
                {"mode": "refuse", "path": "/ws", "seconds": brief},
                {"mode": "refuse", "path": "/chats", "seconds": brief},
                {"mode": "drop_webhook", "seconds": brief},
            ],
        ]
        for order in orders[which]:
            await self._stage.world("/faults", **order)

    async def end(self) -> None:
        answer = await self._stage.http.delete(f"{self._stage.sim.url}/__world/faults")
        answer.raise_for_status()


End = dict[str, Counter[tuple[object, ...]]]


def end_state(session: Session) -> End:
    """What is left of the story. A LID and its number are one person; times, and the
    way by which each word came, may differ."""
    phones = {
        one.chat_id: one.phone for one in session.exec(select(InboundMessage)).all()
    }

    def who(chat_id: str) -> str:
        return phones.get(chat_id) or chat_id

    def rows(model: Any, *what: str) -> Counter[tuple[object, ...]]:
        return Counter(
            (who(row.chat_id), *(getattr(row, name) for name in what))
            for row in session.exec(select(model)).all()
        )

    groom = session.exec(select(Account).where(Account.key == "groom")).one()
    chats = session.exec(select(Chat)).all()
    return {
        "account": Counter([(groom.status, groom.phone, groom.paused_at)]),
        "inbound": rows(InboundMessage, "body", "phone", "media"),
        "consents": Counter(dict.fromkeys(rows(Consent, "revoked_reason"), 1)),
        "by hand": rows(HandMessage, "body"),
        "messages": rows(QueueMessage, "text", "status", "ack", "skip_reason"),
        "opted out": Counter(
            (who(one.chat_id),)
            for one in session.exec(select(OptOut)).all()
            if one.undone_at is None
        ),
        "questions": rows(StopQuestion, "word", "answer"),
        "chats": Counter(
            (who(one.chat_id), one.last_text, one.last_from_us, one.unread)
            for one in chats
            if not one.chat_id.endswith("@lid") and int(one.chat_id[9:12]) not in LIDS
        ),
    }


@contextmanager
def webhook_door() -> Iterator[tuple[str, socket.socket]]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{door.getsockname()[1]}", door


async def told(database: Database, *, faults: random.Random | None) -> Counter[str]:
    """Tell the story to an engine on `database`; return what was heard by which way."""
    with SimulatorServer(speed=100, seed=3) as sim, webhook_door() as (base, door):
        clock = LeapingClock()
        app = _runtime(database, sim, base, clock)
        runtime.install(app)
        couple = make_couple(database, status="UNKNOWN")
        database.write_now(_furnish, couple.groom, couple.bride)
        await engine.adopt_settings(app)
        server = _server()
        serving = asyncio.ensure_future(server.serve(sockets=[door]))
        try:
            await asyncio.to_thread(sim.link, "groom")
            async with httpx.AsyncClient(trust_env=False) as http:
                stage = Stage(app, sim, clock, couple.groom, couple.wedding, http)
                await perform(stage, faults=faults)
        finally:
            server.should_exit = True
            await serving
            await app.clients.aclose()
            runtime.install(None)
    return database.read_now(_ways)


def _runtime(
    database: Database, sim: SimulatorServer, base: str, clock: Clock
) -> Runtime:
    return Runtime(
        settings=Settings(
            waha_url_groom=sim.url,
            waha_api_key_groom=SecretStr(sim.api_key),
            waha_session_groom="groom",
            webhook_base_url=base,
        ),
        db=database,
        clock=clock,
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )


def _furnish(session: Session, groom: int, bride: int) -> None:
    change_policy(session, groom, QUICK | {"unanswered_max": 0})
    for account_id in (groom, bride):
        account = session.get_one(Account, account_id)
        account.phone = account.own_chat_id = None


def _ways(session: Session) -> Counter[str]:
    return Counter(session.exec(select(WebhookLog.source)).all())


def _server() -> uvicorn.Server:
    api = FastAPI()
    errors.install(api)
    api.include_router(webhooks.router())
    server = uvicorn.Server(uvicorn.Config(api, log_level="warning", lifespan="off"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server
