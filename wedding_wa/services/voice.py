"""services: groom and bride are one voice: from which number a guest is written to.

It is the number to which the guest, or anybody of the household, wrote last. Where
that number cannot send, the message waits: the other one never takes over silently.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from wedding_wa.domain.chat import PHONE_SERVER, chat_of_phone
from wedding_wa.domain.errors import BadInput, NotFound, OptedOut
from wedding_wa.domain.phone import parse_phone
from wedding_wa.models import (
    Account,
    Chat,
    Consent,
    Guest,
    Household,
    Policy,
    Wedding,
)
from wedding_wa.services.households import by_code
from wedding_wa.services.same_person import chats_of_person, same_person
from wedding_wa.services.sql import table
from wedding_wa.services.wishes import wants_none

HOUSEHOLD = "household:"
_ANY_COUNTRY = "ZZ"
# Behind the @ of a chat id that begins with somebody's number.
_PHONE_SERVERS = (PHONE_SERVER, "s.whatsapp.net")

_ACCOUNT, _CONSENT, _CHAT = table(Account), table(Consent), table(Chat)
_GUEST, _HOUSEHOLD, _POLICY = table(Guest), table(Household), table(Policy)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a door means. `chat_id` is the chat it named, if it named one."""

    chat_ids: frozenset[str]
    chat_id: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """On which consent, from which number and to which chat somebody is written to;
    what they are called; what their number's policy says, {} where it says nothing."""

    consent_id: int
    account_id: int
    chat_id: str
    phone: str | None
    name: str | None
    policy: dict[str, Any]


def recipient_of(session: Session, wedding_id: int, to: str) -> Recipient:
    """Return who is meant by a phone as people type it, a chat id, or
    `household:<code>`. Raises BadInput, NotFound.
    """
    typed = to.strip()
    if typed.startswith(HOUSEHOLD):
        code = typed.removeprefix(HOUSEHOLD)
        return Recipient(_chats_of_household(session, wedding_id, code))
    if typed.endswith("@lid"):
        return Recipient(chats_of_person(session, wedding_id, typed), typed)
    phone = phone_of(session, wedding_id, typed)
    chat_id = chat_of_phone(phone)
    return Recipient(chats_of_person(session, wedding_id, chat_id), chat_id, phone)


def recipients_of(
    session: Session, wedding_id: int, phones: Collection[str]
) -> dict[str, Recipient]:
    """`recipient_of` for many phone numbers, whole ones with their country."""
    chats = {chat_of_phone(phone): phone for phone in phones}
    persons = same_person(session, wedding_id, chats)
    return {
        phone: Recipient(persons[chat_id], chat_id, phone)
        for chat_id, phone in chats.items()
    }


def names_a_phone(to: str) -> bool:
    """Whether `phone_of` can read it: a number, or the chat of one."""
    return not to.strip().startswith(HOUSEHOLD) and not to.strip().endswith("@lid")


def _ways(
    *first: sa.ColumnElement[Any], phone: sa.ColumnElement[bool]
) -> sa.Select[Any]:
    """Every consent of a person in force, by the number they wrote to last, after what
    goes `first`. By each account's own indexes: no wedding's consents are walked."""
    valid = sa.and_(
        _CONSENT.c.account_id == _ACCOUNT.c.id, _CONSENT.c.revoked_at.is_(None)
    )
    # The account stands in both halves: else SQLite walks all consents of one.
    consents = sa.or_(
        sa.and_(valid, _CONSENT.c.chat_id.in_(sa.bindparam("chats", expanding=True))),
        sa.and_(valid, phone),
    )
    chat = sa.and_(
        _CHAT.c.account_id == _CONSENT.c.account_id,
        _CHAT.c.chat_id == _CONSENT.c.chat_id,
    )
    wrote = _CHAT.c.last_inbound_at
    return (
        sa.select(
            *(_CONSENT.c.id, _CONSENT.c.account_id, _CONSENT.c.chat_id),
            *(_CONSENT.c.phone, _ACCOUNT.c.key),
            _GUEST.c.name.label("guest"),
            _HOUSEHOLD.c.name.label("household"),
            _CHAT.c.push_name,
            _POLICY.c.fields,
        )
        .select_from(_ACCOUNT)
        .join(_CONSENT, consents)
        .outerjoin(_CHAT, chat)
        .outerjoin(_GUEST, _GUEST.c.id == _CHAT.c.guest_id)
        .outerjoin(_HOUSEHOLD, _HOUSEHOLD.c.id == _CHAT.c.household_id)
        .outerjoin(_POLICY, _POLICY.c.account_id == _ACCOUNT.c.id)
        .where(_ACCOUNT.c.wedding_id == sa.bindparam("wedding", type_=sa.Integer))
        .order_by(*first, wrote.is_(None), wrote.desc(), _CONSENT.c.id)
    )


# Built once: what every message asks is not put together anew for each.
_NAMED = sa.case(
    (_CONSENT.c.chat_id == sa.bindparam("chat", type_=sa.String), 0), else_=1
)
_PHONE = _CONSENT.c.phone == sa.bindparam("phone", type_=sa.String)
_FROM_ANY = _ways(phone=_PHONE)
_FROM_ONE = _ways(_NAMED, phone=_PHONE).where(
    _ACCOUNT.c.key == sa.bindparam("account", type_=sa.String)
)
_TO_MANY = _ways(phone=_CONSENT.c.phone.in_(sa.bindparam("phones", expanding=True)))
_COUNTRY = sa.select(table(Wedding).c.default_country).where(
    table(Wedding).c.id == sa.bindparam("wedding", type_=sa.Integer)
)


def way_to(
    session: Session,
    wedding_id: int,
    recipient: Recipient,
    *,
    account: str | None = None,
) -> Way | None:
    """Return how `recipient` may be written to; None: nobody wrote from there.

    Without `account`, a key, from the number they wrote to last. With one only from
    that. The chat that was named comes before their others. Raises OptedOut where
    they want no more messages.
    """
    asked: dict[str, object] = {
        "wedding": wedding_id,
        "chats": list(recipient.chat_ids),
        "phone": recipient.phone,
    }
    if account is not None:
        asked |= {"chat": recipient.chat_id, "account": account}
    statement = _FROM_ANY if account is None else _FROM_ONE
    found = session.connection().execute(statement, asked).all()
    chats = {*recipient.chat_ids, *(row.chat_id for row in found)}
    return _first_wanted(found, wants_none(session, wedding_id, chats))


class Ways:
    """`way_to` for many recipients, asked in one."""

    def __init__(
        self, session: Session, wedding_id: int, recipients: Sequence[Recipient]
    ) -> None:
        chats = {chat for one in recipients for chat in one.chat_ids}
        asked = {
            "wedding": wedding_id,
            "chats": list(chats),
            "phones": [one.phone for one in recipients if one.phone],
        }
        self._found = session.connection().execute(_TO_MANY, asked).all()
        chats |= {row.chat_id for row in self._found}
        self._unwanted = wants_none(session, wedding_id, chats)
        self._places: dict[str | None, list[int]] = defaultdict(list)
        for place, row in enumerate(self._found):
            for name in {row.chat_id, row.phone}:  # an id has an @, a phone has none
                self._places[name].append(place)

    def to(self, recipient: Recipient, *, account: str | None) -> Way | None:
        """As `way_to`."""
        names = {*recipient.chat_ids, recipient.phone} - {None}
        places = {place for name in names for place in self._places.get(name, ())}
        theirs = (self._found[place] for place in sorted(places))
        found = [row for row in theirs if account in (None, row.key)]
        if account is not None:
            found.sort(key=lambda row: row.chat_id != recipient.chat_id)
        chats = {*recipient.chat_ids, *(row.chat_id for row in found)}
        return _first_wanted(found, self._unwanted & chats)


def _first_wanted(found: Sequence[sa.Row[Any]], unwanted: set[str]) -> Way | None:
    """The first whose person still wants messages."""
    row = next((row for row in found if row.chat_id not in unwanted), None)
    if row is None and unwanted:
        raise OptedOut()
    if row is None:
        return None
    names = (row.guest, row.household, row.push_name)
    return Way(
        consent_id=row.id,
        account_id=row.account_id,
        chat_id=row.chat_id,
        phone=row.phone,
        name=next((name for name in names if name), None),
        policy=row.fields or {},
    )


def phone_of(session: Session, wedding_id: int, to: str) -> str:
    """The whole number that a phone as people type it, or a chat id, stands for.

    Where it names its country, the wedding's is not asked for. Raises BadInput.
    """
    typed = to.strip()
    number, is_chat, server = typed.partition("@")
    if is_chat:
        if server not in _PHONE_SERVERS:  # a group, a channel: nobody's number
            raise BadInput("error.phone.unreadable", "phone")
        typed = f"+{number}"
    if typed.startswith("+"):
        with contextlib.suppress(BadInput):
            return parse_phone(typed, _ANY_COUNTRY)
    country = session.connection().execute(_COUNTRY, {"wedding": wedding_id}).scalar()
    return parse_phone(typed, str(country))


def _chats_of_household(session: Session, wedding_id: int, code: str) -> frozenset[str]:
    household = by_code(session, wedding_id, code)
    if household is None:
        raise NotFound("guests.wrong.no_household")
    chats = session.exec(select(Chat.chat_id).where(Chat.household_id == household.id))
    return frozenset(chats.all())
