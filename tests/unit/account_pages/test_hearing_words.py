"""How an account hears, and when it could not, as its card tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import accounts as see
from tests.desk import Desk
from tests.fakes import NOON
from wedding_wa.models import HearingGap
from wedding_wa.services.account_cards import account_cards
from wedding_wa.state.account_card import card_of


def gap(home: Desk, seconds: int | None, found: int | None, minute: int = 0) -> None:
    """A gap that began at noon and `minute`; `seconds` None: it lasts."""
    since = NOON + timedelta(minutes=minute)
    until = None if seconds is None else since + timedelta(seconds=seconds)

    def write(session: Session) -> None:
        session.add(
            HearingGap(
                wedding_id=home.couple.wedding,
                account_id=home.couple.groom,
                since=since,
                reason="feed",
                opened_at=since,
                closed_at=until,
                found=found,
            )
        )

    home.db.write_now(write)


def shown(home: Desk) -> dict[str, object]:
    cards = home.db.read_now(account_cards, home.couple.wedding, now=NOON)
    return dict(card_of(next(card for card in cards if card.key == "groom")))


def test_the_card_names_the_way_and_since_when(home: Desk) -> None:
    """Before anything is proven it says so, without a time."""
    assert (shown(home)["hears"], shown(home)["hears_since"]) == ("unknown", "")
    see.update(home.db, home.couple.groom, hears_by="feed", hears_since=NOON)
    told = shown(home)
    assert (told["hears"], told["hears_since"]) == ("feed", NOON.isoformat())


def test_gaps_are_told_newest_first_and_only_what_matters(home: Desk) -> None:
    """A connection that came back at once and had missed nothing is no news; at most
    three are listed; the open one is among them."""
    gap(home, 400, 9, minute=0)
    gap(home, 180, 2, minute=10)
    gap(home, 2, 0, minute=20)
    gap(home, 3, 1, minute=30)
    gap(home, None, None, minute=40)
    told = shown(home)
    assert told["deaf"]
    gaps = told["gaps"]
    assert isinstance(gaps, list)
    assert [(g["kind"], g["span"], g["found"]) for g in gaps] == [
        ("open", "0 s", 0),
        ("closed", "3 s", 1),
        ("closed", "3 min", 2),
    ]


@pytest.mark.parametrize(
    ("seconds", "span"),
    [(59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_how_long_it_was(home: Desk, seconds: int, span: str) -> None:
    """In its two largest units; chats that could not be read are told as such."""
    gap(home, seconds, None)
    gaps = shown(home)["gaps"]
    assert isinstance(gaps, list)
    assert (gaps[0]["kind"], gaps[0]["span"]) == ("unread", span)
