"""simulator: what each session's chats hold, as the phones and WAHA's store see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wedding_wa.simulator import ids
from wedding_wa.simulator.messages import Message

Json = dict[str, Any]


class History:
    """One session's messages by id and chat, and the LIDs whose phone it knows."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.lids: dict[str, str] = {}  # 98…@lid -> …@c.us
        self.marks: dict[str, list[Json]] = {}
        self.typing: dict[str, int] = {}  # chat -> since, in ms
        self._chats: dict[str, dict[str, None]] = {}  # chat -> ids in order

    def canonical(self, chat: str) -> str:
        """Return the one chat behind a LID and its phone: the phone's, if known."""
        return self.lids.get(chat, chat)

    def learn(self, lid: str, phone: str) -> None:
        """Note the phone behind a LID and merge their two chats into one."""
        self.lids[lid] = phone
        merged = [*self._chats.pop(lid, {}), *self._chats.get(phone, {})]
        if merged:
            merged.sort(key=lambda bare: self.messages[bare].written_ms)
            self._chats[phone] = dict.fromkeys(merged)
        if lid in self.marks:
            self.marks[phone] = self.marks.get(phone, []) + self.marks.pop(lid)

    def put(self, message: Message) -> None:
        """Add a message; one of the same id takes the place of the first."""
        known = self.messages.get(message.id)
        if known is not None:
            self._chats[self.canonical(known.chat)].pop(message.id, None)
        self.messages[message.id] = message
        self._chats.setdefault(self.canonical(message.chat), {})[message.id] = None

    def chats(self) -> Iterator[str]:
        return iter(self._chats)

    def chat(self, chat: str) -> list[Message]:
        """Return a chat's messages in the order in which they were written."""
        return [
            self.messages[bare] for bare in self._chats.get(self.canonical(chat), {})
        ]

    def stored(self, chat: str) -> list[Message]:
        """Return what WAHA's own store knows of a chat."""
        return [each for each in self.chat(chat) if each.stored and not each.held]

    def find(self, message_id: str) -> Message | None:
        """Return a stored message by its full or its bare id."""
        message = self.messages.get(ids.bare_id(message_id))
        if message is None or message.held or not message.stored:
            return None
        return message

    def unread(self, chat: str) -> list[Message]:
        return [
            each
            for each in self.chat(chat)
            if not each.from_me and not each.held and each.ack < 3
        ]

    def phone_of(self, lid: str) -> str | None:
        return self.lids.get(lid)

    def lid_of(self, phone: str) -> str | None:
        return next((lid for lid, pn in self.lids.items() if pn == phone), None)

    def name_of(self, chat: str) -> str | None:
        """Return the push name a chat's own writer gave last."""
        names = [each.name for each in self.chat(chat) if not each.from_me]
        return next((name for name in reversed(names) if name), None)

    # --- marks -------------------------------------------------------------------

    def mark(self, chat: str, mark: Json) -> None:
        self.marks.setdefault(self.canonical(chat), []).append(mark)
        if mark["type"] == "typing":
            self.typing[self.canonical(chat)] = mark["timestamp"]
        elif mark["type"] == "stopped":
            self.typing.pop(self.canonical(chat), None)

    def take_marks(self, chat: str) -> list[Json]:
        self.typing.pop(self.canonical(chat), None)
        return self.marks.pop(self.canonical(chat), [])

    def records(self, session: str) -> Iterator[Json]:
        """Yield what the journal needs to build this history again."""
        for lid, phone in self.lids.items():
            yield {"kind": "lid", "session": session, "lid": lid, "phone": phone}
        for message in self.messages.values():
            yield {"kind": "message", "session": session, "data": message.record()}
        for chat, marks in self.marks.items():
            for mark in marks:
                yield {"kind": "mark", "session": session, "chat": chat, "data": mark}
