"""services: chats: what a message means for its chat, and whose chat it is.

A chat is linked to a household by the number in the guest list, by the code of an
invitation, or by a person; never by a guess. docs/consent.md says which goes first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from wedding_wa.domain.errors import NotFound
from wedding_wa.domain.invitation import code_in
from wedding_wa.models import Account, Chat, Guest, Household, InboundMessage
from wedding_wa.services import audit, households, opt_outs
from wedding_wa.services.audit import By
from wedding_wa.services.chat_lines import (
    Line,
    chat_row,
    chats_named,
    keep,
    note_outbound,
    of_the_couple,
    write_hand,
    write_inbound,
)
from wedding_wa.services.live import Change, note
from wedding_wa.services.same_person import same_person

__all__ = [
    "How",
    "ignore",
    "learn_phone",
    "link",
    "note_hand",
    "note_inbound",
    "note_outbound",
    "rematch",
    "same_person",
    "unlink",
]


# So many messages of a chat are searched for a code.
_LOOK_BACK = 200


class How(StrEnum):
    """How it is known whose chat it is. By hand also: that nobody knows."""

    CODE = "code"
    NUMBER = "number"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose chat it is; nobody's known without a household, and then `how` says that
    a person has said so."""

    household_id: int | None = None
    guest_id: int | None = None
    how: How | None = None

    def has(self, chat: Chat) -> bool:
        how = self.how.value if self.how else None
        return (chat.household_id, chat.guest_id, chat.linked_how) == (
            self.household_id,
            self.guest_id,
            how,
        )


_NOBODY = _Owner()


def note_inbound(
    session: Session,
    account: Account,
    *,
    chat_id: str,
    phone: str | None,
    line: Line,
    now: datetime,
) -> Chat:
    """A guest wrote: keep the chat's row, and find out whose it is. Call it once for
    each message, after its consent."""
    chat = chat_row(session, account, chat_id, phone=phone)
    first = chat.last_inbound_at is None
    write_inbound(session, account, chat, line)
    if of_the_couple(session, chat):
        if first and chat.ignored_at is None:
            chat.ignored_at = now
            keep(session, chat)
        return chat
    _find_owner(session, chat, line.text, at=line.at, now=now)
    if first:
        opt_outs.settle(session, account.wedding_id, chat_id, now=now)
    if chat.household_id is not None:
        households.refresh_stage(session, chat.household_id, now=now)
    return chat


def note_hand(
    session: Session, account: Account, *, chat_id: str, line: Line, now: datetime
) -> None:
    """One of the couple typed to this chat on the phone itself. Call it once."""
    chat = chat_row(session, account, chat_id)
    write_hand(session, chat, line)
    _find_owner(session, chat, "", at=line.at, now=now)


def learn_phone(
    session: Session, wedding_id: int, chat_id: str, phone: str, *, now: datetime
) -> None:
    """WhatsApp told the number behind a hidden id: look again whose chats they are."""
    for chat in chats_named(session, wedding_id, chat_id):
        if chat.phone is None:
            chat.phone = phone
            keep(session, chat)
            _find_owner(session, chat, "", at=now, now=now)
            opt_outs.settle(session, wedding_id, chat_id, now=now)


def rematch(
    session: Session, wedding_id: int, phones: Collection[str], *, now: datetime
) -> int:
    """These numbers are new, or another's, in the guest list: look again whose chats
    they are. Return how many moved. What a person linked stays."""
    chats = session.exec(
        select(Chat).where(Chat.wedding_id == wedding_id, col(Chat.phone).in_(phones))
    ).all()
    return sum(_look_again(session, chat, now=now) for chat in chats)


def link(
    session: Session,
    chat_row_id: int,
    *,
    household_id: int,
    guest_id: int | None,
    how: str,
    by: By,
    now: datetime,
) -> None:
    """Say whose chat it is; so are the same person's others that nobody linked.

    The consents they gave count for the guest at once, and so does their STOP. Raises
    NotFound where chat, household and guest are not of one wedding.
    """
    chat = _chat(session, chat_row_id)
    _check(session, chat.wedding_id, household_id, guest_id)
    owner = _Owner(household_id, guest_id, How(how))
    ids = same_person(session, chat.wedding_id, {chat.chat_id})[chat.chat_id]
    alike = session.exec(
        select(Chat).where(
            Chat.wedding_id == chat.wedding_id,
            col(Chat.chat_id).in_(ids),
            Chat.id != chat.id,
        )
    ).all()
    for one in [chat, *(each for each in alike if each.linked_how != How.HAND)]:
        _move(session, one, owner, by=by, at=now, now=now)
    if owner.how is How.HAND:
        _audit(session, "chat_linked", chat, by=by, now=now, guest_id=guest_id)


def unlink(session: Session, chat_row_id: int, *, by: By, now: datetime) -> None:
    """It is not who we thought: nobody is known, and only a person links it again."""
    chat = _chat(session, chat_row_id)
    if chat.household_id is None:
        return
    _audit(
        session,
        "chat_unlinked",
        chat,
        by=by,
        now=now,
        household_id=chat.household_id,
        guest_id=chat.guest_id,
    )
    _move(session, chat, _Owner(how=How.HAND), by=by, at=now, now=now)


def ignore(
    session: Session,
    chat_row_id: int,
    *,
    ignored: bool = True,
    by: By,
    now: datetime,
) -> None:
    """Put a chat aside that has nothing to do with the wedding, or take it back."""
    chat = _chat(session, chat_row_id)
    if (chat.ignored_at is not None) == ignored:
        return
    chat.ignored_at = now if ignored else None
    keep(session, chat)
    _audit(session, "chat_ignored", chat, by=by, now=now, ignored=ignored)


# --- whose it is --------------------------------------------------------------------


def _find_owner(
    session: Session, chat: Chat, text: str, *, at: datetime, now: datetime
) -> bool:
    """Link the chat to whom its number or a code names; True where that changed it.

    What a person said stays. A number in the guest list goes before any code: the
    person holds the number, a code may have been forwarded. Of several codes the one
    written first counts.
    """
    if chat.linked_how == How.HAND:
        return False
    owner, since = _by_number(session, chat), at
    if owner is None:
        owner = _by_code(session, chat, text, at=at)
    if owner is None and chat.linked_how == How.CODE:
        owner, since = _still_by_code(session, chat), chat.linked_at or at
    if owner is None or owner.has(chat):
        return False
    _move(session, chat, owner, by=None, at=since, now=now)
    return True


def _look_again(session: Session, chat: Chat, *, now: datetime) -> bool:
    """The guest list has changed: whose chat it is by its number, or by what was
    written in it; nobody's where neither says so any more."""
    if chat.linked_how == How.HAND:
        return False
    owner, since = _by_number(session, chat), now
    if owner is None:
        owner, since = _by_old_codes(session, chat) or (_NOBODY, now)
    if owner.has(chat):
        return False
    _move(session, chat, owner, by=None, at=since, now=now)
    return True


def _by_number(session: Session, chat: Chat) -> _Owner | None:
    if chat.phone is None:
        return None
    guest = session.exec(
        select(Guest).where(
            Guest.wedding_id == chat.wedding_id, Guest.phone == chat.phone
        )
    ).first()
    return _Owner(guest.household_id, guest.id, How.NUMBER) if guest else None


def _by_code(session: Session, chat: Chat, text: str, *, at: datetime) -> _Owner | None:
    if chat.linked_how == How.CODE and chat.linked_at and at >= chat.linked_at:
        return None
    for code in code_in(text):
        home = households.by_code(session, chat.wedding_id, code)
        if home is not None and home.id is not None:
            return _Owner(home.id, _only_guest(session, chat, home.id), How.CODE)
    return None


def _by_old_codes(session: Session, chat: Chat) -> tuple[_Owner, datetime] | None:
    said = session.exec(
        select(InboundMessage.body, InboundMessage.at)
        .where(
            InboundMessage.account_id == chat.account_id,
            InboundMessage.chat_id == chat.chat_id,
        )
        .order_by(col(InboundMessage.at), col(InboundMessage.id))
        .limit(_LOOK_BACK)
    ).all()
    for body, at in said:
        for code in code_in(body):
            home = households.by_code(session, chat.wedding_id, code)
            if home is not None and home.id is not None:
                only = _only_guest(session, chat, home.id)
                return _Owner(home.id, only, How.CODE), at
    return None


def _still_by_code(session: Session, chat: Chat) -> _Owner | None:
    """Linked by a code, and the number has become known since: is it the same guest?"""
    if chat.household_id is None:
        return None
    only = _only_guest(session, chat, chat.household_id)
    return _Owner(chat.household_id, only, How.CODE)


def _only_guest(session: Session, chat: Chat, household_id: int) -> int | None:
    """The household's one guest, unless the list gives them another number."""
    guests = session.exec(
        select(Guest).where(Guest.household_id == household_id).limit(2)
    ).all()
    if len(guests) != 1:
        return None
    only = guests[0]
    another = chat.phone is not None and only.phone not in (None, chat.phone)
    return None if another else only.id


def _move(
    session: Session,
    chat: Chat,
    owner: _Owner,
    *,
    by: By,
    at: datetime,
    now: datetime,
) -> None:
    """Write whose chat it is; both households count anew, and a STOP goes along."""
    before = chat.household_id
    chat.household_id, chat.guest_id = owner.household_id, owner.guest_id
    chat.linked_how = owner.how.value if owner.how else None
    chat.linked_at = at if owner.how else None
    chat.linked_by = audit.person(by)
    keep(session, chat)
    opt_outs.moved(session, chat, now=now)
    homes = {home for home in (before, chat.household_id) if home is not None}
    households.refresh_stages(session, homes, now=now)
    for home in homes:
        note(session, Change("guest", chat.wedding_id, home))


def _chat(session: Session, chat_row_id: int) -> Chat:
    found = session.exec(
        select(Chat)
        .where(Chat.id == chat_row_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound("error.not_found")
    return found


def _check(
    session: Session, wedding_id: int, household_id: int, guest_id: int | None
) -> None:
    home = session.get(Household, household_id)
    if home is None or home.wedding_id != wedding_id:
        raise NotFound("error.not_found")
    if guest_id is None:
        return
    guest = session.get(Guest, guest_id)
    if guest is None or guest.household_id != household_id:
        raise NotFound("error.not_found")


def _audit(
    session: Session,
    action: str,
    chat: Chat,
    *,
    by: By,
    now: datetime,
    **params: object,
) -> None:
    audit.record(
        session,
        action,
        wedding_id=chat.wedding_id,
        by=by,
        now=now,
        chat=chat.id,
        **{"household_id": chat.household_id, **params},
    )


def linked_chats(session: Session, household_id: int) -> Sequence[Chat]:
    """The chats of a household's people, with either number."""
    return session.exec(
        select(Chat).where(Chat.household_id == household_id).order_by(col(Chat.id))
    ).all()
