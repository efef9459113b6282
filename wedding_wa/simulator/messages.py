"""simulator: one message, and the shapes in which WAHA tells of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from wedding_wa.simulator import ids

Json = dict[str, Any]

ACK_NAMES = {
    -1: "ERROR",
    0: "PENDING",
    1: "SERVER",
    2: "DEVICE",
    3: "READ",
    4: "PLAYED",
}


@dataclass
class Message:
    """A message in one session's history.

    `timestamp` is in seconds and moves with each receipt, as NOWEB's store does it;
    `written_ms` stays. `held` waits for the session to be WORKING, `silent` gets no
    further ack, `stored` was taken into WAHA's store.
    """

    id: str
    chat: str
    from_me: bool
    text: str
    timestamp: int
    written_ms: int
    ack: int
    secret: str = ""
    name: str | None = None
    phone: str | None = None
    by_api: bool = False
    held: bool = False
    silent: bool = False
    stored: bool = True
    reached: bool = True

    @property
    def full_id(self) -> str:
        return ids.full_id(from_me=self.from_me, chat=self.chat, bare=self.id)

    def record(self) -> Json:
        return asdict(self)

    @classmethod
    def from_record(cls, record: Json) -> Self:
        return cls(**record)

    # --- shapes ----------------------------------------------------------------

    def _key(self) -> Json:
        key: Json = {"remoteJid": ids.jid(self.chat)}
        if self.phone and not self.from_me:
            key["remoteJidAlt"] = ids.jid(self.phone)
        key |= {"fromMe": self.from_me, "id": self.id}
        if not self.from_me:
            mode = "lid" if self.chat.endswith("@lid") else "pn"
            key |= {"participant": "", "addressingMode": mode}
        return key

    def answer(self) -> Json:
        """Return what NOWEB answers to sendText: the raw message of Baileys."""
        return {
            "key": self._key(),
            "message": self._sent_content(self.secret),
            "messageTimestamp": str(self.timestamp),
            "status": "PENDING",
        }

    def _sent_content(self, secret: object) -> Json:
        context = {"messageSecret": secret}
        return {
            "extendedTextMessage": {"text": self.text},
            "messageContextInfo": context,
        }

    def _raw(self) -> Json:
        """Return the message as Baileys' store keeps it (proto status = ack + 1)."""
        raw: Json = {"key": self._key()}
        if self.by_api:
            buffer = {"type": "Buffer", "data": self.secret}
            raw["message"] = self._sent_content(buffer)
            raw["messageTimestamp"] = self.timestamp
        else:
            raw["messageTimestamp"] = self.timestamp
            if self.name is not None:
                raw["pushName"] = self.name
            raw |= {"broadcast": False, "message": {"conversation": self.text}}
        raw["status"] = "PENDING" if self.ack == 0 else self.ack + 1
        return raw

    def told(self, *, source: str, fresh: bool) -> Json:
        """Return the WAMessage: of the event when `fresh`, else of the store."""
        raw = self.answer() if fresh and self.by_api else self._raw()
        ack = 0 if fresh and self.by_api else self.ack
        return {
            "id": self.full_id,
            "timestamp": self.timestamp,
            "from": self.chat,
            "fromMe": self.from_me,
            "source": source,
            "body": self.text,
            "hasMedia": False,
            "media": None,
            "ack": ack,
            "ackName": ACK_NAMES[ack],
            "location": None,
            "vCards": None,
            "replyTo": None,
            "_data": raw,
        }

    def ack_told(self) -> Json:
        return {
            "id": self.full_id,
            "from": self.chat,
            "fromMe": self.from_me,
            "ack": self.ack,
            "ackName": ACK_NAMES[self.ack],
        }


def reaction_answer(message: Message, *, bare: str, text: str, now_ms: int) -> Json:
    """Return what NOWEB answers to PUT /api/reaction."""
    target = {
        "remoteJid": ids.jid(message.chat),
        "fromMe": message.from_me,
        "id": message.id,
    }
    content = {"key": target, "text": text, "senderTimestampMs": str(now_ms)}
    return {
        "key": {"remoteJid": ids.jid(message.chat), "fromMe": True, "id": bare},
        "message": {"reactionMessage": content},
        "messageTimestamp": str(now_ms // 1000),
        "status": "PENDING",
    }
