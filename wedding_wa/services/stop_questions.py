"""services: sentences of which only a person can tell whether they mean STOP.

Whether one waits for an answer follows from what the guest said and when, never from
the order in which it was heard: one whose last word before it was STOP, or who said
STOP at any time after it, has answered themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.opt_out import Start, Stop, classify
from wedding_wa.models import Chat, InboundMessage, OptOut, StopQuestion
from wedding_wa.services import audit
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.sql import changed, table

STOP, GO_ON = "stop", "go_on"
#: No STOP or START is longer, by far.
SHORT = 200

_QUESTIONS = table(StopQuestion)

# When they wanted none (True) or messages again (False).
_Wish: TypeAlias = tuple[datetime, bool]


def ask(
    session: Session, chat: Chat, *, inbound_id: int, word: str, now: datetime
) -> None:
    """Keep the sentence for the couple to judge; `weigh` says whether they need to."""
    insert_once(
        session,
        _QUESTIONS,
        wedding_id=chat.wedding_id,
        account_id=chat.account_id,
        chat_id=chat.chat_id,
        inbound_id=inbound_id,
        word=word,
        asked_at=now,
    )
    note(session, Change("chat", chat.wedding_id, chat.id))


def weigh(
    session: Session, wedding_id: int, chats: Collection[str], *, now: datetime
) -> None:
    """Close what the person behind `chats` has answered themselves, and open again
    what they have not after all. What one of the couple answered stays."""
    rows = session.exec(
        select(StopQuestion.id, StopQuestion.answered_at, InboundMessage.at)
        .join(InboundMessage, col(InboundMessage.id) == col(StopQuestion.inbound_id))
        .where(
            StopQuestion.wedding_id == wedding_id,
            col(StopQuestion.chat_id).in_(chats),
            col(StopQuestion.answered_by).is_(None),
            sa.func.coalesce(col(StopQuestion.answer), STOP) == STOP,
        )
    ).all()
    if not rows:
        return
    wishes = _wishes(session, wedding_id, chats)
    for question_id, answered_at, at in rows:
        answered = _is_answered(wishes, at)
        if question_id is not None and answered != (answered_at is not None):
            _turn(session, question_id, answered=answered, now=now)


def close(
    session: Session, question_id: int, answer: str, *, by: By, now: datetime
) -> bool:
    """Write the answer down. False where there is one already."""
    return bool(
        changed(
            session,
            sa.update(_QUESTIONS)
            .where(_QUESTIONS.c.id == question_id, _QUESTIONS.c.answered_at.is_(None))
            .values(answered_at=now, answer=answer, answered_by=audit.person(by)),
        )
    )


def _turn(session: Session, question_id: int, *, answered: bool, now: datetime) -> None:
    closed_by_itself = sa.and_(
        _QUESTIONS.c.answered_by.is_(None), _QUESTIONS.c.answer == STOP
    )
    changed(
        session,
        sa.update(_QUESTIONS)
        .where(
            _QUESTIONS.c.id == question_id,
            _QUESTIONS.c.answered_at.is_(None) if answered else closed_by_itself,
        )
        .values(
            answered_at=now if answered else None, answer=STOP if answered else None
        ),
    )


def _is_answered(wishes: list[_Wish], at: datetime) -> bool:
    """Of one second the STOP counts, as everywhere."""
    if any(none and told >= at for told, none in wishes):
        return True
    before = [wish for wish in wishes if wish[0] <= at]
    return bool(before) and max(before)[1]


def _wishes(session: Session, wedding_id: int, chats: Collection[str]) -> list[_Wish]:
    """All that was ever said, and what one of the couple noted or undid."""
    said = session.exec(
        select(InboundMessage.at, InboundMessage.body).where(
            InboundMessage.wedding_id == wedding_id,
            col(InboundMessage.chat_id).in_(chats),
            sa.func.length(col(InboundMessage.body)) <= SHORT,
        )
    ).all()
    heard = [(at, classify(body)) for at, body in said]
    wishes = [
        (at, isinstance(w, Stop)) for at, w in heard if isinstance(w, Stop | Start)
    ]
    noted = session.exec(
        select(OptOut.at, OptOut.undone_at).where(
            OptOut.wedding_id == wedding_id, col(OptOut.chat_id).in_(chats)
        )
    ).all()
    wishes += [(at, True) for at, _ in noted]
    return wishes + [(undone, False) for _, undone in noted if undone is not None]
