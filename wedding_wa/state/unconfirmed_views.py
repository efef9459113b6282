"""state: what was looked at for a message in doubt, as sentences with ticks."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from wedding_wa.domain.doubt import FOR_A_PERSON, ChatLook, Look, Missing
from wedding_wa.services.unconfirmed import Unconfirmed
from wedding_wa.state.queue_views import Speech
from wedding_wa.words import say
from wedding_wa.words.sentences import duration, error_words, moment

# A fact is clear, is not yet, or stands in the way until a person decides.
DONE, WAIT, STOP = MARKS = ("done", "wait", "stop")


class FactView(TypedDict):
    """One thing that was looked at."""

    mark: str
    text: str


class DoubtView(TypedDict):
    """One message in doubt. Times are ISO; `chat` is the way to its conversation, ""
    where there is none; `mark` is that of `next`, the sentence on what settles it."""

    id: int
    key: str
    account: str
    who: str
    number: str
    text: str
    since: str
    chat: str
    looked_at: str
    facts: list[FactView]
    next: str
    mark: str


def doubt_view(row: Unconfirmed, speech: Speech) -> DoubtView:
    """One message as the page shows it."""
    look = row.look
    mark, then = _next(row, look, speech)
    return DoubtView(
        id=row.id,
        key=str(row.id),
        account=row.account,
        who=row.who,
        number=row.number,
        text=row.text,
        since=row.since.isoformat(),
        chat=f"/inbox?chat={row.chat}" if row.chat else "",
        looked_at=look.at.isoformat() if look else "",
        facts=facts(row.account, look, speech.lang) if look else [],
        next=then,
        mark=mark,
    )


def facts(account: str, look: Look, lang: str) -> list[FactView]:
    """What was looked at, a line each, in the order in which it convinces."""
    told = FactView(mark=DONE, text=say(lang, "unconfirmed.fact.told"))
    return [
        told,
        _chat(account, look, lang),
        _either(look.by_id, "by_id", "by_words", STOP, lang),
        _either(look.call_over, "call_over", "call_open", WAIT, lang),
        _either(look.same_login, "same_login", "new_login", STOP, lang),
        *_time(look, lang),
    ]


def _either(clear: bool, yes: str, no: str, otherwise: str, lang: str) -> FactView:
    key = yes if clear else no
    mark = DONE if clear else otherwise
    return FactView(mark=mark, text=say(lang, f"unconfirmed.fact.{key}"))


def _chat(account: str, look: Look, lang: str) -> FactView:
    number = say(lang, f"hold.account.{account}")
    if not look.connected:
        text = say(lang, "unconfirmed.fact.not_connected", account=number)
        return FactView(mark=WAIT, text=text)
    if look.chat is ChatLook.ABSENT:
        key = "absent" if look.by_id else "absent_words"
        return FactView(mark=DONE, text=say(lang, f"unconfirmed.fact.{key}"))
    why = error_words(lang, look.error)
    key = "unreadable" if why else "unreadable_unknown"
    return FactView(mark=WAIT, text=say(lang, f"unconfirmed.fact.{key}", why=why))


def _time(look: Look, lang: str) -> list[FactView]:
    """How long a connected session could have sent it late; nothing while it is not
    connected, or where more time would prove nothing."""
    if not look.connected or FOR_A_PERSON & set(look.missing):
        return []
    needed = _span(lang, look.settle_after)
    if Missing.TIME not in look.missing:
        text = say(lang, "unconfirmed.fact.time_over", needed=needed)
        return [FactView(mark=DONE, text=text)]
    had = _span(lang, max(look.at - look.since, timedelta(0)))
    text = say(lang, "unconfirmed.fact.time_open", had=had, needed=needed)
    return [FactView(mark=WAIT, text=text)]


def _next(row: Unconfirmed, look: Look | None, speech: Speech) -> tuple[str, str]:
    """What settles it, and when; by what is missing, the gravest first."""
    lang = speech.lang
    if look is None:
        return WAIT, say(lang, "unconfirmed.next.soon")
    missing = set(look.missing)
    if missing & FOR_A_PERSON:
        return STOP, say(lang, "unconfirmed.next.person")
    if Missing.CALL in missing:
        return WAIT, say(lang, "unconfirmed.next.call")
    if Missing.CONNECTION in missing:
        number = say(lang, f"hold.account.{row.account}")
        needed = _span(lang, look.settle_after)
        key = "unconfirmed.next.connection"
        return WAIT, say(lang, key, account=number, needed=needed)
    if Missing.CHAT in missing:
        return WAIT, say(lang, "unconfirmed.next.chat")
    return WAIT, _in_time(look, speech, last_try=row.last_try)


def _in_time(look: Look, speech: Speech, *, last_try: bool) -> str:
    """When it goes again by itself, or is given up."""
    at, lang = look.goes_again_at, speech.lang
    if at is None or at <= speech.now:
        return say(lang, "unconfirmed.next.soon")
    when = moment(lang, at, zone=speech.zone, now=speech.now, form="at")
    key = "gives_up" if last_try else "goes_again"
    return say(lang, f"unconfirmed.next.{key}", at=when)


def _span(lang: str, span: timedelta) -> str:
    """Whole seconds: nobody counts tenths here."""
    return duration(lang, round(span.total_seconds()) * 1000)
