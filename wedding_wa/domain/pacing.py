"""domain: may this message go now?

`decide` is the one decision function. The worker obeys it, the dashboard explains
with it, the settings page says with it which limit binds. It is asked before a claim,
so waiting costs neither a try nor a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wedding_wa.domain import warmup
from wedding_wa.domain.human import clamp
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.windows import next_open

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)

# Rules that hold the whole account; the rest hold one chat or one message.
ACCOUNT_RULES = frozenset(
    {
        HoldRule.RESTORED,
        HoldRule.PAUSED,
        HoldRule.BUSY,
        HoldRule.ACCOUNT_DOWN,
        HoldRule.HEARING_GAP,
        HoldRule.WINDOW,
        HoldRule.HOURLY,
        HoldRule.DAILY,
        HoldRule.WARMUP,
        HoldRule.REST,
        HoldRule.GAP,
        HoldRule.SIBLING,
    }
)

# Holds whose end is the message's own `due_at`.
_OWN_TIME = (HoldRule.SCHEDULED, HoldRule.RETRY)


@dataclass(frozen=True, slots=True)
class Send:
    """One message handed to WAHA, with the pauses drawn for what follows it."""

    at: datetime
    gap_seconds: float
    sibling_seconds: float
    rest_seconds: float


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the rules need to know of an account. `sends` is newest first.

    `sends` must reach back to the last `max(per_hour, per_day, rest_after)` sends.
    `restored`: the database is a copy, and what was sent since is not known yet.
    `busy_until`: WAHA wants to be left alone until then.
    """

    ready: bool = True
    status: str = "WORKING"
    paused: bool = False
    restored: bool = False
    busy_until: datetime | None = None
    sends: tuple[Send, ...] = ()
    sibling: Send | None = None
    linked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rules need to know of one message and of whom it is for.

    A guest is one person to both accounts and under every name of their chat.
    `aside`: `hold_rule` set it aside until a person says so. `behind_until`: when
    an earlier one for the same person is tried again. `takes_seconds`: how long
    reading and typing may take before it is on its way.
    `last_to_chat`: when either account last wrote to them; `unanswered`: how often
    since they last wrote; `human_at`: when one of the couple last typed to them on the
    phone itself. `by_hand`: a person's own reply; `answers`: one to what they wrote
    after our last message.
    """

    due_at: datetime
    hold_rule: str | None = None
    aside: bool = False
    behind_until: datetime | None = None
    takes_seconds: float = 0.0
    forced: bool = False
    own_number: bool = False
    by_hand: bool = False
    answers: bool = False
    last_to_chat: datetime | None = None
    unanswered: int = 0
    human_at: datetime | None = None
    deaf: bool = False
    restricted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """It may be sent now. `remaining` sends are left in this hour after it."""

    sent_count: int
    limit: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.sent_count - 1)


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: `rule` says why; `until` is None where only a change can free it."""

    rule: HoldRule
    until: datetime | None
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def account_wide(self) -> bool:
        return self.rule in ACCOUNT_RULES


Decision = Go | Hold


@dataclass(frozen=True, slots=True)
class _Case:
    now: datetime
    account: AccountView
    message: Candidate
    policy: Policy
    zone: ZoneInfo


def decide(
    now: datetime,
    account: AccountView,
    message: Candidate | None,
    policy: Policy,
    zone: ZoneInfo,
) -> Decision:
    """Return Go, or the one Hold that binds: without an end, else the latest end.

    With `message` None only the account's own rules are asked ("could anything go
    now?"). Force-send skips hourly and daily limit, warm-up, gap, cool-down, rest,
    windows and the precedence of a person's own hand; never the unanswered limit.
    """
    case = _Case(now, account, message or Candidate(due_at=now), policy, zone)
    rules = _ALWAYS if case.message.forced else (*_ALWAYS, *_UNLESS_FORCED)
    holds = [hold for rule in rules if (hold := rule(case))]
    if not holds:
        return Go(_sent_within(case, HOUR), policy.per_hour)
    endless = [hold for hold in holds if hold.until is None]
    if endless:
        return endless[0]
    return max(holds, key=lambda hold: hold.until or now)


def _aside(case: _Case) -> Hold | None:
    """Only a person lets it go, whatever time it is."""
    rule = case.message.hold_rule
    return Hold(HoldRule(rule), None) if case.message.aside and rule else None


def _restored(case: _Case) -> Hold | None:
    """A copy of the database does not know what was sent after it was made."""
    return Hold(HoldRule.RESTORED, None) if case.account.restored else None


def _paused(case: _Case) -> Hold | None:
    return Hold(HoldRule.PAUSED, None) if case.account.paused else None


def _busy(case: _Case) -> Hold | None:
    """WAHA limits a number, not a message: the ones behind would only burn tries. No
    pause is a day long: then the clock was wrong when it was asked for."""
    until = case.account.busy_until
    if until is not None and until - case.now > DAY:
        return None
    return _until(case, HoldRule.BUSY, until)


def _behind(case: _Case) -> Hold | None:
    """A guest reads what was written first first, also if it needs another try."""
    return _until(case, HoldRule.BEHIND, case.message.behind_until)


def _down(case: _Case) -> Hold | None:
    if case.account.ready:
        return None
    return Hold(HoldRule.ACCOUNT_DOWN, None, {"status": case.account.status})


def _deaf(case: _Case) -> Hold | None:
    return Hold(HoldRule.HEARING_GAP, None) if case.message.deaf else None


def _restricted(case: _Case) -> Hold | None:
    return _until(case, HoldRule.RESTRICTED, case.message.restricted_until)


def _scheduled(case: _Case) -> Hold | None:
    """Its own time: scheduled by a person, or the end of a back-off.

    Any other hold has moved `due_at` for its own sake, and is asked itself.
    """
    held_by = case.message.hold_rule
    if case.message.forced or held_by not in (None, *_OWN_TIME):
        return None
    rule = HoldRule.RETRY if held_by == HoldRule.RETRY else HoldRule.SCHEDULED
    return _until(case, rule, case.message.due_at)


def _unanswered(case: _Case) -> Hold | None:
    """Who does not answer is left in peace until they write."""
    limit, count = case.policy.unanswered_max, case.message.unanswered
    if case.message.own_number or not limit or count < limit:
        return None
    return Hold(HoldRule.UNANSWERED, None, {"count": count, "limit": limit})


def _human(case: _Case) -> Hold | None:
    """One of the couple is writing with them just now: human before machine."""
    typed = case.message.human_at
    if typed is None or case.message.by_hand or case.message.own_number:
        return None
    frees = typed + timedelta(seconds=case.policy.human_hold_seconds)
    return _until(case, HoldRule.HUMAN, frees)


def _window(case: _Case) -> Hold | None:
    """Open now, and still open when it is typed: nothing goes after the close."""
    hours = case.policy.opening_hours
    sent_by = case.now + timedelta(seconds=case.message.takes_seconds)
    opens = next_open(case.now, hours, case.zone)
    if opens == case.now:
        opens = next_open(sent_by, hours, case.zone)
    return None if opens == sent_by else _until(case, HoldRule.WINDOW, opens)


def _hourly(case: _Case) -> Hold | None:
    return _rolling(case, HoldRule.HOURLY, case.policy.per_hour, HOUR)


def _daily(case: _Case) -> Hold | None:
    return _rolling(case, HoldRule.DAILY, case.policy.per_day, DAY)


def _warmup(case: _Case) -> Hold | None:
    """A newly linked number may send less a day."""
    account, policy = case.account, case.policy
    limit = warmup.daily_limit(policy, account.linked_at, case.now)
    sent = _sent_within(case, DAY)
    if account.linked_at is None or limit is None or sent < limit:
        return None
    sends = [send.at for send in account.sends]
    frees = warmup.next_free(policy, account.linked_at, sends, case.now)
    day = warmup.day_of(account.linked_at, case.now) + 1
    params = {"sent_count": sent, "limit": limit, "day": day}
    return _until(case, HoldRule.WARMUP, frees, params)


def _rolling(case: _Case, rule: HoldRule, limit: int, span: timedelta) -> Hold | None:
    """At most `limit` sends in any span: the limit-th last one must have left it."""
    sent = _sent_within(case, span)
    if sent < limit:
        return None
    frees = case.account.sends[limit - 1].at + span
    params = {"sent_count": sent, "limit": limit, "rate_limit_remaining": 0}
    return _until(case, rule, frees, params)


def _rest(case: _Case) -> Hold | None:
    """After `rest_after` sends without a real break: rest as long as was drawn."""
    policy = case.policy
    sends = case.account.sends
    if not policy.rest_after or _streak(sends, policy) < policy.rest_after:
        return None
    drawn = clamp(
        sends[0].rest_seconds, policy.rest_min_seconds, policy.rest_max_seconds
    )
    until = sends[0].at + timedelta(seconds=drawn)
    return _until(case, HoldRule.REST, until, {"count": policy.rest_after})


def _gap(case: _Case) -> Hold | None:
    if not case.account.sends:
        return None
    last = case.account.sends[0]
    policy = case.policy
    drawn = clamp(last.gap_seconds, policy.gap_min_seconds, policy.gap_max_seconds)
    return _until(case, HoldRule.GAP, last.at + timedelta(seconds=drawn))


def _sibling(case: _Case) -> Hold | None:
    """Numbers that mail at the same moment get banned together: keep apart."""
    last = case.account.sibling
    if last is None:
        return None
    policy = case.policy
    drawn = clamp(
        last.sibling_seconds, policy.sibling_min_seconds, policy.sibling_max_seconds
    )
    return _until(case, HoldRule.SIBLING, last.at + timedelta(seconds=drawn))


def _cooldown(case: _Case) -> Hold | None:
    """A guest is not written to again so soon, but for an answer to what they said."""
    last = case.message.last_to_chat
    if last is None or case.message.own_number or case.message.answers:
        return None
    frees = last + timedelta(seconds=case.policy.cooldown_seconds)
    return _until(case, HoldRule.COOLDOWN, frees)


_Rule = Callable[[_Case], Hold | None]
_ALWAYS: tuple[_Rule, ...] = (
    _aside,
    _restored,
    _paused,
    _down,
    _deaf,
    _restricted,
    _scheduled,
    _busy,
    _sibling,
    _unanswered,
)
_UNLESS_FORCED: tuple[_Rule, ...] = (
    _window,
    _hourly,
    _daily,
    _warmup,
    _rest,
    _gap,
    _cooldown,
    _behind,
    _human,
)


def _until(
    case: _Case,
    rule: HoldRule,
    until: datetime | None,
    params: Mapping[str, object] | None = None,
) -> Hold | None:
    if until is None or until <= case.now:
        return None
    return Hold(rule, until, params or {})


def _sent_within(case: _Case, span: timedelta) -> int:
    since = case.now - span
    return sum(1 for send in case.account.sends if send.at > since)


def _streak(sends: Iterable[Send], policy: Policy) -> int:
    """How many of the last sends followed each other without a rest between."""
    length = 0
    later: datetime | None = None
    rest = timedelta(seconds=policy.rest_min_seconds)
    for send in sends:
        if later is not None and later - send.at >= rest:
            break
        length, later = length + 1, send.at
    return length
