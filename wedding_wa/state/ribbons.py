"""state: the notices as pages show them: one sentence, one look, one thing to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from wedding_wa.services import notices, pausing, watchdog
from wedding_wa.services.notices import NoticeView
from wedding_wa.services.sessions import Viewer
from wedding_wa.words import catalogue, say
from wedding_wa.words.sentences import error_words, moment

#: How each kind looks: its tone and icon, and where its link leads.
LOOKS = {
    notices.ACCOUNT_DOWN: ("tomato", "unplug", "/accounts"),
    notices.RESTRICTED: ("amber", "message-circle-off", "/accounts"),
    notices.SILENT: ("amber", "ear-off", "/accounts"),
    notices.PAUSED: ("amber", "pause", "/accounts"),
    notices.PAUSED_ALL: ("amber", "pause", "/queue"),
    notices.QUARANTINE: ("tomato", "shield-alert", "/queue?state=held"),
    notices.MISSED: ("amber", "alarm-clock-off", "/queue?state=held"),
    notices.RESTORED: ("sky", "database-backup", "/accounts"),
}
#: The statuses that have a sentence of their own.
DOWN = (
    "FAILED",
    "SCAN_QR_CODE",
    "BAD_KEY",
    "MISSING",
    "UNREACHABLE",
    "STARTING",
    "STOPPED",
    "NOT_CONFIGURED",
)
#: Why an account paused, as sentences tell them apart.
PAUSES = (
    pausing.BY_PERSON,
    pausing.BY_FAILURES,
    pausing.BY_SILENCE,
    pausing.BY_NUMBER,
    "by_command",
    "by_program",
    "other",
)
ALL = "all"

# After these it helps to know how many wait.
_KEEP_WAITING = (notices.ACCOUNT_DOWN, notices.PAUSED, notices.SILENT)


class Ribbon(TypedDict):
    """One open notice; `about` is what only the overview has room for.

    `resume` is what its button lets go on: an account's key, ALL, or "" for no button;
    `mine`: the reader caused it just now and knows.
    """

    id: int
    kind: str
    tone: str
    icon: str
    text: str
    about: str
    href: str
    go: str
    resume: str
    mine: bool


class Ended(TypedDict):
    """One notice that is over: what it was, when, and how many had waited."""

    id: int
    kind: str
    icon: str
    text: str
    when: str
    waited: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language, zone and the couple's names come from here."""

    who: Viewer
    lang: str
    now: datetime

    def moment(self, when: object, form: str = "moment") -> str:
        """A moment given in ISO 8601, as this reader says it; "" for none."""
        if not when:
            return ""
        zone = ZoneInfo(self.who.time_zone)
        at = datetime.fromisoformat(str(when))
        return moment(self.lang, at, zone=zone, now=self.now, form=form)

    def name(self, key: str | None) -> str:
        """Whose account that is."""
        return self.who.groom_name if key == "groom" else self.who.bride_name


def ribbons(
    found: Sequence[NoticeView], waiting: Mapping[str, int], reader: Reader
) -> list[Ribbon]:
    """All open notices, in their order. `waiting`: messages by account key."""
    return [
        _ribbon(one, waiting.get(one.account or "", sum(waiting.values())), reader)
        for one in found
        if one.kind in LOOKS
    ]


def ended(found: Sequence[NoticeView], reader: Reader) -> list[Ended]:
    """What was over lately."""
    return [_ended(one, reader) for one in found if one.kind in LOOKS]


def _ribbon(one: NoticeView, waiting: int, reader: Reader) -> Ribbon:
    tone, icon, href = LOOKS[one.kind]
    paused = one.kind in (notices.PAUSED, notices.PAUSED_ALL)
    return Ribbon(
        id=one.id,
        kind=one.kind,
        tone=tone,
        icon=icon,
        text=_sentences(one, waiting, reader),
        about=_about(one, reader.lang),
        href=href,
        go=say(reader.lang, f"notice.go.{one.kind}"),
        resume=(one.account or ALL) if paused else "",
        mine=one.params.get("user_id") == reader.who.user_id,
    )


def _sentences(one: NoticeView, waiting: int, reader: Reader) -> str:
    lang = reader.lang
    parts = [_sentence(one, reader), error_words(lang, _error(one))]
    if one.kind in _KEEP_WAITING and waiting:
        parts.append(say(lang, "notice.waiting", n=waiting))
    return " ".join(part for part in parts if part)


def _about(one: NoticeView, lang: str) -> str:
    """Why a restored copy still waits."""
    why = f"backup.why.{one.params.get('why')}"
    known = one.kind == notices.RESTORED and why in catalogue(lang)
    return say(lang, why) if known else ""


def _error(one: NoticeView) -> object:
    """The last failure's sentence; what a status itself says is not said twice."""
    by_failures = one.params.get("by") == pausing.BY_FAILURES
    return one.params.get("error") if by_failures else None


def _sentence(one: NoticeView, reader: Reader) -> str:
    params = one.params
    words = {
        "name": reader.name(one.account),
        "person": params.get("person") or "",
        "program": params.get("program") or "",
        "n": params.get("n") or 0,
        "since": reader.moment(params.get("since") or one.at.isoformat()),
        "until": reader.moment(params.get("until")),
        "first": reader.moment(params.get("first")),
    }
    return say(reader.lang, _key(one), **words)


def _key(one: NoticeView) -> str:
    """The sentence's key: some kinds have one for each cause."""
    params = one.params
    by = str(params.get("by") or "other")
    if by == pausing.BY_PERSON and not params.get("person"):
        by = "by_program" if params.get("program") else "by_command"
    match one.kind:
        case notices.ACCOUNT_DOWN:
            status = str(params.get("status"))
            return f"notice.account_down.{status if status in DOWN else 'other'}"
        case notices.SILENT:
            why = str(params.get("why"))
            return f"notice.silent.{why if why in watchdog.WHYS else watchdog.MUTE}"
        case notices.PAUSED:
            return f"notice.paused.{by if by in PAUSES else 'other'}"
        case notices.PAUSED_ALL if by != pausing.BY_PERSON:
            program = by == "by_program"
            return f"notice.paused_all_by_{'program' if program else 'command'}"
        case _:
            return f"notice.{one.kind}"


def _ended(one: NoticeView, reader: Reader) -> Ended:
    waited = one.params.get("waited")
    since = str(one.params.get("since") or one.at.isoformat())
    end = one.ended_at.isoformat() if one.ended_at else None
    return Ended(
        id=one.id,
        kind=one.kind,
        icon=LOOKS[one.kind][1],
        text=say(
            reader.lang, f"notice.ended.{one.kind}", name=reader.name(one.account)
        ),
        when=say(
            reader.lang,
            "notice.from_to",
            at=reader.moment(since),
            end=reader.moment(end),
        ),
        waited=say(reader.lang, "notice.ended_waited", n=waited) if waited else "",
    )
