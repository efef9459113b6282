"""Ground truth = database = events: what every crash test asks in the end."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

from tests.breath import breath
from tests.builders import attempts_of, events_of, message
from tests.crash.places import Child, Place, until
from wedding_wa.models import MessageAttempt, MessageEvent, QueueMessage

# After a kill the next message goes so soon after the new process is up.
GOES_ON_WITHIN_SECONDS = 5.0


def goes_on_in_time(place: Place, worker: Child) -> float:
    """The next message arrived in time after `worker` was up; returns the seconds."""
    up = up_at(worker)
    waited = next_delivery(place, up) - up
    assert waited <= in_time(worker), f"silent for {waited:.1f} s\n{worker.log}"
    return waited


def in_time(worker: Child) -> float:
    """The seconds that the rule allows; on a machine that is out of breath as many
    times more. Waiting for a lease that nobody renews takes far longer still."""
    start = up_at(worker) - worker.began
    return max(GOES_ON_WITHIN_SECONDS * breath(), 2 * start)


def next_delivery(place: Place, after: float) -> float:
    """When this wedding's first message since `after` arrived, in s since 1970."""
    ours = place.texts()

    def later() -> list[float]:
        facts = [f for f in place.whatsapp.delivered() if f["text"] in ours]
        times = [fact["timestamp"] / 1000 for fact in facts]
        return [moment for moment in times if moment >= after]

    return float(until(later, f"a message after {time.time() - after:.1f} s")[0])


def up_at(worker: Child) -> float:
    """When the process said, in its log, that it works."""
    worker.said("worker started")
    line = next(line for line in worker.log.splitlines() if "worker started" in line)
    told = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f")
    return told.astimezone(UTC).timestamp()


def never_twice(place: Place) -> None:
    """Nothing arrived twice so far."""
    counted = Counter(place.whatsapp.texts())
    assert {text: n for text, n in counted.items() if n > 1} == {}


def sent_exactly_once(place: Place, ids: list[int]) -> None:
    """Each message arrived once, and rows, tries and timeline say just that."""
    never_twice(place)
    arrived = {str(fact["text"]): fact for fact in place.whatsapp.delivered()}
    for number in ids:
        row = message(place.database, number)
        assert row.text in arrived, f"lost: {_story(place, row)}"
        known_as = arrived[row.text]["id"]
        assert (row.status, row.provider_message_id) == ("sent", known_as), _story(
            place, row
        )
        assert row.reserved_id == known_as, _story(place, row)
        _timeline_agrees(place, row)


def _timeline_agrees(place: Place, row: QueueMessage) -> None:
    assert row.id is not None
    events, tries = (
        events_of(place.database, row.id),
        attempts_of(place.database, row.id),
    )
    story = _story(place, row)
    phases = Counter(event.phase for event in events)
    assert phases["sent"] == 1, story
    assert [one.attempt for one in tries] == list(range(1, row.attempt + 1)), story
    assert all(one.outcome and one.finished_at for one in tries), story
    assert [one.outcome for one in tries].count("sent") == 1, story
    assert sum(one.counts for one in tries) == 1, f"weighs on the limits: {story}"
    failed = sum(_cost_a_try(event) for event in events)
    assert row.failures == failed, f"failures counted: {story}"


def _cost_a_try(event: MessageEvent) -> bool:
    """Only a try that failed counts: neither a crash before the mark, nor a wait."""
    if event.phase == "settled":
        return event.data["result"] == "not_sent"
    return event.phase == "retry_scheduled"


def _story(place: Place, row: QueueMessage) -> str:
    assert row.id is not None
    lines = [f"message {row.id}: {row.status}, attempt {row.attempt}, {row.failures=}"]
    lines += [_event(event) for event in events_of(place.database, row.id)]
    lines += [_attempt(one) for one in attempts_of(place.database, row.id)]
    return "\n  ".join(lines)


def _event(event: MessageEvent) -> str:
    return f"{event.at:%M:%S.%f} {event.attempt} {event.phase} {event.data}"


def _attempt(one: MessageAttempt) -> str:
    return f"try {one.attempt}: {one.outcome} counts={one.counts} {one.error_code}"
