"""Ground truth against rows, tries, timeline and counters, once everything is mended.

Every message that a door said yes to must have ended, and as it is told: `sent` is in
the world once, under the id that the row has; `failed` and `skipped` are nowhere in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, select

from tests.crash.load import Wish
from tests.crash.places import Place
from wedding_wa.models import MessageAttempt, MessageEvent, QueueMessage
from wedding_wa.services.queue.evidence import NEVER_WENT

Fact = Mapping[str, Any]
_SHOWN = 30  # lines of one story


@dataclass
class Verdict:
    """What was found. `complaints` tell each thing that is not as it must be."""

    duplicates: int = 0
    lost: int = 0
    unconfirmed: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


@dataclass
class Story:
    """One message as the database tells it."""

    row: QueueMessage
    events: list[MessageEvent]
    tries: list[MessageAttempt]

    def told(self) -> str:
        row = self.row
        head = f"message {row.id}: {row.status} {row.hold_rule}, attempt {row.attempt},"
        lines = [f"{head} failures {row.failures} of {row.max_attempts}"]
        lines += [
            f"{e.at:%H:%M:%S.%f} {e.attempt} {e.phase} {e.data}" for e in self.events
        ]
        lines += [
            f"try {t.attempt}: {t.outcome} counts={t.counts} {t.error_code}"
            for t in self.tries
        ]
        return "\n  ".join(lines[:_SHOWN])


def verdict(place: Place, wishes: Iterable[Wish]) -> Verdict:
    """Compare all three: what was asked, what is written, what arrived."""
    found = Verdict()
    stories = place.database.read_now(_stories)
    arrived: dict[str, list[Fact]] = {}
    for fact in place.whatsapp.delivered():
        arrived.setdefault(str(fact["text"]), []).append(fact)
    asked = {wish.key: wish for wish in wishes}
    for text, facts in arrived.items():
        found.duplicates += len(facts) - 1
        if len(facts) > 1:
            found.complaints.append(f"went {len(facts)} times: {_of(stories, text)}")
    for wish in asked.values():
        _judge(found, wish, stories.get(wish.key), arrived.get(wish.text, []))
    for key in stories.keys() - asked.keys():
        found.complaints.append(f"nobody asked for it: {stories[key].told()}")
    for text in arrived.keys() - {wish.text for wish in asked.values()}:
        found.complaints.append(f"nobody queued what arrived: {text[-40:]!r}")
    found.complaints += place.database.read_now(_sums, arrived)
    return found


def _judge(found: Verdict, wish: Wish, story: Story | None, facts: list[Fact]) -> None:
    if story is None:
        found.lost += 1
        found.complaints.append(f"lost: no row for {wish.key}")
        return
    status = story.row.status
    found.endings[_ending(story.row)] += 1
    found.unconfirmed += status == "unconfirmed"
    if status not in _ENDED:
        if status != "unconfirmed":
            found.lost += 1
        found.complaints.append(f"has not ended: {story.told()}")
        return
    if status == "sent" and not facts:
        found.lost += 1
        found.complaints.append(f"lost, though told as sent: {story.told()}")
        return
    wrong = [*_common(wish, story), *_ENDED[status](wish, story, facts)]
    if wrong:
        found.complaints.append(f"{'; '.join(wrong)}: {story.told()}")


def _ending(row: QueueMessage) -> str:
    if row.status == "skipped":
        return f"skipped: {row.skip_reason}"
    if row.status == "sent" and row.settled_by:
        return f"sent, settled by {row.settled_by}"
    return str(row.status)


def _common(wish: Wish, story: Story) -> Iterable[str]:
    """What holds for every message that has ended."""
    row, tries = story.row, story.tries
    if row.text != wish.text:
        yield "has other words"
    if [one.attempt for one in tries] != list(range(1, row.attempt + 1)):
        yield "tries are not numbered through"
    if not all(one.outcome and one.finished_at for one in tries):
        yield "a try has no end"
    if row.failures != sum(_cost_a_try(event) for event in story.events):
        yield "failures do not add up"
    if row.held_at is not None:
        yield "ended and set aside"
    phases = Counter(event.phase for event in story.events)
    if phases[row.status] != 1:
        yield f"ended {phases[row.status]} times"
    if phases["queued"] != 1:
        yield "not queued once"


def _sent(_wish: Wish, story: Story, facts: list[Fact]) -> Iterable[str]:
    row = story.row
    known = {fact["id"] for fact in facts}
    if {row.provider_message_id} != known or {row.reserved_id} != known:
        yield "known under another id"
    if sum(one.counts for one in story.tries) != 1:
        yield "does not weigh once on the limits"
    if [one.outcome for one in story.tries].count("sent") != 1:
        yield "not one try was sent"
    went = [t.dispatched_at for t in story.tries if t.outcome == "sent"]
    if row.expires_at and went and went[0] and went[0] > row.expires_at:
        yield "went after its time"


def _failed(_wish: Wish, story: Story, facts: list[Fact]) -> Iterable[str]:
    row = story.row
    if facts:
        yield "arrived, though told as failed"
    if any(one.counts for one in story.tries):
        yield "weighs on the limits"
    refused = bool(story.tries) and story.tries[-1].outcome == "refused"
    if row.failures < row.max_attempts and not refused:
        yield "given up too early"


def _skipped(wish: Wish, story: Story, facts: list[Fact]) -> Iterable[str]:
    if facts:
        yield "arrived, though told as skipped"
    if any(one.counts for one in story.tries):
        yield "weighs on the limits"
    if story.row.skip_reason != "expired" or not wish.may_expire:
        yield f"skipped without reason ({story.row.skip_reason})"


_ENDED: Mapping[str, Callable[[Wish, Story, list[Fact]], Iterable[str]]] = {
    "sent": _sent,
    "failed": _failed,
    "skipped": _skipped,
}


def _cost_a_try(event: MessageEvent) -> bool:
    """Only a try that failed counts: neither a crash before the mark, nor a wait."""
    if event.phase == "settled":
        return event.data["result"] == "not_sent"
    if event.phase == "failed":  # after "settled" it says the same once more
        return event.data.get("error_detail") != NEVER_WENT
    return event.phase == "retry_scheduled"


def sent_while_closed(
    place: Place, window: tuple[str, str], since: datetime, until: datetime
) -> list[str]:
    """Tries that went between the two moments while the clock on the wall (of Rome)
    was outside the window; reckoned without the app's own reckoning."""
    tries = place.database.read_now(
        lambda s: s.exec(
            select(MessageAttempt.message_id, MessageAttempt.dispatched_at).where(
                MessageAttempt.dispatched_at >= since,  # type: ignore[operator]
                MessageAttempt.dispatched_at < until,  # type: ignore[operator]
            )
        ).all()
    )
    walls = [(n, at.astimezone(ZoneInfo("Europe/Rome"))) for n, at in tries if at]
    return [
        f"message {number} went at {wall:%H:%M:%S}, outside {window}"
        for number, wall in walls
        if not window[0] <= f"{wall:%H:%M}" < window[1]
    ]


def _sums(session: Session, arrived: Mapping[str, list[Fact]]) -> list[str]:
    """Limits and counters, against the world and the rows; and the file itself."""
    wrong = []
    weights = session.execute(
        sa.text(
            "SELECT a.key, (SELECT count(*) FROM message_attempt t"
            " WHERE t.account_id = a.id AND t.counts) FROM account a"
        )
    ).all()
    came = Counter(fact["session"] for facts in arrived.values() for fact in facts)
    for key, weight in weights:
        if weight != came[key]:
            wrong.append(f"{key}: {weight} weigh on the limits, {came[key]} arrived")
    rows = session.execute(sa.text("SELECT count(*) FROM queue_message")).scalar()
    counted = session.execute(sa.text("SELECT sum(n) FROM queue_counter")).scalar()
    if rows != (counted or 0):
        wrong.append(f"{rows} messages, the counters say {counted}")
    for check in ("integrity_check", "foreign_key_check"):
        told = session.execute(sa.text(f"PRAGMA {check}")).all()
        if [tuple(one) for one in told] not in ([], [("ok",)]):
            wrong.append(f"{check}: {told}")
    return wrong


def _stories(session: Session) -> dict[str, Story]:
    stories = {
        row.id: Story(row, [], []) for row in session.exec(select(QueueMessage)).all()
    }
    for event in session.exec(select(MessageEvent).order_by(MessageEvent.id)):  # type: ignore[arg-type]
        stories[event.message_id].events.append(event)
    tries = select(MessageAttempt).order_by(MessageAttempt.attempt)  # type: ignore[arg-type]
    for one in session.exec(tries):
        stories[one.message_id].tries.append(one)
    return {str(story.row.idempotency_key): story for story in stories.values()}


def _of(stories: Mapping[str, Story], text: str) -> str:
    return "\n".join(s.told() for s in stories.values() if s.row.text == text)
