"""simulator: one WhatsApp session, its status and the way from one to the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wedding_wa.simulator import answers, ids, qr
from wedding_wa.simulator.config import ENGINE, Timings
from wedding_wa.simulator.pace import Pace

Json = dict[str, Any]


class Status(StrEnum):
    """The statuses of a session, in WAHA's words."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    SCAN = "SCAN_QR_CODE"
    WORKING = "WORKING"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Login:
    """The phone behind a session; `revoked` once the phone removed the device."""

    phone: str
    name: str
    revoked: bool = False

    @property
    def me(self) -> Json:
        return {
            "id": f"{self.phone}@c.us",
            "pushName": self.name,
            "lid": ids.lid_of_phone(self.phone),
        }


@dataclass(frozen=True)
class Surroundings:
    """What a session needs of the world around it."""

    pace: Pace
    timings: Timings
    tell: Callable[[Session, str, Json], None]
    save: Callable[[Session], None]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    must_fail: Callable[[str], bool]
    working: Callable[[Session], None]


class Session:
    """One session: config and login last, the rest lives while it runs."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self.around = around
        self.config: Json | None = None
        self.login: Login | None = None
        self.status = Status.STOPPED
        self.statuses: list[Json] = []
        self.me: Json | None = None
        self.code: qr.Code | None = None
        self.pairing: tuple[str, str] | None = None  # code, phone
        self.active_ms: int | None = None
        self.online: bool | None = None
        self.deleted = False
        self._life: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._lock = asyncio.Lock()

    # --- reading ---------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.status is not Status.STOPPED

    @property
    def store_on(self) -> bool:
        noweb = (self.config or {}).get("noweb") or {}
        return bool((noweb.get("store") or {}).get("enabled"))

    def info(self, *, engine: bool = True) -> Json:
        """Return WAHA's SessionInfo; the list leaves `engine` out."""
        timestamps: Json = {"activity": None}
        if self.running:
            timestamps = {"activity": self.active_ms} if self.active_ms else {}
        told: Json = {
            "name": self.name,
            "status": self.status.value,
            "config": self.config,
            "me": self.me,
            "presence": self._presence(),
            "timestamps": timestamps,
        }
        if engine:
            told["engine"] = {"engine": ENGINE} if self.running else {}
        return told

    def _presence(self) -> str | None:
        if self.online is None or not self.running:
            return None
        pace = self.around.pace
        lasts_ms = pace.real(self.around.timings.online) * 1000
        fresh = pace.now_ms() - (self.active_ms or 0) < lasts_ms
        return "online" if self.online and fresh else "offline"

    def record(self) -> Json:
        login = asdict(self.login) if self.login else None
        return {"config": self.config, "login": login, "running": self.running}

    def restore(self, record: Json) -> None:
        self.config = record["config"]
        self.login = Login(**record["login"]) if record["login"] else None

    # --- changing --------------------------------------------------------------

    def touch(self, *, online: bool = True) -> None:
        """Note activity: WAHA shows the account online for a while after it."""
        self.active_ms = self.around.pace.now_ms()
        self.online = online

    def set_status(self, status: Status) -> None:
        """Change (or repeat) the status and tell those who listen."""
        self.status = status
        point = {"status": status.value, "timestamp": self.around.pace.now_ms()}
        self.statuses = [*self.statuses, point][-3:]
        if status is not Status.SCAN:
            self.code = None
        self.around.save(self)
        self.around.tell(
            self,
            "session.status",
            {"name": self.name, "status": status.value, "statuses": self.statuses},
        )
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        if status is Status.WORKING:
            self.around.working(self)

    def begin(self) -> None:
        """Start running: STARTING now, the rest by itself."""
        self.statuses = []
        self.me = None
        self.pairing = None
        self.active_ms = self.online = None
        self.set_status(Status.STARTING)
        self._live(self._connect())

    def halt(self) -> None:
        """Stop at once; `me` is still told with the STOPPED event, as WAHA does."""
        self.rest()
        if self.running:
            self.set_status(Status.STOPPED)
        self.me = None

    def rest(self) -> None:
        """End what moves by itself, without a word."""
        if self._life is not None:
            self._life.cancel()
            self._life = None

    def fail(self) -> None:
        self.rest()
        self.set_status(Status.FAILED)

    def unlink(self) -> None:
        """The phone removed the linked device: FAILED until a logout."""
        if self.login is not None:
            login = self.login
            self.login = Login(login.phone, login.name, revoked=True)
        if self.running:
            self.fail()
        else:
            self.around.save(self)

    def forget_login(self) -> None:
        self.login = None
        self.me = None
        self.around.save(self)

    def scan(self, login: Login) -> None:
        """The phone took the code: SCAN_QR_CODE, then STARTING, then WORKING."""
        self.login = login
        self.pairing = None
        self.around.save(self)
        self._live(self._pair())

    def offer_pairing_code(self, phone: str) -> str:
        """Return a code for `phone`; `me` shows that phone from then on, as in WAHA."""
        code = ids.pairing_code(self.around.pace.rng)
        self.pairing = (code, phone)
        self.me = {"id": f"{phone}@c.us", "pushName": "~", "lid": ""}
        return code

    # --- what moves by itself ----------------------------------------------------

    def _live(self, life: Coroutine[Any, Any, None]) -> None:
        self.rest()
        self._life = self.around.spawn(life)

    async def _connect(self) -> None:
        await self.around.pace.wait_in(self.around.timings.connect)
        if self.around.must_fail(self.name):
            self.set_status(Status.FAILED)
        elif self.login is None:
            await self._offer_codes()
        elif self.login.revoked:
            self.me = self.login.me
            self.set_status(Status.FAILED)
        else:
            self._work(self.login)

    async def _offer_codes(self) -> None:
        for code in qr.codes(self.around.timings, self.around.pace):
            self.code = code
            self.set_status(Status.SCAN)
            await self.around.pace.wait(code.lasts_s)
        self.set_status(Status.FAILED)

    async def _pair(self) -> None:
        await self.around.pace.wait_in(self.around.timings.scan)
        self.set_status(Status.STARTING)
        await self.around.pace.wait_in(self.around.timings.pair)
        assert self.login is not None
        self._work(self.login)

    def _work(self, login: Login) -> None:
        self.me = login.me
        self.set_status(Status.WORKING)

    # --- waiting -----------------------------------------------------------------

    async def moved(self) -> None:
        """Wait for the next word about the status."""
        await self._moved.wait()

    async def leaves_starting(self) -> None:
        while self.status is Status.STARTING:
            await self.moved()

    @asynccontextmanager
    async def command(self) -> AsyncIterator[None]:
        """Let one command at a time have the session; a waiting one gives up."""
        patience = self.around.pace.real(self.around.timings.lock)
        try:
            await asyncio.wait_for(self._lock.acquire(), patience)
        except TimeoutError as error:
            raise answers.EngineError("async-lock timed out in queue") from error
        try:
            yield
        finally:
            self._lock.release()
