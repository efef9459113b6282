"""simulator: the pretend WhatsApp: its sessions, their chats, what truly arrived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from wedding_wa.simulator import answers
from wedding_wa.simulator.config import FIRST_SESSIONS, SimulatorConfig
from wedding_wa.simulator.events import Events
from wedding_wa.simulator.faults import FaultBox, Mode
from wedding_wa.simulator.histories import History
from wedding_wa.simulator.journal import Journal, Record
from wedding_wa.simulator.messages import Message
from wedding_wa.simulator.pace import Pace
from wedding_wa.simulator.sessions import Session, Surroundings

Json = dict[str, Any]

log = logging.getLogger(__name__)


class World:
    """Everything that one simulator knows; lives in one event loop."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.pace = Pace(config.speed, config.seed)
        self.started_ms = self.pace.now_ms()
        self.faults = FaultBox(self.pace)
        self.events = Events(self)
        self.sessions: dict[str, Session] = {}
        self.histories: dict[str, History] = {}
        self.delivered: list[Json] = []
        self.revision = 0
        self.closing = asyncio.Event()
        self.session_added = asyncio.Event()
        self.on_working: Callable[[Session], None] = lambda _session: None
        self._journal = Journal(config.state)
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- beginning and end -----------------------------------------------------------

    def open(self) -> None:
        """Read the state file, write it anew, start again what was running."""
        self._first_sessions()
        running: dict[str, bool] = {}
        for record in self._journal.load():
            self._apply(record, running)
        self._journal.compact(self._records(running))
        for name, ran in running.items():
            if ran and name in self.sessions:
                self.sessions[name].begin()

    async def close(self) -> None:
        self.closing.set()
        await self._end_tasks()
        await self.events.close()
        self._journal.close()

    async def reset(self) -> None:
        """Put the world back to its beginning; the state file too."""
        self.faults.clear()
        await self._end_tasks()
        self.sessions.clear()
        self.histories.clear()
        self.delivered.clear()
        self._first_sessions()
        self._journal.compact([])
        self.changed()

    async def _end_tasks(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside; it ends with the world at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "A background task broke",
                extra={"action": "task_broke"},
                exc_info=error,
            )

    # --- sessions -------------------------------------------------------------------

    def _first_sessions(self) -> None:
        for name in FIRST_SESSIONS:
            self.add_session(name)

    def add_session(self, name: str) -> Session:
        around = Surroundings(
            pace=self.pace,
            timings=self.config.timings,
            tell=self._tell,
            save=self.save_session,
            spawn=self.spawn,
            must_fail=self._must_fail,
            working=self._working,
        )
        session = self.sessions[name] = Session(name, around)
        added, self.session_added = self.session_added, asyncio.Event()
        added.set()
        return session

    def session(self, name: str) -> Session:
        """Return the session; WahaError 404 without one."""
        try:
            return self.sessions[name]
        except KeyError:
            raise answers.no_session() from None

    def remove_session(self, session: Session) -> None:
        self.sessions.pop(session.name, None)
        self.histories.pop(session.name, None)
        session.deleted = True
        self._write({"kind": "session", "name": session.name, "data": None})

    def save_session(self, session: Session) -> None:
        if not session.deleted:
            data = session.record()
            self._write({"kind": "session", "name": session.name, "data": data})

    def _must_fail(self, name: str) -> bool:
        return self.faults.take(Mode.FAIL_SESSION, session=name) is not None

    def _working(self, session: Session) -> None:
        self.on_working(session)

    def _tell(self, session: Session, event: str, payload: Json) -> None:
        self.events.emit(session, [event], payload)

    # --- messages -------------------------------------------------------------------

    def history(self, name: str) -> History:
        return self.histories.setdefault(name, History())

    def save_message(self, session: str, message: Message) -> None:
        self.history(session).put(message)
        record = message.record()
        self._write({"kind": "message", "session": session, "data": record})

    def learn_lid(self, session: str, lid: str, phone: str) -> None:
        self.history(session).learn(lid, phone)
        self._write({"kind": "lid", "session": session, "lid": lid, "phone": phone})

    def mark(self, session: str, chat: str, kind: str) -> None:
        """Note that a guest saw us read, type or stop typing."""
        mark = {"type": kind, "timestamp": self.pace.now_ms()}
        self.history(session).mark(chat, mark)
        self._write({"kind": "mark", "session": session, "chat": chat, "data": mark})

    def deliver(self, session: str, message: Message) -> None:
        """Note that a message reached WhatsApp: on disk before this returns."""
        self.history(session).put(message)
        fact = {
            "id": message.id,
            "chatId": message.chat,
            "text": message.text,
            "timestamp": self.pace.now_ms(),
            "marks": self.history(session).take_marks(message.chat),
        }
        self.delivered.append({"session": session, **fact})
        record = message.record()
        self._write(
            {"kind": "delivered", "session": session, "data": fact},
            {"kind": "message", "session": session, "data": record},
        )

    def delivered_to(self, session: str | None) -> list[Json]:
        """Return the ground truth; without a session each fact names its own."""
        if session is None:
            return self.delivered
        return [
            {key: value for key, value in fact.items() if key != "session"}
            for fact in self.delivered
            if fact["session"] == session
        ]

    # --- the state file --------------------------------------------------------

    def changed(self) -> None:
        self.revision += 1

    def _write(self, *records: Record) -> None:
        self._journal.write(*records)
        self.changed()

    def _apply(self, record: Record, running: dict[str, bool]) -> None:
        match record["kind"]:
            case "session":
                self._apply_session(record["name"], record["data"], running)
            case "message":
                message = Message.from_record(record["data"])
                self.history(record["session"]).put(message)
            case "lid":
                history = self.history(record["session"])
                history.learn(record["lid"], record["phone"])
            case "mark":
                self.history(record["session"]).mark(record["chat"], record["data"])
            case "delivered":
                fact = record["data"]
                self.history(record["session"]).take_marks(fact["chatId"])
                self.delivered.append({"session": record["session"], **fact})

    def _apply_session(
        self, name: str, data: Json | None, running: dict[str, bool]
    ) -> None:
        if data is None:
            self.sessions.pop(name, None)
            self.histories.pop(name, None)
            running.pop(name, None)
            return
        if name not in self.sessions:
            self.add_session(name)
        self.sessions[name].restore(data)
        running[name] = data["running"]

    def _records(self, running: dict[str, bool]) -> Iterator[Record]:
        for name in FIRST_SESSIONS:
            if name not in self.sessions:
                yield {"kind": "session", "name": name, "data": None}
        for name, session in self.sessions.items():
            data = {**session.record(), "running": running.get(name, False)}
            yield {"kind": "session", "name": name, "data": data}
        for fact in self.delivered:
            data = {key: value for key, value in fact.items() if key != "session"}
            yield {"kind": "delivered", "session": fact["session"], "data": data}
        for name, history in self.histories.items():
            yield from history.records(name)
