"""services: the WAHA client, one a WhatsApp number, and its public face.

Everything said to WAHA goes through here; "session" is WAHA's word for an account and
stays here. What each fault means is judged in `waha_errors`: only `send_text` raises
`MaybeSent` or `MessageRefused`; every other call raises `NotSent` and its kinds,
`Restricted`, or `AccountDown` and its kinds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from wedding_wa.domain.chat import bare_id, full_id, normal_chat_id
from wedding_wa.domain.errors import MessageRefused, NotSent, WahaError
from wedding_wa.services.waha_answers import (
    ChatOverview,
    NumberCheck,
    Qr,
    SentMessage,
    ServerVersion,
    SessionInfo,
    body_of,
    read_sent,
)
from wedding_wa.services.waha_config import SessionConfig, WahaConfig
from wedding_wa.services.waha_errors import unreadable
from wedding_wa.services.waha_evidence import ID_ENGINES, EvidenceCalls
from wedding_wa.services.waha_messages import (
    AckUpdate,
    Me,
    StatusUpdate,
    Timelock,
    WahaEvent,
    WahaMessage,
    dict_of,
    parse_ack,
    parse_event,
    parse_message,
    parse_status,
    text_of,
)
from wedding_wa.services.waha_session import SessionCalls
from wedding_wa.services.waha_wire import SEND_READ_S

__all__ = [
    "AckUpdate",
    "ChatOverview",
    "Me",
    "NumberCheck",
    "Qr",
    "SentMessage",
    "ServerVersion",
    "SessionConfig",
    "SessionInfo",
    "StatusUpdate",
    "Timelock",
    "WahaClient",
    "WahaConfig",
    "WahaEvent",
    "WahaMessage",
    "parse_ack",
    "parse_event",
    "parse_message",
    "parse_status",
]

_log = logging.getLogger(__name__)


class WahaClient(SessionCalls, EvidenceCalls):
    """One session of one WAHA over one pooled connection: all of the above, and the
    calls with which it acts like a person."""

    _without_ids: ServerVersion | None = None

    async def send_seen(self, chat_id: str, message_ids: Sequence[str]) -> None:
        """Mark these inbound messages (full or bare ids) as read.

        None at all: no call. WAHA would take that as "the whole chat" and wipe the
        couple's own unread marks.
        """
        if not message_ids:
            return
        chat = normal_chat_id(chat_id)
        ids = [
            full_id(one, chat_id=chat, from_me=False) if bare_id(one) == one else one
            for one in message_ids
        ]
        await self._gesture("sendSeen", chatId=chat, messageIds=ids)

    async def start_typing(self, chat_id: str) -> None:
        """Show "typing"; it does not end by itself."""
        await self._gesture("startTyping", chatId=normal_chat_id(chat_id))

    async def stop_typing(self, chat_id: str) -> None:
        """End "typing"."""
        await self._gesture("stopTyping", chatId=normal_chat_id(chat_id))

    async def presence_offline(self) -> None:
        """Let the couple's phone ring again: it is silent while WAHA is online.

        Best effort, where the engine allows; never raises a `WahaError`.
        """
        try:
            await self._post(
                "presence", self._path("presence"), {"presence": "offline"}
            )
        except WahaError as error:
            _log.debug(
                "presence not set",
                extra={"action": "presence_not_set", "error": error.code},
            )

    async def new_message_id(self) -> str | None:
        """Reserve the bare id a message will be sent under; None where there is none.

        WEBJS and WPP do not send under a given id; WAHA before 2026.4.3 has no such
        path. That is remembered, and asked again when WAHA's version changes.
        """
        version = await self._known_version()
        if version.engine not in ID_ENGINES or version == self._without_ids:
            return None
        try:
            answer = await self._get("new_message_id", self._path("new-message-id"))
        except NotSent as error:
            if (
                error.http_status == 404
                and error.params.get("reason") == "no_such_path"
            ):
                self._without_ids = version
                return None
            raise
        given = self._read(
            "new_message_id", answer, lambda body: text_of(dict_of(body).get("id"))
        )
        return bare_id(given)

    async def send_text(
        self,
        chat_id: str,
        text: str,
        *,
        message_id: str | None = None,
        link_preview: bool = False,
    ) -> SentMessage:
        """Send one text, under the reserved bare `message_id` if there is one.

        Returning means "handed to the engine", no more. The id is no protection: WAHA
        sends twice when called twice, and goes on sending after we gave up. Only by
        `MessageRefused`, `NotSent`, `Restricted` and `AccountDown` is it certain that
        nothing went out. A link preview can stall a send by 10 s.
        """
        if not _sendable(text):
            raise MessageRefused("send_text: not a text", reason="not_a_text")
        chat = normal_chat_id(chat_id)
        body: dict[str, Any] = {
            "session": self.config.session,
            "chatId": chat,
            "text": text,
            "linkPreview": link_preview,
        }
        if message_id is not None:
            body["id"] = message_id
        answer = await self._call(
            "send_text",
            "POST",
            "/api/sendText",
            json=body,
            read_s=SEND_READ_S,
            sending=True,
        )
        sent = read_sent(body_of(answer), chat_id=chat)
        if sent is None:
            raise unreadable("send_text", answer, sending=True)
        return sent

    async def _gesture(self, name: str, **what: Any) -> None:
        """Do something a person does before writing. The answers say nothing: they
        are `{"result": true}`, a list of ids or empty."""
        await self._post(name, f"/api/{name}", {"session": self.config.session, **what})


def _sendable(text: str) -> bool:
    """WAHA answers an empty text with a 500, which would count as maybe sent; a lone
    surrogate cannot travel at all."""
    try:
        return bool(text.strip()) and bool(text.encode())
    except UnicodeEncodeError:
        return False
