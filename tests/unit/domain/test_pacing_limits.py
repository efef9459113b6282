"""Whoever obeys `decide` keeps every limit, whenever they ask.

A simulation in virtual time: two accounts of one couple, chats, limits drawn so that
they bind, and somebody who asks at the worst moments (at the very end of a hold, just
before it, again at once, after hours) while the clock may be set forward and back.
Each Go is sent at once. What came out is then measured against the plain rules.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import NOON
from wedding_wa.domain.human import plan_like_a_person
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import AccountView, Candidate, Go, Send, decide
from wedding_wa.domain.policy import Policy, checked
from wedding_wa.domain.windows import next_open

ROME = ZoneInfo("Europe/Rome")
OWN = 0  # the chat of the account's own number
LINKED = NOON - timedelta(hours=20)


@dataclass(frozen=True)
class Sent:
    """One message that went: who, to which chat, decided when, over when."""

    account: int
    chat: int
    decided: datetime
    send: Send


@dataclass
class Couple:
    """Two accounts that obey `decide` under one policy."""

    policy: Policy
    rng: random.Random
    now: datetime = NOON
    sent: list[Sent] = field(default_factory=list)
    until: datetime = NOON
    wrote: dict[int, datetime] = field(default_factory=dict)
    # to which chat, when, after how many sends
    typed: list[tuple[int, datetime, int]] = field(default_factory=list)

    def ask(self, account: int, chat: int, took: float) -> None:
        decision = decide(
            self.now, self._view(account), self._candidate(chat), self.policy, ROME
        )
        if not isinstance(decision, Go):
            assert decision.until or decision.rule is HoldRule.UNANSWERED
            self.until = decision.until or self.now
            return
        plan = plan_like_a_person("Ciao zia!", self.policy, self.rng)
        over = self.now + timedelta(seconds=took)
        send = Send(over, plan.gap, plan.sibling, plan.rest)
        self.sent.append(Sent(account, chat, self.now, send))
        self.now = self.until = over

    def of(self, account: int) -> list[Sent]:
        return [one for one in self.sent if one.account == account]

    def _view(self, account: int) -> AccountView:
        policy = self.policy
        reach = max(policy.per_hour, policy.per_day, policy.rest_after)
        # the latest first: of two at the same instant the later one counts
        mine = [one.send for one in reversed(self.of(account))]
        other = [one.send for one in reversed(self.of(1 - account))]
        newest = sorted(mine, key=lambda send: send.at, reverse=True)[:reach]
        return AccountView(
            sends=tuple(newest),
            sibling=max(other, key=lambda send: send.at, default=None),
            linked_at=LINKED,
        )

    def _candidate(self, chat: int) -> Candidate:
        before = [one.send.at for one in self.sent if one.chat == chat]
        return Candidate(
            due_at=NOON - timedelta(days=9),
            own_number=chat == OWN,
            last_to_chat=max(before, default=None),
            unanswered=self.unanswered(chat),
            human_at=max((at for to, at, _ in self.typed if to == chat), default=None),
        )

    def unanswered(self, chat: int) -> int:
        since = self.wrote.get(chat, NOON - timedelta(days=99))
        return sum(one.chat == chat and one.send.at > since for one in self.sent)


def _span(name: str, high: float) -> st.SearchStrategy[dict[str, float]]:
    ends = st.tuples(st.floats(0, high), st.floats(0, high)).map(sorted)
    names = (f"{name}_min_seconds", f"{name}_max_seconds")
    return ends.map(lambda both: dict(zip(names, both, strict=True)))


policies = st.builds(
    lambda plain, gap, sibling, rest: checked(
        Policy(**plain, **gap, **sibling, **rest)
    ),
    st.fixed_dictionaries(
        {
            "per_hour": st.integers(1, 6),
            "per_day": st.integers(1, 15),
            "cooldown_seconds": st.floats(0, 7200),
            "unanswered_max": st.integers(0, 3),
            "human_hold_seconds": st.floats(0, 3600),
            "warmup_days": st.integers(0, 3),
            "warmup_per_day": st.integers(1, 8),
            "rest_after": st.integers(0, 5),
            "windows": st.sampled_from(["", "09:00-12:30, 15:00-20:00", "22:00-01:00"]),
        }
    ),
    _span("gap", 600),
    _span("sibling", 120),
    _span("rest", 3600),
)
# What happens before the next question.
moves = st.one_of(
    st.tuples(st.just("until"), st.sampled_from([0.0, -1e-6, -1.0, 1.0])),
    st.tuples(st.just("wait"), st.floats(0, 4000)),
    st.tuples(st.just("clock"), st.sampled_from([-3600.0, -60.0, 60.0, 3600.0])),
    st.tuples(st.sampled_from(["guest writes", "hand types"]), st.just(0.0)),
)
questions = st.tuples(
    moves, st.integers(0, 1), st.integers(0, 3), st.sampled_from([0.0, 5.0, 40.0])
)


def live(
    policy: Policy, story: list[tuple[tuple[str, float], int, int, float]]
) -> Couple:
    couple = Couple(policy, random.Random(5))
    for (kind, seconds), account, chat, took in story:
        if kind == "until":
            moment = couple.until + timedelta(seconds=seconds)
            couple.now = max(couple.now, moment)
        elif kind == "guest writes":
            couple.wrote[chat] = couple.now
        elif kind == "hand types":
            couple.typed.append((chat, couple.now, len(couple.sent)))
        else:
            couple.now += timedelta(seconds=seconds)
        for _ in range(2):  # impatient: at once again
            couple.ask(account, chat, took)
            allowed = policy.unanswered_max
            assert chat == OWN or not allowed or couple.unanswered(chat) <= allowed
    return couple


@settings(max_examples=150)
@given(policies, st.lists(questions, min_size=20, max_size=80))
def test_whoever_obeys_decide_keeps_every_limit(
    policy: Policy, story: list[tuple[tuple[str, float], int, int, float]]
) -> None:
    """In ANY rolling hour at most `per_hour`, in any 24 hours at most `per_day`; gap,
    sibling's gap, rest, cool-down, windows and warm-up kept, nobody written to more
    often than they may leave unanswered, nor right after one of the couple typed to
    them; also over clock changes."""
    couple = live(policy, story)
    for account in (0, 1):
        mine = couple.of(account)
        _limits_kept(policy, mine)
        _gaps_kept(policy, mine)
        _rests_kept(policy, mine)
    _siblings_apart(policy, couple.sent)
    _cool_downs_kept(policy, couple.sent)
    _hands_respected(policy, couple)
    for one in couple.sent:
        assert next_open(one.decided, policy.opening_hours, ROME) == one.decided


def _limits_kept(policy: Policy, sent: list[Sent]) -> None:
    for span, limit in ((1, policy.per_hour), (24, policy.per_day)):
        for last in sent:
            since = last.send.at - timedelta(hours=span)
            inside = [one for one in sent if since < one.send.at <= last.send.at]
            assert len(inside) <= limit


def _hands_respected(policy: Policy, couple: Couple) -> None:
    hold = timedelta(seconds=policy.human_hold_seconds)
    for chat, typed, before in couple.typed:
        for one in couple.sent[before:]:
            assert one.chat != chat or chat == OWN or one.decided >= typed + hold


def _gaps_kept(policy: Policy, sent: list[Sent]) -> None:
    for before, after in itertools.pairwise(sent):
        assert after.decided >= before.send.at + timedelta(
            seconds=before.send.gap_seconds
        )


def _rests_kept(policy: Policy, sent: list[Sent]) -> None:
    """Of any `rest_after` + 1 in a row two are a real rest apart."""
    n = policy.rest_after
    for first in range(len(sent) - n if n else 0):
        row = sent[first : first + n + 1]
        breaks = [
            (after.send.at - before.send.at).total_seconds()
            for before, after in itertools.pairwise(row)
        ]
        assert max(breaks) >= policy.rest_min_seconds - 1e-3


def _siblings_apart(policy: Policy, sent: list[Sent]) -> None:
    last: dict[int, Sent] = {}
    for one in sent:
        other = last.get(1 - one.account)
        if other is not None:
            apart = timedelta(seconds=other.send.sibling_seconds)
            assert one.decided >= other.send.at + apart
        last[one.account] = one


def _cool_downs_kept(policy: Policy, sent: list[Sent]) -> None:
    chats: dict[int, list[Sent]] = defaultdict(list)
    for one in sent:
        chats[one.chat].append(one)
    apart = timedelta(seconds=policy.cooldown_seconds)
    for chat, all_ in chats.items():
        for before, after in itertools.pairwise(all_):
            assert chat == OWN or after.decided >= before.send.at + apart


def test_the_simulation_really_meets_every_limit() -> None:
    """Asked for ever at the first allowed moment, the limits are not only kept but
    used up: the default policy sends its 80 a day, ten an hour and no more."""
    couple = Couple(Policy(), random.Random(5))
    while couple.now < NOON + timedelta(hours=24):
        couple.ask(0, OWN, 0.0)
        couple.now = max(couple.now, couple.until)
    assert 60 <= len(couple.of(0)) <= 80
    first_hour = [one for one in couple.sent if one.send.at < NOON + timedelta(hours=1)]
    assert len(first_hour) == 10
