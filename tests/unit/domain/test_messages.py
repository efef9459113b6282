"""The words of a message's life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import NOON
from wedding_wa.domain.messages import Phase, Status, shown_state


def shown(
    status: str = "processing",
    *,
    attempt: int = 2,
    phase: str | None = "typing",
    phase_attempt: int | None = 2,
    age: float | None = 5,
) -> str:
    began = None if age is None else NOON - timedelta(seconds=age)
    return shown_state(
        status,
        attempt=attempt,
        phase=phase,
        phase_attempt=phase_attempt,
        phase_at=began,
        now=NOON,
    )


@pytest.mark.parametrize("phase", ["reading", "waiting_human", "typing", "sending"])
def test_while_it_is_sent_the_badge_shows_the_phase(phase: str) -> None:
    """`processing` under the same attempt, the phase younger than two minutes."""
    assert shown(phase=phase) == phase
    assert shown(phase=phase, age=119.9) == phase


@pytest.mark.parametrize("phase", sorted(set(Phase) - {"reading", "waiting_human"}))
def test_no_other_phase_is_ever_live(phase: str) -> None:
    """What is only history (queued, forced, sent …) never covers the status."""
    live = phase in ("typing", "sending")
    assert shown(phase=phase) == (phase if live else "processing")


def test_an_old_phase_counts_no_more() -> None:
    """A phase of two minutes ago belongs to a process that died."""
    assert shown(age=120) == "processing"
    assert shown(age=3600) == "processing"


def test_a_phase_of_an_earlier_try_counts_no_more() -> None:
    """The try before this one also typed: that is over."""
    assert shown(attempt=3) == "processing"


@pytest.mark.parametrize("status", sorted(set(Status) - {"processing"}))
def test_the_status_wins_once_nobody_holds_the_message(status: str) -> None:
    """A fresh phase of a message that went back to the line is not shown."""
    assert shown(status) == status


def test_without_a_phase_the_status_shows() -> None:
    """Just claimed: nothing has begun yet."""
    assert shown(phase=None, phase_attempt=None, age=None) == "processing"
