"""Counts, list and marks, against what a plain loop over the same households says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.builders import Couple, make_couple
from tests.fakes import NOON
from tests.integration.activation.conftest import (
    STAGES,
    Home,
    household,
    make_home,
    make_homes,
)
from wedding_wa.db import Database
from wedding_wa.domain.guests import Stage
from wedding_wa.models import AuditEntry
from wedding_wa.services import activation
from wedding_wa.services.activation import PAGE_SIZE, Count, Wish

WISHES = (
    Wish(),
    Wish(side="bride"),
    Wish(tag="coro"),
    Wish(side="groom", tag="coro"),
    Wish(search="famiglia 01"),
    Wish(search="ospite side:bride"),
    Wish(side="bride", search="-tag:coro"),
    Wish(search="colour:blue"),
)


def _matches(home: Home, wish: Wish) -> bool:
    """The same question, asked of what the test itself wrote."""
    if wish.side and home.side != wish.side:
        return False
    if wish.tag and wish.tag not in home.tags:
        return False
    return {
        "": True,
        "famiglia 01": "01" in home.name,
        "ospite side:bride": home.guests > 0 and home.side == "bride",
        "-tag:coro": home.guests > 0 and not home.tags,
        "colour:blue": False,  # not understood: nobody
    }[wish.search]


def test_counts_are_what_a_loop_counts(any_database: Database) -> None:
    """Households and guests of every stage, under every filter; only this wedding's."""
    couple = make_couple(any_database)
    homes = make_homes(any_database, couple, seed=7, n=70)
    make_homes(any_database, make_couple(any_database), seed=8, n=5)
    for wish in WISHES:
        found = any_database.read_now(activation.counts, couple.wedding, wish)
        for stage in STAGES:
            fitting = [h for h in homes if h.stage == stage and _matches(h, wish)]
            expected = Count(len(fitting), sum(home.guests for home in fitting))
            assert found[Stage(stage)] == expected, (wish, stage)


def test_paging_shows_everybody_once_the_longest_first(any_database: Database) -> None:
    """Forward to the end and back to the start, ties and all, under every filter."""
    couple = make_couple(any_database)
    homes = make_homes(any_database, couple, seed=11, n=90)
    for plain in WISHES:
        for wish in (plain, replace(plain, stage="opened")):
            _check_pages(any_database, couple, homes, wish)


def _check_pages(
    database: Database, couple: Couple, homes: list[Home], wish: Wish
) -> None:
    fitting = [
        home
        for home in homes
        if _matches(home, wish) and wish.stage in ("", home.stage)
    ]
    fitting.sort(key=lambda home: (STAGES.index(home.stage), home.since, home.id))
    pages = _walk(database, couple, wish)
    shown = [(row.id, row.since) for page in pages for row in page.rows]
    assert shown == [(home.id, home.since) for home in fitting], wish
    if len(pages) > 1:
        back = replace(wish, before=pages[1].newer)
        first = database.read_now(activation.activation_page, couple.wedding, back)
        assert [row.id for row in first.rows] == [h.id for h in fitting[:PAGE_SIZE]]


def _walk(database: Database, couple: Couple, wish: Wish) -> list[activation.Page]:
    pages, after = [], ""
    while not pages or after:
        page = database.read_now(
            activation.activation_page,
            couple.wedding,
            replace(wish, after=after),
        )
        pages.append(page)
        after = page.older
    return pages


@pytest.mark.parametrize("cursor", ["", "x", "9.9", "0.1.1x", "0.99999999999999999.1"])
def test_a_cursor_that_means_nothing_is_none(database: Database, cursor: str) -> None:
    """An address typed by hand shows the first page instead of a fault."""
    couple = make_couple(database)
    make_home(database, couple, "Famiglia Rossi")
    page = database.read_now(
        activation.activation_page, couple.wedding, Wish(after=cursor)
    )
    assert [row.name for row in page.rows] == ["Famiglia Rossi"]


def test_marking_moves_who_was_not_invited_and_only_those(
    any_database: Database,
) -> None:
    """A second mark keeps the first moment; another wedding's household is not ours."""
    couple = make_couple(any_database)
    rossi = make_home(any_database, couple, "Rossi")
    verdi = make_home(any_database, couple, "Verdi", stage="link_sent", since=NOON)
    foreign = make_home(any_database, make_couple(any_database), "Altri")
    later = NOON + timedelta(hours=2)
    n = any_database.write_now(
        activation.mark_invited,
        [rossi, verdi, foreign, 999],
        wedding_id=couple.wedding,
        by=None,
        now=later,
    )
    assert n == 1
    assert household(any_database, rossi).stage == "link_sent"
    assert household(any_database, rossi).invited_at == later
    assert household(any_database, verdi).invited_at == NOON
    assert household(any_database, foreign).stage == "not_invited"
    written = any_database.read_now(lambda s: s.exec(select(AuditEntry)).all())
    marks = [one for one in written if one.action == "households_invited"]
    assert [one.params for one in marks] == [{"households": [rossi]}]


def test_a_mark_can_be_taken_back_and_openings_stay(any_database: Database) -> None:
    """Not sent after all: back to the start, unless they have opened it meanwhile."""
    couple = make_couple(any_database)
    sent = make_home(any_database, couple, "Rossi", stage="link_sent")
    opened = make_home(any_database, couple, "Verdi", stage="opened")
    n = any_database.write_now(
        activation.unmark_invited,
        [sent, opened],
        wedding_id=couple.wedding,
        by=None,
        now=NOON,
    )
    assert n == 1
    assert household(any_database, sent).stage == "not_invited"
    assert household(any_database, opened).stage == "opened"


def test_who_has_not_written_is_counted_without_those_who_want_none(
    database: Database,
) -> None:
    """ "3 guests have not written yet" leaves in peace who asked for it."""
    couple = make_couple(database)
    for stage, people in (
        ("not_invited", ["Ada"]),
        ("link_sent", ["Bea", "Carlo"]),
        ("active", ["Dino"]),
        ("opted_out", ["Elsa"]),
    ):
        make_home(database, couple, stage, stage=stage, guests=people)
    found = database.read_now(activation.not_written, couple.wedding)
    assert found == Count(households=2, guests=3)
