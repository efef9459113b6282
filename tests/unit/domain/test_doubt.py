"""What has to hold before anybody believes that a message never went."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes import NOON
from wedding_wa.domain.doubt import ChatLook, Look, Missing

AFTER = timedelta(minutes=5)
# Everything that can be looked at says that it never went.
CLEAR = Look(
    at=NOON,
    since=NOON - AFTER,
    settle_after=AFTER,
    connected=True,
    chat=ChatLook.ABSENT,
    by_id=True,
    call_over=True,
    same_login=True,
)


def test_only_all_of_it_together_is_enough() -> None:
    """Nothing is missing: then it never went, and its moment has come."""
    assert CLEAR.missing == ()
    assert CLEAR.goes_again_at == NOON


@pytest.mark.parametrize(
    ("lack", "missing"),
    [
        ({"same_login": False}, Missing.LOGIN),
        ({"by_id": False}, Missing.ID),
        ({"call_over": False}, Missing.CALL),
        ({"connected": False}, Missing.CONNECTION),
        ({"chat": ChatLook.UNREADABLE}, Missing.CHAT),
        ({"chat": ChatLook.NOT_ASKED}, Missing.CHAT),
        ({"chat": ChatLook.FOUND}, Missing.CHAT),
        ({"since": NOON - AFTER + timedelta(seconds=1)}, Missing.TIME),
    ],
)
def test_each_lack_alone_keeps_it_in_doubt(
    lack: dict[str, object], missing: Missing
) -> None:
    """And is named; only time passes by itself, so only then a moment is told."""
    look = replace(CLEAR, **lack)  # type: ignore[arg-type]
    assert look.missing == (missing,)
    if missing is Missing.TIME:
        assert look.goes_again_at == NOON + timedelta(seconds=1)
    else:
        assert look.goes_again_at is None


def test_the_gravest_lack_is_named_first() -> None:
    """A person has to know of what no waiting helps against."""
    look = Look(at=NOON, since=NOON, settle_after=AFTER)
    assert look.missing == (
        Missing.LOGIN,
        Missing.ID,
        Missing.CALL,
        Missing.CONNECTION,
        Missing.TIME,
    )


@pytest.mark.parametrize(
    "look",
    [
        CLEAR,
        Look(at=NOON, since=NOON, settle_after=AFTER),
        replace(
            CLEAR, chat=ChatLook.UNREADABLE, error="error.waha", reason="store_off"
        ),
    ],
)
def test_what_is_stored_is_read_again(look: Look) -> None:
    """The page shows what was seen, whenever it is opened."""
    assert Look.of_json(look.as_json()) == look


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {"ack": True},
        {**CLEAR.as_json(), "chat": "burnt"},
        {**CLEAR.as_json(), "at": "yesterday"},
        {**CLEAR.as_json(), "settle_after": None},
    ],
)
def test_what_another_version_stored_is_no_look(
    stored: dict[str, object] | None,
) -> None:
    """The page then says that it is looked at in a moment, which is true."""
    assert Look.of_json(stored) is None
