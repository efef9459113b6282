"""services: who wants no more messages: noting it, undoing it, asking what was meant.

The wish belongs to the person: told in one chat it holds for all of theirs, with both
numbers. What a guest wrote counts by when they wrote it, not by when it was heard:
the newest STOP or START of theirs holds, and of one second the STOP. What a person of
the couple undid stays undone until the guest says STOP again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.opt_out import MentionsStop, Start, Stop, classify
from wedding_wa.models import Chat, InboundMessage, OptOut, StopQuestion
from wedding_wa.services import audit, households, queue, stop_questions
from wedding_wa.services.audit import By
from wedding_wa.services.live import Change, note
from wedding_wa.services.once import insert_once
from wedding_wa.services.same_person import chats_of_person
from wedding_wa.services.sql import changed, table
from wedding_wa.services.wishes import wants_none

__all__ = [
    "answer_question",
    "hear_wish",
    "moved",
    "note_by_hand",
    "note_stop",
    "settle",
    "undo",
    "wants_none",
]

_OPT_OUTS = table(OptOut)
_log = logging.getLogger(__name__)


def hear_wish(
    session: Session,
    chat: Chat,
    *,
    inbound_id: int,
    text: str,
    at: datetime,
    now: datetime,
) -> None:
    """Take in what a guest's message says about being written to. Call it once for
    each message."""
    match classify(text):
        case Stop():
            note_stop(
                session, chat, inbound_id=inbound_id, sentence=text, at=at, now=now
            )
        case Start():
            settle(session, chat.wedding_id, chat.chat_id, now=now)
        case MentionsStop(word):
            stop_questions.ask(session, chat, inbound_id=inbound_id, word=word, now=now)
            people = chats_of_person(session, chat.wedding_id, chat.chat_id)
            stop_questions.weigh(session, chat.wedding_id, people, now=now)


def note_stop(
    session: Session,
    chat: Chat,
    *,
    inbound_id: int | None,
    sentence: str,
    at: datetime,
    now: datetime,
    by: By = None,
) -> None:
    """The person behind `chat` wants no more: nothing that waits for them goes.

    Without effect where a START of theirs is newer than `at`. `by` is the user who
    says so, None where they said it themselves.
    """
    _insert(session, chat, inbound_id=inbound_id, sentence=sentence, at=at, by=by)
    settle(session, chat.wedding_id, chat.chat_id, now=now)
    _log.info("stop noted", extra={"action": "opt_out_noted", "chat": chat.id})


def note_by_hand(
    session: Session, chat: Chat, *, sentence: str, by: By, now: datetime
) -> None:
    """The guest told one of the couple in another way that they want no messages."""
    note_stop(session, chat, inbound_id=None, sentence=sentence, at=now, now=now, by=by)
    _audit(session, "opt_out_noted", chat.wedding_id, chat.id, by=by, now=now)


def undo(
    session: Session, wedding_id: int, opt_out_id: int, *, by: By, now: datetime
) -> None:
    """A person says that messages are wanted again, in every chat of the guest.

    What was left unsent stays unsent. Raises NotFound.
    """
    row = session.get(OptOut, opt_out_id)
    if row is None or row.wedding_id != wedding_id:
        raise NotFound("error.not_found")
    chats = chats_of_person(session, wedding_id, row.chat_id)
    undone = changed(
        session,
        sa.update(_OPT_OUTS)
        .where(*_active(wedding_id, chats))
        .values(undone_at=now, undone_by=audit.person(by)),
    )
    if undone:
        _tell(session, wedding_id, chats, now=now)
        _audit(session, "opt_out_undone", wedding_id, opt_out_id, by=by, now=now)


def answer_question(
    session: Session,
    wedding_id: int,
    question_id: int,
    *,
    stop: bool,
    by: By,
    now: datetime,
) -> None:
    """A person says what the guest meant. Raises NotFound; the first answer counts."""
    question = session.get(StopQuestion, question_id)
    if question is None or question.wedding_id != wedding_id:
        raise NotFound("error.not_found")
    answer = stop_questions.STOP if stop else stop_questions.GO_ON
    if not stop_questions.close(session, question_id, answer, by=by, now=now):
        return
    audit.record(
        session,
        "stop_question_answered",
        wedding_id=wedding_id,
        by=by,
        now=now,
        question=question_id,
        inbound=question.inbound_id,
        answer=answer,
    )
    said = session.get_one(InboundMessage, question.inbound_id)
    chat = _chat_of(session, said.account_id, said.chat_id)
    note(session, Change("chat", wedding_id, chat.id))
    if stop:
        # WhatsApp's clock may be ahead of ours: all they have written came before this
        note_stop(
            session,
            chat,
            inbound_id=said.id,
            sentence=said.body,
            at=max(now, _last_word(session, wedding_id, chat.chat_id)),
            now=now,
            by=by,
        )


def _last_word(session: Session, wedding_id: int, chat_id: str) -> datetime:
    """When the person behind a chat last wrote, in any of theirs; somebody did."""
    chats = chats_of_person(session, wedding_id, chat_id)
    written = select(sa.func.max(InboundMessage.at)).where(
        InboundMessage.wedding_id == wedding_id, col(InboundMessage.chat_id).in_(chats)
    )
    return session.exec(written).one()


def settle(session: Session, wedding_id: int, chat_id: str, *, now: datetime) -> None:
    """Make one wish of all that is known of a chat's person, in all of their chats."""
    chats = chats_of_person(session, wedding_id, chat_id)
    rows = session.exec(
        select(OptOut).where(*_active(wedding_id, chats)).order_by(col(OptOut.at))
    ).all()
    if rows:
        _settle_rows(session, wedding_id, chats, rows, now=now)
    stop_questions.weigh(session, wedding_id, chats, now=now)


def _settle_rows(
    session: Session,
    wedding_id: int,
    chats: frozenset[str],
    rows: Sequence[OptOut],
    *,
    now: datetime,
) -> None:
    newest = rows[-1]
    start = _start_after(session, wedding_id, chats, newest.at)
    if start is not None:
        _undo_by_start(session, rows, start)
    else:
        _extend(session, wedding_id, chats - {row.chat_id for row in rows}, newest)
        queue.skip_unwanted(session, wedding_id, chats, now=now)
    _tell(session, wedding_id, chats, now=now)


def moved(session: Session, chat: Chat, *, now: datetime) -> None:
    """It has become known whose chat it is, or that it is not theirs: a STOP counts
    for whom it was said, and for nobody else."""
    mine = [col(OptOut.wedding_id) == chat.wedding_id, col(OptOut.undone_at).is_(None)]
    changed(
        session,
        sa.update(_OPT_OUTS)
        .where(*mine, _OPT_OUTS.c.chat_id == chat.chat_id)
        .values(guest_id=chat.guest_id, phone=chat.phone),
    )
    told_here = select(InboundMessage.id).where(
        InboundMessage.account_id == chat.account_id,
        InboundMessage.chat_id == chat.chat_id,
    )
    rows = session.exec(
        select(OptOut, InboundMessage.chat_id)
        .join(InboundMessage, col(InboundMessage.id) == col(OptOut.inbound_id))
        .where(
            *mine,
            sa.or_(
                col(OptOut.chat_id) == chat.chat_id,
                col(OptOut.inbound_id).in_(told_here),
            ),
        )
    ).all()
    for row, told_in in rows:
        if told_in not in chats_of_person(session, chat.wedding_id, row.chat_id):
            row.undone_at = now
            session.add(row)
    session.flush()
    settle(session, chat.wedding_id, chat.chat_id, now=now)


def _start_after(
    session: Session, wedding_id: int, chats: Collection[str], since: datetime
) -> InboundMessage | None:
    """The person's newest START, where no STOP of theirs is as new."""
    said = session.exec(
        select(InboundMessage)
        .where(
            InboundMessage.wedding_id == wedding_id,
            col(InboundMessage.chat_id).in_(chats),
            col(InboundMessage.at) > since,
            sa.func.length(col(InboundMessage.body)) <= stop_questions.SHORT,
        )
        .order_by(col(InboundMessage.at).desc(), col(InboundMessage.id).desc())
    ).all()
    wishes = [(one, classify(one.body)) for one in said]
    stops = [one.at for one, wish in wishes if isinstance(wish, Stop)]
    last_stop = max(stops, default=since)
    starts = [one for one, wish in wishes if isinstance(wish, Start)]
    return next((one for one in starts if one.at > last_stop), None)


def _undo_by_start(
    session: Session, rows: Sequence[OptOut], start: InboundMessage
) -> None:
    for row in rows:
        row.undone_at, row.undone_inbound_id = start.at, start.id
        session.add(row)
    session.flush()


def _extend(
    session: Session, wedding_id: int, chats: Collection[str], row: OptOut
) -> None:
    """The same wish for the person's other chats."""
    for chat in session.exec(
        select(Chat)
        .where(Chat.wedding_id == wedding_id, col(Chat.chat_id).in_(chats))
        .order_by(col(Chat.id))
    ).all():
        _insert(
            session,
            chat,
            inbound_id=row.inbound_id,
            sentence=row.sentence,
            at=row.at,
            by=row.noted_by,
        )


def _insert(
    session: Session,
    chat: Chat,
    *,
    inbound_id: int | None,
    sentence: str,
    at: datetime,
    by: By,
) -> None:
    """Write the wish for one chat, unless it is there already."""
    insert_once(
        session,
        _OPT_OUTS,
        wedding_id=chat.wedding_id,
        account_id=chat.account_id,
        chat_id=chat.chat_id,
        phone=chat.phone,
        guest_id=chat.guest_id,
        inbound_id=inbound_id,
        sentence=sentence,
        at=at,
        noted_by=audit.person(by),
    )


def _active(
    wedding_id: int, chats: Collection[str]
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(OptOut.wedding_id) == wedding_id,
        col(OptOut.chat_id).in_(chats),
        col(OptOut.undone_at).is_(None),
    )


def _tell(
    session: Session, wedding_id: int, chats: Collection[str], *, now: datetime
) -> None:
    """Whatever counts or shows these chats looks again."""
    rows = session.exec(
        select(Chat.id, Chat.household_id).where(
            Chat.wedding_id == wedding_id, col(Chat.chat_id).in_(chats)
        )
    ).all()
    for chat_row, _ in rows:
        note(session, Change("chat", wedding_id, chat_row))
    homes = {home for _, home in rows if home is not None}
    households.refresh_stages(session, homes, now=now)


def _chat_of(session: Session, account_id: int, chat_id: str) -> Chat:
    return session.exec(
        select(Chat).where(Chat.account_id == account_id, Chat.chat_id == chat_id)
    ).one()


def _audit(
    session: Session,
    action: str,
    wedding_id: int,
    row: int | None,
    *,
    by: By,
    now: datetime,
) -> None:
    audit.record(session, action, wedding_id=wedding_id, by=by, now=now, row=row)
