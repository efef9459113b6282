"""state: which live phase each badge shows at this look: every phase, one a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wedding_wa.services.queue_live import LivePhase


@dataclass(frozen=True, slots=True)
class Play:
    """What a look shows. `last` is the last event shown, by message; `more` says that
    the next look has something to show even if nothing happens meanwhile."""

    overlay: Mapping[int, str] = field(default_factory=dict)
    last: Mapping[int, int] = field(default_factory=dict)
    more: bool = False


def first_look(current: Mapping[int, str], recent: Iterable[LivePhase]) -> Play:
    """A page that opens shows what is, not what was."""
    return Play(current, {one.message_id: one.event_id for one in recent})


def next_look(
    current: Mapping[int, str], recent: Iterable[LivePhase], last: Mapping[int, int]
) -> Play:
    """Show of each message the oldest phase not shown yet, else what is.

    `current` are the phases of what is being sent now. A message that was sent
    meanwhile shows its remaining phases first, a fraction of a second late.
    """
    recent = tuple(recent)
    waiting: dict[int, list[LivePhase]] = {}
    for one in recent:
        if one.event_id > last.get(one.message_id, 0):
            waiting.setdefault(one.message_id, []).append(one)
    steps = {i: phases[0] for i, phases in waiting.items()}
    overlay = {**current, **{i: one.phase for i, one in steps.items()}}
    shown = {**last, **{i: one.event_id for i, one in steps.items()}}
    remembered = {*overlay, *(one.message_id for one in recent)}
    return Play(
        overlay,
        {i: event_id for i, event_id in shown.items() if i in remembered},
        more=any(i not in current or len(waiting[i]) > 1 for i in steps),
    )
