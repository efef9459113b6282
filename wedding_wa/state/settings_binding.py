"""state: which limit binds an account now, as the Limits page says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from wedding_wa import runtime
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import Decision, Hold
from wedding_wa.domain.policy import Policy
from wedding_wa.services.limits import limits
from wedding_wa.services.sessions import Viewer

# Which field to look at when a rule holds an account.
FIELD_OF: Mapping[str, str] = {
    HoldRule.HOURLY: "per_hour",
    HoldRule.DAILY: "per_day",
    HoldRule.WARMUP: "warmup_per_day",
    HoldRule.REST: "rest_after",
    HoldRule.GAP: "gap_min_seconds",
    HoldRule.SIBLING: "sibling_min_seconds",
    HoldRule.WINDOW: "windows",
}
_COUNTED = ("per_hour", "per_day", "rest_after")


class Binding(TypedDict):
    """What binds one account now. `rule` is "go" while it may send; `until` ISO or "".

    `field` is the limit behind it, "" where none is; `n` its number, `sent` so far.
    """

    rule: str
    until: str
    field: str
    n: int
    sent: int


NOT_TOLD: Binding = {"rule": "", "until": "", "field": "", "n": 0, "sent": 0}


async def limits_now(who: Viewer) -> tuple[dict[str, Policy], dict[str, Binding]]:
    """Return the saved limits and what binds, both by account."""
    now = runtime.current()
    found = await now.db.read(limits, who.wedding_id, now=now.clock.now())
    return (
        {one.key: one.policy for one in found},
        {one.key: binding(one.policy, one.decision) for one in found},
    )


def binding(policy: Policy, decision: Decision) -> Binding:
    """Return the decision as the page's words need it."""
    if not isinstance(decision, Hold):
        sent, limit = decision.sent_count, decision.limit
        return Binding(rule="go", until="", field="", n=limit, sent=sent)
    field = FIELD_OF.get(decision.rule, "")
    return Binding(
        rule=decision.rule,
        until=decision.until.isoformat() if decision.until else "",
        field=field,
        n=_number(policy, field, decision),
        sent=0,
    )


def _number(policy: Policy, field: str, hold: Hold) -> int:
    """The number that the sentence names: the day's own while a number warms up."""
    told = hold.params.get("limit")
    if isinstance(told, int):
        return told
    return getattr(policy, field) if field in _COUNTED else 0


def is_over(one: Binding, now: datetime) -> bool:
    """True once the hold has ended and it must be asked again."""
    return bool(one["until"]) and datetime.fromisoformat(one["until"]) <= now
