"""domain: what a look for an unconfirmed message found, and what follows from it.

A message went if anything says so. That it never went is believed only if nothing is
missing here: see `Look.missing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self


class ChatLook(StrEnum):
    """What WAHA's chat said of the message."""

    FOUND = "found"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    NOT_ASKED = "not_asked"


class Missing(StrEnum):
    """What is missing to believe that a message never went, the gravest first."""

    LOGIN = "login"
    ID = "id"
    CALL = "call"
    CONNECTION = "connection"
    CHAT = "chat"
    TIME = "time"


# These do not come by themselves: a person decides.
FOR_A_PERSON = frozenset({Missing.LOGIN, Missing.ID})


@dataclass(frozen=True, slots=True)
class Look:
    """One look for evidence, at `at`.

    `by_id`: the message has a WhatsApp id of its own to look for, else only its words.
    `call_over`: the call that may have sent it has ended. `same_login`: nobody has
    logged in since, so that the chats are the same. `since`: from when on a connected
    session could have sent it late; `settle_after` is how long that may take.
    `error` and `reason` say why the chat could not be read.
    """

    at: datetime
    since: datetime
    settle_after: timedelta
    acked: bool = False
    echoed: bool = False
    connected: bool = False
    chat: ChatLook = ChatLook.NOT_ASKED
    by_id: bool = False
    call_over: bool = False
    same_login: bool = False
    error: str = ""
    reason: str = ""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What still stands against "it never went"; empty: it never went."""
        lacks = {
            Missing.LOGIN: not self.same_login,
            Missing.ID: not self.by_id,
            Missing.CALL: not self.call_over,
            Missing.CONNECTION: not self.connected,
            Missing.CHAT: self.connected and self.chat is not ChatLook.ABSENT,
            Missing.TIME: self.at - self.since < self.settle_after,
        }
        return tuple(what for what, lacking in lacks.items() if lacking)

    @property
    def goes_again_at(self) -> datetime | None:
        """When it goes again if WhatsApp does not know it by then; None where more
        than time is missing."""
        if set(self.missing) - {Missing.TIME}:
            return None
        return self.since + self.settle_after

    def as_json(self) -> dict[str, object]:
        """The look as it is stored beside the message."""
        return {
            "at": self.at.isoformat(),
            "since": self.since.isoformat(),
            "settle_after": self.settle_after.total_seconds(),
            "acked": self.acked,
            "echoed": self.echoed,
            "connected": self.connected,
            "chat": self.chat.value,
            "by_id": self.by_id,
            "call_over": self.call_over,
            "same_login": self.same_login,
            "error": self.error,
            "reason": self.reason,
            "missing": [what.value for what in self.missing],
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, object] | None) -> Self | None:
        """Read a stored look; None for none, or one of another version's shape."""
        if not stored:
            return None
        try:
            return cls(
                at=datetime.fromisoformat(str(stored["at"])),
                since=datetime.fromisoformat(str(stored["since"])),
                settle_after=timedelta(seconds=float(str(stored["settle_after"]))),
                acked=stored["acked"] is True,
                echoed=stored["echoed"] is True,
                connected=stored["connected"] is True,
                chat=ChatLook(str(stored["chat"])),
                by_id=stored["by_id"] is True,
                call_over=stored["call_over"] is True,
                same_login=stored["same_login"] is True,
                error=str(stored["error"]),
                reason=str(stored["reason"]),
            )
        except (KeyError, ValueError):
            return None
