"""api: what the inbox's routes answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from wedding_wa.api.documented import Shape
from wedding_wa.api.v1.shapes import AccountKey


class InboxPerson(Shape):
    """Who is behind some chats. `guest_id` null beside a household: one of its people;
    both null: nobody knows yet."""

    name: str
    household: str
    push_name: str
    phone: str
    guest_id: int | None
    household_id: int | None


class InboxRow(Shape):
    """One person. `chat`: in which they wrote last; `text`: what, its beginning;
    `answered`: the last line there is ours; `question`: a person must say whether they
    meant STOP."""

    key: int
    chat: int
    person: InboxPerson
    accounts: list[AccountKey]
    text: str
    media: str
    at: datetime
    unread: int
    answered: bool
    question: bool
    opted_out: bool
    ignored: bool


class InboxCounts(Shape):
    """What waits: messages unread, writers nobody knows, open questions."""

    unread: int
    unknown: int
    questions: int


class InboxPage(Shape):
    """`next` null: this was the last."""

    items: list[InboxRow]
    next: str | None
    counts: InboxCounts


class ChatShape(Shape):
    """One chat of the person. `last_at` is of its newest line either way; `human_at`:
    when one of the couple last typed there on the phone itself."""

    id: int
    account_id: int
    chat_id: str
    phone: str | None
    push_name: str | None
    household_id: int | None
    guest_id: int | None
    linked_how: str | None
    linked_at: datetime | None
    linked_by: int | None
    ignored_at: datetime | None
    last_at: datetime | None
    last_text: str
    last_from_us: bool
    last_inbound_at: datetime | None
    unread: int
    read_at: datetime | None
    human_at: datetime | None


class ThreadQuestion(Shape):
    """A sentence of theirs with a stop word in it."""

    id: int
    inbound_id: int
    sentence: str
    at: datetime


class ThreadOptOut(Shape):
    """They want no more messages. `sentence` is "" where a person noted it."""

    sentence: str
    at: datetime


class ThreadLine(Shape):
    """One line: what came `in`, what went `out` of the queue, what was typed by `hand`
    on the phone. Only what went out has a `state`."""

    kind: Literal["in", "out", "hand"]
    id: int
    account: AccountKey
    at: datetime
    text: str
    media: str | None
    state: str | None
    answered: bool


class ConversationShape(Shape):
    """One person and what passed, oldest line first. `account`: the number an answer
    leaves from, null where none may; `since`: the cursor to what was `earlier`."""

    chats: list[ChatShape]
    person: InboxPerson
    account: AccountKey | None
    unread: int
    ignored: bool
    questions: list[ThreadQuestion]
    opted_out: ThreadOptOut | None
    lines: list[ThreadLine]
    since: str | None
    earlier: bool


class ReplyQueued(Shape):
    """The message in the queue; `task_id` is its name at the other routes."""

    id: int
    task_id: str


class ReadShape(Shape):
    """Whether anything was unread."""

    changed: bool
