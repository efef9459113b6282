"""services: the WAHA client's part that reads back what happened.

None of it changes anything on WhatsApp. Only a 200 is evidence: a look-up that fails
proves nothing, least of all that a message was not sent.
"""

from __future__ import annotations

from datetime import datetime

from wedding_wa.domain.chat import (
    bare_id,
    digits_of_phone,
    full_id,
    normal_chat_id,
    phone_of_chat,
)
from wedding_wa.domain.errors import NotSent
from wedding_wa.services.waha_answers import (
    ChatOverview,
    NumberCheck,
    read_chat,
    read_message,
    read_number,
)
from wedding_wa.services.waha_messages import WahaMessage, chat_of, dict_of
from wedding_wa.services.waha_wire import WahaCalls

#: Engines that send under an id given beforehand and find a message by its bare id.
ID_ENGINES = ("NOWEB", "GOWS")


class EvidenceCalls(WahaCalls):
    """Messages, chats and numbers as WAHA knows them."""

    async def message(self, chat_id: str, message_id: str) -> WahaMessage | None:
        """Look one of our own messages up, by full or bare id.

        None is WAHA's own "Message not found" and nothing else. A switched-off store
        raises `NotSent` with `reason` "store_off": that proves nothing.
        """
        chat = normal_chat_id(chat_id)
        path = self._path("chats", chat, "messages", self._found_by(chat, message_id))
        try:
            answer = await self._get("message", path, {"downloadMedia": "false"})
        except NotSent as error:
            if (
                error.http_status == 404
                and error.params.get("reason") == "message_not_found"
            ):
                return None
            raise
        return self._read("message", answer, read_message)

    async def messages(
        self,
        chat_id: str,
        *,
        since: datetime | None = None,
        from_me: bool | None = None,
        limit: int = 100,
    ) -> list[WahaMessage]:
        """Return the newest `limit` messages of a chat, newest first.

        WAHA overwrites a sent message's time when its receipt comes: match by id.
        """
        asked: dict[str, str | int] = {
            "downloadMedia": "false",
            "sortBy": "timestamp",
            "sortOrder": "desc",
        }
        if since is not None:
            asked["filter.timestamp.gte"] = int(since.timestamp())
        if from_me is not None:
            asked["filter.fromMe"] = str(from_me).lower()
        path = self._path("chats", normal_chat_id(chat_id), "messages")
        found = await self._pages(
            "messages", path, asked, limit=limit, read=read_message
        )
        # One that came while we paged has pushed another onto the next page again.
        return list({one.id: one for one in found}.values())

    async def chats(
        self, *, limit: int = 1000, since: datetime | None = None
    ) -> list[ChatOverview]:
        """Return the chats, last written first; with `since` only those written since
        (a chat without any known time is then left out)."""

        def recent(chat: ChatOverview) -> bool:
            written = chat.last_message_at
            return since is None or (written is not None and written >= since)

        path = self._path("chats", "overview")
        found = await self._pages(
            "chats", path, {}, limit=limit, read=read_chat, wanted=recent
        )
        return list({chat.chat_id: chat for chat in found}.values())

    async def number_exists(self, phone_digits: str) -> NumberCheck:
        """Ask WhatsApp whether a number is on it; `RateLimited` if asked too often."""
        asked: dict[str, str | int] = {
            "phone": phone_digits,
            "session": self.config.session,
        }
        answer = await self._get("number_exists", "/api/contacts/check-exists", asked)
        return self._read("number_exists", answer, read_number)

    async def phone_of_lid(self, lid: str) -> str | None:
        """Return the E.164 number behind a LID, None where WAHA has not learnt it."""
        answer = await self._get("phone_of_lid", self._path("lids", lid))
        told = self._read("phone_of_lid", answer, lambda body: dict_of(body) or None)
        chat = chat_of(told.get("pn"))
        return phone_of_chat(chat) if chat else None

    async def lid_of_phone(self, phone: str) -> str | None:
        """Return the LID (`…@lid`) of an E.164 number, None where WAHA knows none."""
        path = self._path("lids", "pn", digits_of_phone(phone))
        answer = await self._get("lid_of_phone", path)
        told = self._read("lid_of_phone", answer, lambda body: dict_of(body) or None)
        return chat_of(told.get("lid"))

    def _found_by(self, chat_id: str, message_id: str) -> str:
        """WEBJS and WPP find a message by its full id only; the others by either, and
        a bare one also where the chat is now named by its LID."""
        engine = self._version.engine if self._version else None
        if engine is None or engine in ID_ENGINES:
            return bare_id(message_id)
        if bare_id(message_id) != message_id:
            return message_id
        return full_id(message_id, chat_id=chat_id, from_me=True)
