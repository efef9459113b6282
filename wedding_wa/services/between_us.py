"""services: what has passed between the couple and a guest, as the rules count it.

A guest is one person under every name of their chat (number or LID) and to both
accounts: the couple is one voice, so what one of the two sent counts for the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.models import Chat, MessageAttempt
from wedding_wa.services.same_person import same_person


@dataclass(frozen=True, slots=True)
class Between:
    """`sends` are when messages left for the person, oldest first; `wrote_at` is when
    they last wrote, `human_at` when one of the couple last typed to them by hand."""

    sends: tuple[datetime, ...] = ()
    wrote_at: datetime | None = None
    human_at: datetime | None = None

    @property
    def last_to(self) -> datetime | None:
        return self.sends[-1] if self.sends else None

    @property
    def unanswered(self) -> int:
        """How many messages left since they last wrote."""
        since = self.wrote_at
        return sum(1 for at in self.sends if since is None or at >= since)

    @property
    def their_turn_was_last(self) -> bool:
        """Whether their own word is newer than our last one."""
        return not self.sends or (
            self.wrote_at is not None and self.wrote_at > self.sends[-1]
        )


def between(
    session: Session, wedding_id: int, chat_ids: Collection[str]
) -> dict[str, Between]:
    """Return for each chat what passed with its person, in three queries."""
    people = same_person(session, wedding_id, chat_ids)
    everything = set().union(*people.values())
    sends = _sends(session, wedding_id, everything)
    words = _words(session, wedding_id, everything)
    return {
        chat_id: Between(
            sends=tuple(sorted(at for one in chats for at in sends.get(one, ()))),
            wrote_at=_latest(words[one][0] for one in chats if one in words),
            human_at=_latest(words[one][1] for one in chats if one in words),
        )
        for chat_id, chats in people.items()
    }


def _sends(
    session: Session, wedding_id: int, chat_ids: set[str]
) -> dict[str, list[datetime]]:
    rows = session.exec(
        select(MessageAttempt.chat_id, MessageAttempt.dispatched_at).where(
            col(MessageAttempt.chat_id).in_(chat_ids),
            col(MessageAttempt.counts).is_(True),
            col(MessageAttempt.wedding_id) == wedding_id,
        )
    ).all()
    found: dict[str, list[datetime]] = {}
    for chat_id, at in rows:
        if at is not None:
            found.setdefault(chat_id, []).append(at)
    return found


def _words(
    session: Session, wedding_id: int, chat_ids: set[str]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """When they last wrote and when a hand last typed, by chat id; of both accounts."""
    rows = session.exec(
        select(Chat.chat_id, Chat.last_inbound_at, Chat.human_at).where(
            col(Chat.wedding_id) == wedding_id, col(Chat.chat_id).in_(chat_ids)
        )
    ).all()
    found: dict[str, tuple[datetime | None, datetime | None]] = {}
    for chat_id, wrote, typed in rows:
        before = found.get(chat_id, (None, None))
        found[chat_id] = (_latest((before[0], wrote)), _latest((before[1], typed)))
    return found


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
