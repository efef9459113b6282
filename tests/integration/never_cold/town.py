"""A whole small world: WhatsApp as it truly is, our app, and the post between them.

The simulator is the truth. Its webhooks end at a post office instead of at the app:
whoever plays carries them over, twice, late or never, opened and altered. The app is
the real one: its HTTP door with the guard around it, its pages' handlers, its command
line and its worker, on one SQLite file.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from tests.builders import Couple, change_policy, make_couple_in
from tests.integration.queue.desk import NO_LIMITS
from tests.reflex_harness import Tab, login
from wedding_wa import runtime as runtimes
from wedding_wa.api.app import create_api
from wedding_wa.api.guard import guarding
from wedding_wa.cli import app as command_line
from wedding_wa.models import Account
from wedding_wa.services import apikeys
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import WahaPlace, sync_from_settings
from wedding_wa.services.inbound import apply_open_events
from wedding_wa.services.sender import Sender
from wedding_wa.services.worker import AccountWorker
from wedding_wa.settings import load_settings
from wedding_wa.simulator import SimulatorServer

ACCOUNTS = ("groom", "bride")
PATIENCE = 20.0
AT_ONCE = NO_LIMITS | {
    "human_hold_seconds": 0.0,
    "pause_after_failures": 0,
    "typing_seconds_per_char": 0.0,
    **{
        f"{pause}_{end}_seconds": 0.0
        for pause in ("pause", "typing", "final_pause", "rest")
        for end in ("min", "max")
    },
}


@dataclass(frozen=True)
class Letter:
    """One delivery of WAHA's, as it came."""

    account: str
    headers: dict[str, str]
    body: bytes


class PostOffice:
    """Takes in what WAHA delivers, and answers 200."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        office = self

        class Counter(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                account = self.path.rstrip("/").rpartition("/")[2]
                office.letters.append(Letter(account, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def about(self, what: str) -> Letter:
        """The delivery that names `what`, once it is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for letter in list(self.letters):
                if what.encode() in letter.body:
                    return letter
            time.sleep(0.005)
        raise AssertionError(f"WAHA never told of {what}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Truth:
    """What was really written, by account: the chats whose person wrote to it."""

    wrote: dict[str, set[str]] = field(
        default_factory=lambda: {key: set() for key in ACCOUNTS}
    )
    checked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    texts: set[str] = field(default_factory=set)


class Town:
    """The world at its beginning: both numbers linked, nobody has written."""

    def __init__(self, simulator: SimulatorServer, template: Path, path: Path) -> None:
        shutil.copy(template, path)
        self.sim = simulator
        self.post = PostOffice()
        self.truth = Truth()
        self.loop = asyncio.Runner()
        self.app = runtimes.build(load_settings())
        runtimes.install(self.app)
        self.couple = self.app.db.write_now(self._found)
        self.sim.world("POST", "/reset", {})
        for key in ACCOUNTS:
            self.sim.link(key)
        self.run(self._open())

    def _found(self, session: Any) -> Couple:
        couple = make_couple_in(session, "UNKNOWN")
        for account_id in (couple.groom, couple.bride):
            change_policy(session, account_id, AT_ONCE)
        return couple

    async def _open(self) -> None:
        """Connect the app to WAHA and open every door."""
        app = self.app
        place = {
            key: WahaPlace(self.sim.url, key, self.sim.api_key, f"secret of {key}")
            for key in ACCOUNTS
        }
        await app.db.write(
            sync_from_settings,
            place,
            app.sealer,
            app.clock.now(),
            webhook_base=self.post.url,
        )
        api = create_api()
        transport = httpx.ASGITransport(app=guarding(api)(api))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://app")
        await self._until_connected()
        self.sender = Sender(
            app.db,
            app.clients,
            app.clock,
            random.Random(1),
            probe=self._probe,
            listen=self._listen,
        )
        self.workers = [
            AccountWorker(app.db, self.sender, app.clock, account_id)
            for account_id in self.accounts.values()
        ]
        cookie = login(app.db, self.couple, clock=app.clock)
        self.tab = await Tab(cookie, "/test").__aenter__()
        self.key = await app.db.write(self._make_key)

    async def _until_connected(self) -> None:
        """Its session is put right first, which restarts it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            await self.ask_waha()
            if all(self.account(key).status == "WORKING" for key in ACCOUNTS):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the numbers never became connected")

    def _make_key(self, session: Any) -> str:
        return apikeys.create_key(
            session,
            wedding_id=self.couple.wedding,
            name="tests",
            scopes=["admin"],
            now=self.app.clock.now(),
        )

    @property
    def accounts(self) -> dict[str, int]:
        return {"groom": self.couple.groom, "bride": self.couple.bride}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def close(self) -> None:
        self.run(self.tab.__aexit__(None, None, None))
        for worker in self.workers:
            self.run(worker.stop())
        self.run(self.http.aclose())
        self.run(self.app.clients.aclose())
        runtimes.install(None)
        self.app.db.close()
        self.post.close()
        self.loop.close()

    # --- WhatsApp -----------------------------------------------------------------

    def guest_writes(self, account: str, writer: str, text: str, **told: str) -> Letter:
        """A guest writes; what WAHA delivers of it waits at the post office."""
        message = self.sim.guest_writes(account, writer, text, **told)
        chat = writer if "@" in writer else f"{writer.lstrip('+')}@c.us"
        self.truth.wrote[account].add(chat)
        return self.post.about(message)

    def couple_writes(self, account: str, to: str, text: str) -> Letter:
        return self.post.about(self.sim.phone_writes(account, to, text))

    def left(self) -> list[tuple[str, str, str]]:
        """What reached WhatsApp since the last look: account, chat, text."""
        news = []
        for key in ACCOUNTS:
            everything = self.sim.world("GET", f"/delivered?session={key}")
            fresh = everything[self.truth.checked[key] :]
            self.truth.checked[key] = len(everything)
            news += [(key, one["chatId"], one["text"]) for one in fresh]
        return news

    # --- the doors ----------------------------------------------------------------

    def carry(
        self, letter: Letter, *, to: str | None = None, body: bytes | None = None
    ) -> int:
        """Bring a letter to the app's door, and let it be applied; the status."""

        async def bring() -> int:
            answer = await self.http.post(
                f"/api/webhooks/waha/{to or letter.account}",
                content=letter.body if body is None else body,
                headers={
                    name: value
                    for name, value in letter.headers.items()
                    if name.lower() not in ("host", "content-length", "connection")
                },
            )
            for account_id in self.accounts.values():
                await apply_open_events(
                    self.app.db, self.app.clients, account_id, self.app.clock
                )
            return answer.status_code

        status: int = self.run(bring())
        return status

    def api(self, method: str, path: str, **body: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}

        async def call() -> httpx.Response:
            return await self.http.request(
                method, path, headers=headers, json=body or None
            )

        answer: httpx.Response = self.run(call())
        assert answer.status_code < 500, answer.text
        return answer

    def command(self, *words: str) -> int:
        """Run the command line; its exit code. It must end in words."""
        done = CliRunner().invoke(command_line, words)
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code

    def work(self) -> None:
        """Let both numbers send all that may go."""

        async def send() -> None:
            for worker in self.workers:
                for _ in range(30):
                    wake = await worker.step()
                    if wake is None or wake > self.app.clock.now():
                        break

        self.run(send())

    async def ask_waha(self) -> None:
        """What the chores do: poll, put right, read what was missed."""
        for account_id in self.accounts.values():
            await poll(self.app.db, self.app.clients, account_id, self.app.clock)

    async def _listen(self, account_id: int) -> None:
        await apply_open_events(
            self.app.db, self.app.clients, account_id, self.app.clock
        )

    async def _probe(self, account_id: int) -> bool:
        status = await poll(self.app.db, self.app.clients, account_id, self.app.clock)
        return status == "WORKING"

    def account(self, key: str) -> Account:
        return self.app.db.read_now(lambda s: s.get_one(Account, self.accounts[key]))
