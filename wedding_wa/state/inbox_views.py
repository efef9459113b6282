"""state: the Inbox's people and lines, as the browser gets them.

A line's badge and the reason why it waits stand apart from its words, keyed by the
line, so that a tick does not send the conversation again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict

from wedding_wa.services.inbox import Row
from wedding_wa.services.inbox_match import Match
from wedding_wa.services.inbox_people import Person
from wedding_wa.services.inbox_screen import Conversation, Question
from wedding_wa.services.inbox_thread import IN, Line
from wedding_wa.state.queue_views import NoteView, Speech, note, why_words

# What WhatsApp sends beside words, as the words have it; anything else is "other".
MEDIA = (
    "image",
    "video",
    "voice",
    "audio",
    "document",
    "sticker",
    "location",
    "contact",
    "poll",
    "other",
)
# Lines of one side closer than this belong together.
_TOGETHER = timedelta(minutes=10)


class PersonRow(TypedDict):
    """One person in the list. Times are ISO; `media` "" where there were only words."""

    key: str
    chat: str
    name: str
    household: str
    hidden: bool
    known: bool
    accounts: list[str]
    text: str
    media: str
    at: str
    unread: int
    answered: bool
    question: bool
    opted_out: bool


class HeadView(TypedDict):
    """Whom the open conversation is with. `chat` "" while none is open.

    `account` is the number an answer leaves from, "" where none may; `said` is what
    they said when they asked for no more (`opted_out`).
    """

    key: str
    chat: str
    name: str
    household: str
    hidden: bool
    known: bool
    push_name: str
    phone: str
    link: str
    accounts: list[str]
    account: str
    unread: int
    ignored: bool
    opted_out: bool
    said: str
    opted_out_at: str


class LineView(TypedDict):
    """One line. `day` is its date where it is the first of one, `joined` says that it
    goes on from the line above; `message` is the queue's number of it, "" for none."""

    key: str
    kind: str
    account: str
    text: str
    media: str
    at: str
    day: str
    joined: bool
    message: str
    answered: bool


class QuestionView(TypedDict):
    """Something only the couple can tell."""

    id: int
    line: str
    sentence: str
    at: str


class MatchView(TypedDict):
    """A guest, or with `guest` 0 a household."""

    key: str
    household: int
    guest: int
    name: str
    family: str
    phone: str
    side: str
    wrote: bool


NOBODY = HeadView(
    key="",
    chat="",
    name="",
    household="",
    hidden=False,
    known=False,
    push_name="",
    phone="",
    link="",
    accounts=[],
    account="",
    unread=0,
    ignored=False,
    opted_out=False,
    said="",
    opted_out_at="",
)


def person_row(row: Row) -> PersonRow:
    """One person of the list."""
    person = row.person
    return PersonRow(
        key=str(row.key),
        chat=str(row.chat),
        name=called(person),
        household=_family(person),
        hidden=called(person) == "",
        known=person.known,
        accounts=list(row.accounts),
        text=row.text,
        media=_media(row.media),
        at=row.at.isoformat(),
        unread=row.unread,
        answered=row.answered,
        question=row.question,
        opted_out=row.opted_out,
    )


def head_view(found: Conversation) -> HeadView:
    """The head of a conversation."""
    person, wish = found.group.person, found.opted_out
    return HeadView(
        key=str(found.group.key),
        chat=str(found.group.wrote_last.id),
        name=called(person),
        household=_family(person),
        hidden=called(person) == "",
        known=person.known,
        push_name=person.push_name,
        phone=person.phone,
        link=_link(person),
        accounts=list(found.accounts),
        account=found.account,
        unread=found.unread,
        ignored=found.ignored,
        opted_out=wish is not None,
        said=wish.sentence if wish else "",
        opted_out_at=wish.at.isoformat() if wish else "",
    )


def called(person: Person) -> str:
    """What to call somebody: their name in the list of guests, else as they call
    themselves, else their number; "" where WhatsApp tells nothing."""
    return person.name or person.push_name or person.phone


def line_views(lines: Sequence[Line], speech: Speech) -> list[LineView]:
    """The lines, with where a day begins and which belong together."""
    views: list[LineView] = []
    before: Line | None = None
    for line in lines:
        day = line.at.astimezone(speech.zone).date()
        is_new = before is None or before.at.astimezone(speech.zone).date() != day
        joined = not is_new and before is not None and _go_on(before, line)
        views.append(_line(line, day.isoformat() if is_new else "", joined=joined))
        before = line
    return views


def line_states(lines: Sequence[Line]) -> dict[str, str]:
    """What the badges say, by the line's key."""
    return {line.key: line.state for line in lines if line.row}


def line_notes(lines: Sequence[Line], speech: Speech) -> dict[str, NoteView]:
    """Why lines wait or failed, by the line's key; most have nothing to say."""
    found = {line.key: note(line.row, speech) for line in lines if line.row}
    return {key: one for key, one in found.items() if one["text"]}


def last_heard(lines: Sequence[Line]) -> dict[str, str]:
    """The last line that came in, which is not the last where an answer waits."""
    came = next((line for line in reversed(lines) if line.kind == IN), None)
    return {"key": came.key if came else "", "text": came.text if came else ""}


def forecast(found: Conversation, speech: Speech) -> str:
    """When an answer written now would go, "" where none may."""
    return why_words(found.why, speech) if found.why else ""


def question_view(question: Question) -> QuestionView:
    """A question to the couple."""
    return QuestionView(
        id=question.id,
        line=f"{IN}{question.inbound_id}",
        sentence=question.sentence,
        at=question.at.isoformat(),
    )


def match_view(match: Match) -> MatchView:
    """Somebody a writer may be."""
    return MatchView(
        key=f"{match.household_id}-{match.guest_id or 0}",
        household=match.household_id,
        guest=match.guest_id or 0,
        name=match.name,
        family=match.household if match.household != match.name else "",
        phone=match.phone,
        side=match.side,
        wrote=match.wrote,
    )


def _line(line: Line, day: str, *, joined: bool) -> LineView:
    return LineView(
        key=line.key,
        kind=line.kind,
        account=line.account,
        text=line.text,
        media=_media(line.media),
        at=line.at.isoformat(),
        day=day,
        joined=joined,
        message=str(line.row.id) if line.row else "",
        answered=line.answered,
    )


def _go_on(before: Line, line: Line) -> bool:
    same = (before.kind == IN) == (line.kind == IN) and before.account == line.account
    return same and abs(line.at - before.at) < _TOGETHER


def _media(kind: str) -> str:
    if not kind:
        return ""
    return kind if kind in MEDIA else "other"


def _family(person: Person) -> str:
    return person.household if person.household != person.name else ""


def _link(person: Person) -> str:
    if person.guest_id:
        return f"/guests?guest={person.guest_id}"
    return f"/guests?household={person.household_id}" if person.household_id else ""
