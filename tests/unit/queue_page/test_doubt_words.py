"""What was looked at for a message in doubt, as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import NOON
from tests.unit.domain.test_doubt import AFTER, CLEAR
from wedding_wa.domain.doubt import ChatLook, Look
from wedding_wa.services.unconfirmed import Unconfirmed
from wedding_wa.state.queue_views import Speech
from wedding_wa.state.unconfirmed_views import DoubtView, doubt_view

ROME = ZoneInfo("Europe/Rome")
YOUNG = replace(CLEAR, since=NOON - timedelta(minutes=2))


def view(look: Look | None, lang: str = "en", *, last_try: bool = False) -> DoubtView:
    row = Unconfirmed(
        7, "t-7", "groom", "Zia", "+39 1", "Ciao", NOON, 3, last_try, look
    )
    return doubt_view(row, Speech(lang, ROME, NOON))


def marks(look: Look) -> list[str]:
    return [fact["mark"] for fact in view(look)["facts"]]


def said(look: Look) -> str:
    return " ".join(fact["text"] for fact in view(look)["facts"])


def test_it_says_when_it_goes_again() -> None:
    """In the wedding's zone, and how much of the time has passed."""
    shown = view(YOUNG)
    assert shown["next"] == (
        "If WhatsApp still does not know it at 14:03, it goes again by itself."
    )
    assert "connected" not in shown["facts"][1]["text"]
    assert shown["facts"][-1]["text"].startswith("It has had 2 min of the 5 min")
    assert [fact["mark"] for fact in shown["facts"]] == [*["done"] * 5, "wait"]
    assert (shown["chat"], shown["mark"]) == ("/inbox?chat=3", "wait")


def test_the_last_try_is_told() -> None:
    """It does not go again, so nobody is told that it would."""
    then = view(YOUNG, last_try=True)["next"]
    assert then.startswith("If WhatsApp still does not know it at 14:03, it counts as")


def test_before_the_first_look_it_promises_one() -> None:
    """No facts, and no moment that nobody knows."""
    shown = view(None)
    assert (shown["facts"], shown["looked_at"]) == ([], "")
    assert shown["next"] == "It is looked at in a moment."


@pytest.mark.parametrize(
    ("lack", "fact", "then", "mark"),
    [
        ({"same_login": False}, "logged in anew", "Only one of you can say", "stop"),
        ({"by_id": False}, "only be looked for by its words", "Only one of", "stop"),
        ({"call_over": False}, "not been seen to end", "once that call", "wait"),
        ({"connected": False}, "Groom is not connected", "Once Groom is", "wait"),
        ({"chat": ChatLook.UNREADABLE}, "could not be read", "again and again", "wait"),
    ],
)
def test_each_lack_is_told_with_what_helps(
    lack: dict[str, object], fact: str, then: str, mark: str
) -> None:
    """What was seen, and who or what settles it."""
    look = replace(YOUNG, **lack)  # type: ignore[arg-type]
    assert fact in said(look)
    shown = view(look)
    assert then in shown["next"]
    assert shown["mark"] == mark
    assert mark in marks(look)


def test_why_a_chat_could_not_be_read() -> None:
    """In the words that the error has everywhere; without any it says just that."""
    known = replace(
        YOUNG, chat=ChatLook.UNREADABLE, error="error.waha.unreachable", reason=""
    )
    unknown = replace(known, error="error.of.another.version")
    assert "The chat could not be read. " in said(known)
    assert "{" not in said(known)
    assert view(unknown)["facts"][1]["text"] == "The chat could not be read."


def test_no_clock_runs_where_time_proves_nothing() -> None:
    """A new login, an engine without ids, a number that is not connected."""
    for lack in ({"same_login": False}, {"by_id": False}, {"connected": False}):
        assert "late" not in said(replace(YOUNG, **lack))  # type: ignore[arg-type]


def test_both_languages_say_all_of_it() -> None:
    """Every sentence is filled, in Italian too."""
    looks = [
        YOUNG,
        replace(YOUNG, since=NOON - AFTER, call_over=False),
        replace(YOUNG, connected=False),
        replace(YOUNG, by_id=False),
    ]
    for look in looks:
        shown = view(look, "it")
        text = " ".join([shown["next"], *(fact["text"] for fact in shown["facts"])])
        assert "{" not in text
        assert "unconfirmed." not in text
