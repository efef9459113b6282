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
from wedding_wa.services import audit
from wedding_wa.services.inbox_people import Person, groups_of

#: Of those undone the newest are shown; of the others all that a wedding can have.
UNDONE = 50
MOST = 500
# What is asked of the audit: a program did it where no person is named.
_DEEDS = ("opt_out_noted", "opt_out_undone", "stop_question_answered")


@dataclass(frozen=True, slots=True)
class Who:
    """One of the couple, or with `program` a program of theirs, by name; "" where
    nobody wrote down which."""

    name: str
    program: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """One person's wish for no more. `account` is the number they told it to, `chat`
    the chat for the inbox.

    `noted_by` is who noted it, None where the guest said it themselves. `undone_at`
    None: it holds. `undone_by` is who undid it; `by_start`: the guest.
    """

    id: int
    person: Person
    account: str
    chat: int
    sentence: str
    at: datetime
    noted_by: Who | None
    undone_at: datetime | None
    undone_by: Who | None
    by_start: bool


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
        self._by_programs: dict[tuple[str, object], Who] | None = None
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
            noted_by=self._noted_by(row),
            undone_at=row.undone_at,
            undone_by=self._undone_by(row),
            by_start=row.undone_inbound_id is not None,
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

    def _noted_by(self, row: OptOut) -> Who | None:
        """Who noted it, or said that the guest's words mean it; None: the guest."""
        if row.noted_by is not None:
            return self._person(row.noted_by)
        if row.inbound_id is None:
            return self._program("opt_out_noted", row.at) or Who("", program=True)
        return self._program("stop_question_answered", row.inbound_id)

    def _undone_by(self, row: OptOut) -> Who | None:
        """Who undid it; None where the guest did, or where a link was wrong."""
        if row.undone_by is not None:
            return self._person(row.undone_by)
        return self._program("opt_out_undone", row.undone_at)

    def _person(self, user_id: int) -> Who:
        user = self._session.get_one(User, user_id)
        return Who(user.name or user.email)

    def _program(self, action: str, mark: object) -> Who | None:
        """The program that did it, by when or by which message; rows name only people,
        so the audit is asked."""
        if self._by_programs is None:
            self._by_programs = dict(map(self._told, self._of_programs()))
        return self._by_programs.get((action, mark))

    def _of_programs(self) -> Sequence[AuditEntry]:
        return self._session.exec(
            select(AuditEntry).where(
                AuditEntry.wedding_id == self._wedding,
                col(AuditEntry.action).in_(_DEEDS),
                col(AuditEntry.user_id).is_(None),
            )
        ).all()

    def _told(self, entry: AuditEntry) -> tuple[tuple[str, object], Who]:
        mark = entry.params.get("inbound", entry.at)
        name = audit.named(self._session, audit.by_of(entry)).get("program", "")
        return (entry.action, mark), Who(name, program=True)
