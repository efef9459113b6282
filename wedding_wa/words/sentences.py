"""words: sentences made from what the rules return: why a message waits, how long.

They are made on the server, in the reader's language, times in the wedding's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import ACCOUNT_RULES
from wedding_wa.words.catalogue import catalogue, say

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SIBLING = {"groom": "bride", "bride": "groom"}
# Where the number that a sentence names stands among the params.
_NUMBERS = {
    HoldRule.HOURLY: "limit",
    HoldRule.DAILY: "limit",
    HoldRule.WARMUP: "limit",
    HoldRule.REST: "count",
    HoldRule.UNANSWERED: "count",
}


def why_it_waits(
    lang: str,
    rule: HoldRule | None,
    params: Mapping[str, object],
    until: datetime | None,
    *,
    account: str,
    zone: ZoneInfo,
    now: datetime,
) -> str:
    """Say what holds a message: "Held until 18:12: 10 messages an hour is …".

    `account` is its key; `rule` None means that nothing does: it goes next.
    """
    if rule is None:
        return say(lang, "hold.turn.next")
    words = _parts(lang, rule, params, until, account, zone, now)
    return _sentence(say(lang, f"hold.rule.{_named(rule, params)}", **words))


def waits_its_turn(
    lang: str,
    before: int,
    rule: HoldRule | None,
    params: Mapping[str, object],
    until: datetime | None,
    *,
    account: str,
    zone: ZoneInfo,
    now: datetime,
    many: int,
) -> str:
    """Say how many go before it, and what holds its whole account meanwhile.

    From `many` on it is "more than". The first in the line is told as `why_it_waits`.
    """
    if before == 0:
        return why_it_waits(
            lang, rule, params, until, account=account, zone=zone, now=now
        )
    shape = "many" if before >= many else ""
    if rule not in ACCOUNT_RULES:
        return say(lang, f"hold.turn.{shape or 'after'}", n=before)
    words = _parts(lang, rule, params, until, account, zone, now)
    reason = say(lang, f"hold.account_rule.{_named(rule, params)}", **words)
    shape = "many_because" if shape else "because"
    return _sentence(say(lang, f"hold.turn.{shape}", n=before, reason=reason))


def error_words(lang: str, code: object, **params: object) -> str:
    """The sentence of an error's code; empty for none, or one that has no words."""
    known = isinstance(code, str) and code in catalogue(lang)
    status = say(lang, "account.status.other")
    return say(lang, str(code), **{"status": status, **params}) if known else ""


def moment(
    lang: str, when: datetime, *, zone: ZoneInfo, now: datetime, form: str = "moment"
) -> str:
    """Say a moment: "18:12", "tomorrow 18:12", "Sat 20 June, 18:12"; of another year
    with the year.

    `form` "at" and "until" bring their preposition along.
    """
    local, today = when.astimezone(zone), now.astimezone(zone).date()
    time = f"{local:%H:%M}"
    if local.date() == today:
        return say(lang, f"hold.{form}.today", time=time)
    if local.date() == today + timedelta(days=1):
        return say(lang, f"hold.{form}.tomorrow", time=time)
    date = say(lang, f"hold.month.m{local.month}", day=local.day)
    if local.year != today.year:
        date = f"{date} {local.year}"
    day = say(lang, f"hold.day.{_DAYS[local.weekday()]}", date=date)
    return say(lang, f"hold.{form}.day", day=day, time=time)


def duration(lang: str, milliseconds: int) -> str:
    """Say how long something took: "6.4 s", "2 min 10 s", "1 h 5 min", "3 days"."""
    if milliseconds < 59_950:
        tenths = f"{milliseconds / 1000:.1f}".removesuffix(".0")
        number = tenths.replace(".", say(lang, "hold.took.decimal"))
        return say(lang, "hold.took.seconds", n=number)
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 60:
        key = "minutes_seconds" if seconds else "minutes"
        return say(lang, f"hold.took.{key}", n=minutes, s=seconds)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        key = "hours_minutes" if minutes else "hours"
        return say(lang, f"hold.took.{key}", n=hours, m=minutes)
    return say(lang, "hold.took.days", n=hours // 24)


def _parts(
    lang: str,
    rule: HoldRule,
    params: Mapping[str, object],
    until: datetime | None,
    account: str,
    zone: ZoneInfo,
    now: datetime,
) -> dict[str, object]:
    """Everything a hold sentence may name."""
    words: dict[str, object] = {
        "account": say(lang, f"hold.account.{account}"),
        "other": say(lang, f"hold.account.{_SIBLING.get(account, account)}"),
        "status": _status(lang, str(params.get("status", ""))),
        "error": error_words(lang, params.get("error")),
        "n": params.get(_NUMBERS.get(rule, ""), ""),
    }
    if until is not None:
        words |= {
            form: moment(lang, until, zone=zone, now=now, form=form)
            for form in ("at", "until")
        }
    return words


def _named(rule: HoldRule, params: Mapping[str, object]) -> str:
    """A pause is told by who made it."""
    by = params.get("by")
    return f"{rule}_{by}" if rule is HoldRule.PAUSED and by else rule.value


def _status(lang: str, status: str) -> str:
    key = f"account.status.{status}"
    return say(lang, key if key in catalogue(lang) else "account.status.other")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip()
