"""simulator: writing, reading and typing, and the ticks that come back."""

from __future__ import annotations

from typing import Any

from wedding_wa.simulator import answers, ids
from wedding_wa.simulator.faults import Mode
from wedding_wa.simulator.messages import Message
from wedding_wa.simulator.sessions import Session, Status
from wedding_wa.simulator.world import World

Json = dict[str, Any]

SEND_PATH = "/api/sendText"
WEEK_S = 7 * 24 * 3600
NOBODY = "0404"  # numbers that end so are not on WhatsApp


class Chatting:
    """What goes through one world's chats."""

    def __init__(self, world: World) -> None:
        self.world = world
        # Sent by API: WAHA knows it for ten minutes, and not over a restart.
        self._sent_ms: dict[str, int] = {}
        world.on_working = self.resume

    # --- our side --------------------------------------------------------------

    async def send_text(
        self, session: Session, chat: str, text: str, bare: str
    ) -> Json:
        """Send and return NOWEB's raw answer; the delivery is on disk before."""
        world = self.world
        await world.pace.wait_in(world.config.timings.answer)
        if session.status is not Status.WORKING or world.closing.is_set():
            raise answers.ConnectionClosed
        session.touch()
        message = self._post(session, chat, text, bare)
        if self._struck(Mode.REPEAT_SEND, session):
            self._post(session, chat, text, ids.own_message_id(self._rng))
        return message.answer()

    def _post(self, session: Session, chat: str, text: str, bare: str) -> Message:
        message = self._own(session, chat, text, bare)
        message.secret, message.by_api = ids.secret(self._rng), True
        self._sent_ms[message.full_id] = self.world.pace.now_ms()
        self._hand_over(session, message)
        return message

    def _own(self, session: Session, chat: str, text: str, bare: str) -> Message:
        pace = self.world.pace
        return Message(
            id=bare,
            chat=chat,
            from_me=True,
            text=text,
            timestamp=pace.now_s(),
            written_ms=pace.now_ms(),
            ack=0,
            stored=session.store_on,
        )

    def _hand_over(self, session: Session, message: Message) -> None:
        """Give a message to WhatsApp, which may refuse it without a word to us."""
        if self._struck(Mode.ERROR_463, session):
            message.reached, message.silent, message.ack = False, True, -1
            self.world.save_message(session.name, message)
            self._tell_ack(session, message)
            self.world.spawn(self._tell_late(session, message))
            return
        if self.is_nobody(session, message.chat, path=SEND_PATH):
            message.reached, message.silent = False, True
            self.world.save_message(session.name, message)
        else:
            message.silent = self._struck(Mode.NO_ACK, session)
            self.world.deliver(session.name, message)
        self._tell_message(session, message)
        self._expect_acks(session, message)

    def _struck(self, mode: Mode, session: Session) -> bool:
        faults = self.world.faults
        return faults.take(mode, session=session.name, path=SEND_PATH) is not None

    async def _tell_late(self, session: Session, message: Message) -> None:
        await self.world.pace.wait(self.world.config.timings.error_lead)
        self._tell_message(session, message)

    def is_nobody(self, session: Session, chat: str, *, path: str) -> bool:
        """Tell whether a number is not on WhatsApp (magic ending, or a fault)."""
        if chat.endswith("@c.us") and ids.digits(chat).endswith(NOBODY):
            return True
        fault = self.world.faults.take(
            Mode.UNKNOWN_NUMBER, session=session.name, path=path
        )
        return fault is not None

    def phone_writes(self, session: Session, chat: str, text: str) -> Message:
        """The couple wrote from the phone itself: WAHA hears of it."""
        message = self._own(session, chat, text, ids.phone_message_id(self._rng))
        message.ack = 1
        message.name = session.login.name if session.login else None
        message.held = session.status is not Status.WORKING
        self.world.save_message(session.name, message)
        if not message.held:
            self._tell_message(session, message)
            self._expect_acks(session, message)
        return message

    # --- ticks -----------------------------------------------------------------

    def _expect_acks(self, session: Session, message: Message) -> None:
        if not message.silent:
            self.world.spawn(self._acks(session, message.id))

    async def _acks(self, session: Session, bare: str) -> None:
        pace, timings = self.world.pace, self.world.config.timings
        await pace.wait_in(timings.device_ack)
        self._raise_ack(session, bare, 2)
        await pace.wait_in(timings.read_ack)
        self._raise_ack(session, bare, 3)

    def _raise_ack(self, session: Session, bare: str, level: int) -> None:
        """Raise a tick; while the session is away WhatsApp keeps it for later."""
        message = self.world.history(session.name).messages.get(bare)
        away = session.status is not Status.WORKING or session.deleted
        if message is None or away or message.ack >= level:
            return
        message.ack = level
        message.timestamp = self.world.pace.now_s()
        self.world.save_message(session.name, message)
        self._tell_ack(session, message)

    def resume(self, session: Session) -> None:
        """WORKING again: what WhatsApp kept meanwhile comes now."""
        for message in list(self.world.history(session.name).messages.values()):
            if message.held:
                message.held = False
                message.stored = session.store_on
                self.world.save_message(session.name, message)
                self._tell_message(session, message)
            if message.from_me and 0 <= message.ack < 3:
                self._expect_acks(session, message)

    # --- the guests' side ------------------------------------------------------

    def guest_writes(
        self,
        session: Session,
        chat: str,
        text: str,
        *,
        name: str | None = None,
        phone: str | None = None,
        at_s: int | None = None,
    ) -> Message:
        """A guest writes; `phone` is the chat behind a LID, where WAHA may know it.

        `at_s` is when, where it was before: WAHA stored that, and tells no event.
        """
        if phone is not None and phone != chat:
            self.world.learn_lid(session.name, chat, phone)
        history, pace = self.world.history(session.name), self.world.pace
        message = Message(
            id=ids.phone_message_id(self._rng),
            chat=chat,
            from_me=False,
            text=text,
            timestamp=pace.now_s() if at_s is None else at_s,
            written_ms=pace.now_ms() if at_s is None else at_s * 1000,
            ack=2,
            name=name or history.name_of(chat),
            phone=history.phone_of(chat),
            held=session.status is not Status.WORKING,
            stored=session.store_on,
        )
        self.world.save_message(session.name, message)
        if not message.held and at_s is None:
            self._tell_message(session, message)
        return message

    def see(self, session: Session, chat: str, message_ids: list[str]) -> list[str]:
        """Mark as read, without ids all of the last week; return what was unread."""
        since = self.world.pace.now_s() - WEEK_S
        wanted = {ids.bare_id(each) for each in message_ids}
        seen = []
        for message in self.world.history(session.name).unread(chat):
            if message.id in wanted if wanted else message.timestamp >= since:
                message.ack = 3
                self.world.save_message(session.name, message)
                seen.append(message.full_id)
        session.touch()
        self.world.mark(session.name, chat, "seen")
        return seen

    def type(self, session: Session, chat: str, *, typing: bool) -> None:
        session.touch()
        self.world.mark(session.name, chat, "typing" if typing else "stopped")

    # --- telling ---------------------------------------------------------------

    @property
    def _rng(self) -> Any:
        return self.world.pace.rng

    def source(self, message: Message) -> str:
        sent = self._sent_ms.get(message.full_id)
        known = sent is not None and self.world.pace.now_ms() - sent < 600_000
        return "api" if known else "app"

    def told(self, message: Message) -> Json:
        return message.told(source=self.source(message), fresh=False)

    def _tell_message(self, session: Session, message: Message) -> None:
        names = ["message.any"] if message.from_me else ["message", "message.any"]
        payload = message.told(source=self.source(message), fresh=True)
        self.world.events.emit(session, names, payload)

    def _tell_ack(self, session: Session, message: Message) -> None:
        self.world.events.emit(session, ["message.ack"], message.ack_told())
