"""services: who has said that they want no messages, and what the couple is asked.

A wish holds in several chats of one person and is shown once, with their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from wedding_wa.models import (
    Account,
    AuditEntry,
    Chat,
    InboundMessage,
    OptOut,
    StopQuestion,
    User,
)
from wedding_wa.services.inbox_people import Person, groups_of

#: Of those undone the newest are shown; of the others all that a wedding can have.
UNDONE = 50
MOST = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """One person's wish for no more. `account` is the number they told it to, `chat`
    the chat for the inbox.

    `noted_by` is who of the couple noted it, "" where the guest said it themselves.
    `undone_at` None: it holds. `undone_by` is who undid it; `by_start`: the guest.
    What a program noted or undid for the couple says so instead of a name.
    """

    id: int
    person: Person
    account: str
    chat: int
    sentence: str
    at: datetime
    noted_by: str
    undone_at: datetime | None
    undone_by: str
    by_start: bool
    noted_by_program: bool = False
    undone_by_program: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence with a word in it that may mean STOP."""

    id: int
    person: Person
    account: str
    chat: int
    sentence: str
    word: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OptOutList:
    """What the page shows: open questions, wishes that hold, wishes undone."""

    questions: tuple[Question, ...]
    active: tuple[Wish, ...]
    undone: tuple[Wish, ...]


def opt_out_list(session: Session, wedding_id: int) -> OptOutList:
    """Read all of it, the newest first."""
    of = _Names(session, wedding_id)
    mine = select(OptOut).where(OptOut.wedding_id == wedding_id)
    holds = col(OptOut.undone_at).is_(None)
    active = session.exec(
        mine.where(holds).order_by(col(OptOut.at).desc(), col(OptOut.id)).limit(MOST)
    ).all()
    undone = session.exec(
        mine.where(~holds)
        .order_by(col(OptOut.undone_at).desc(), col(OptOut.id))
        .limit(UNDONE)
    ).all()
    return OptOutList(
        questions=_questions(session, wedding_id, of),
        active=tuple(of.wish(row) for row in _once(active)),
        undone=tuple(of.wish(row) for row in _once(undone)),
    )


def open_questions(session: Session, wedding_id: int) -> tuple[Question, ...]:
    """What the couple is asked, the newest first."""
    return _questions(session, wedding_id, _Names(session, wedding_id))


def _questions(session: Session, wedding_id: int, of: _Names) -> tuple[Question, ...]:
    rows = session.exec(
        select(StopQuestion, InboundMessage)
        .join(InboundMessage, col(InboundMessage.id) == col(StopQuestion.inbound_id))
        .where(
            StopQuestion.wedding_id == wedding_id,
            col(StopQuestion.answered_at).is_(None),
        )
        .order_by(col(StopQuestion.id).desc())
        .limit(MOST)
    ).all()
    return tuple(
        Question(
            id=asked.id or 0,
            person=of.person(asked.chat_id),
            account=of.account(asked.account_id),
            chat=of.chat(asked.account_id, asked.chat_id),
            sentence=said.body,
            word=asked.word,
            at=said.at,
        )
        for asked, said in rows
    )


def _once(rows: Sequence[OptOut]) -> list[OptOut]:
    """One row of each wish: what was written along for a person's other chats has the
    same proof, or the same note."""
    seen: set[object] = set()
    found = []
    for row in rows:
        proof = row.inbound_id or (row.noted_by, row.at, row.sentence)
        if proof not in seen:
            found.append(row)
            seen.add(proof)
    return found


class _Names:
    """The people, numbers and users behind rows; each is read once."""

    def __init__(self, session: Session, wedding_id: int) -> None:
        self._session = session
        self._wedding = wedding_id
        self._by_programs: set[datetime] | None = None
        accounts = session.exec(
            select(Account).where(Account.wedding_id == wedding_id)
        ).all()
        self._accounts = {one.id: one.key for one in accounts}

    def wish(self, row: OptOut) -> Wish:
        account_id, chat_id = row.account_id, row.chat_id
        if row.inbound_id is not None:  # where they told it, not where it also holds
            said = self._session.get_one(InboundMessage, row.inbound_id)
            account_id, chat_id = said.account_id, said.chat_id
        return Wish(
            id=row.id or 0,
            person=self.person(chat_id),
            account=self.account(account_id),
            chat=self.chat(account_id, chat_id),
            sentence=row.sentence,
            at=row.at,
            noted_by=self._user(row.noted_by),
            undone_at=row.undone_at,
            undone_by=self._user(row.undone_by),
            by_start=row.undone_inbound_id is not None,
            noted_by_program=row.inbound_id is None and row.noted_by is None,
            undone_by_program=self._undone_by_program(row),
        )

    def account(self, account_id: int) -> str:
        return self._accounts.get(account_id, "")

    def chat(self, account_id: int, chat_id: str) -> int:
        found = self._session.exec(
            select(Chat.id).where(
                Chat.account_id == account_id, Chat.chat_id == chat_id
            )
        ).first()
        return found or 0

    def person(self, chat_id: str) -> Person:
        chats = self._session.exec(
            select(Chat)
            .where(Chat.wedding_id == self._wedding, Chat.chat_id == chat_id)
            .order_by(col(Chat.id))
        ).all()
        groups = groups_of(self._session, self._wedding, chats)
        if not groups:
            return Person("", "", "", "", None, None)
        return groups[0].person

    def _undone_by_program(self, row: OptOut) -> bool:
        """No person undid it, nor the guest, and yet the audit knows that it was."""
        if row.undone_at is None or row.undone_by or row.undone_inbound_id:
            return False
        if self._by_programs is None:
            self._by_programs = set(
                self._session.exec(
                    select(AuditEntry.at).where(
                        AuditEntry.wedding_id == self._wedding,
                        AuditEntry.action == "opt_out_undone",
                        col(AuditEntry.user_id).is_(None),
                    )
                )
            )
        return row.undone_at in self._by_programs

    def _user(self, user_id: int | None) -> str:
        user = self._session.get(User, user_id) if user_id else None
        return (user.name or user.email) if user else ""
