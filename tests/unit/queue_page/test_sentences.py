"""Sentences made from rule and params: in both languages, in the wedding's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import NOON
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import ACCOUNT_RULES
from wedding_wa.words import languages
from wedding_wa.words.sentences import (
    duration,
    error_words,
    moment,
    waits_its_turn,
    why_it_waits,
)

ROME = ZoneInfo("Europe/Rome")  # two hours ahead of UTC in June
LATER = NOON + timedelta(minutes=12)
# What decide and the queue put beside a rule.
PARAMS: dict[HoldRule, dict[str, object]] = {
    HoldRule.HOURLY: {"limit": 10, "sent_count": 10},
    HoldRule.DAILY: {"limit": 80, "sent_count": 80},
    HoldRule.REST: {"count": 10},
    HoldRule.ACCOUNT_DOWN: {"status": "SCAN_QR_CODE"},
    HoldRule.RETRY: {"error": "error.waha.unreachable"},
}


def why(lang: str, rule: HoldRule | None, **params: object) -> str:
    given = (PARAMS.get(rule, {}) if rule else {}) | params
    return why_it_waits(lang, rule, given, LATER, account="groom", zone=ROME, now=NOON)


def turn(
    lang: str, before: int, rule: HoldRule | None, until: datetime | None = LATER
) -> str:
    params = PARAMS.get(rule, {}) if rule else {}
    return waits_its_turn(
        lang,
        before,
        rule,
        params,
        until,
        account="groom",
        zone=ROME,
        now=NOON,
        many=1000,
    )


def test_the_limit_the_account_and_the_moment_are_named() -> None:
    """ "Ten an hour" is told with its number, its account and the wall clock."""
    assert why("en", HoldRule.HOURLY) == (
        "Held until 14:12: 10 messages an hour is the limit for Groom."
    )
    assert why("it", HoldRule.HOURLY) == (
        "Fermo fino alle 14:12: il limite per lo sposo è di 10 messaggi all'ora."
    )
    assert "1 message an hour" in why("en", HoldRule.HOURLY, limit=1)


def test_those_behind_are_told_their_place_and_what_holds_the_account() -> None:
    """The head of the line is held for the whole account; the others wait behind."""
    assert turn("en", 12, HoldRule.HOURLY) == (
        "Waits its turn: 12 before it; Groom may send again at 14:12 "
        "(10 an hour is the limit)."
    )
    assert turn("en", 0, HoldRule.HOURLY) == why("en", HoldRule.HOURLY)
    assert turn("en", 3, None, None) == "Waits its turn: 3 before it."
    assert turn("en", 0, None, None) == "Goes next."
    assert turn("en", 1000, None, None).startswith("Waits its turn: more than 1000")


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("rule", HoldRule)
def test_no_sentence_has_a_hole(lang: str, rule: HoldRule) -> None:
    """Every rule's sentence is filled with what the rules return, in each language."""
    made = [why(lang, rule)]
    if rule in ACCOUNT_RULES:
        made.append(turn(lang, 2, rule))
    if rule is HoldRule.PAUSED:
        made += [why(lang, rule, by=by) for by in ("person", "failures", "silence")]
    for sentence in made:
        assert "{" not in sentence
        assert sentence[0].isupper()
        assert sentence.endswith((".", ")"))


def test_an_error_without_params_leaves_no_hole() -> None:
    """A stored error has a code only; one without words says nothing."""
    for lang in languages():
        assert "{" not in error_words(lang, "error.waha.session_not_ready")
    assert error_words("en", "crash") == ""
    assert error_words("en", None) == ""


def test_a_moment_names_the_day_when_it_is_not_today() -> None:
    """Today by the wedding's wall clock, not by UTC's."""
    late = datetime(2026, 6, 20, 22, 30, tzinfo=UTC)  # half past midnight in Rome
    said = [
        moment(lang, late, zone=ROME, now=now)
        for lang in ("en", "it")
        for now in (late, NOON, NOON - timedelta(days=5))
    ]
    assert said == [
        "00:30",
        "tomorrow 00:30",
        "Sun 21 June, 00:30",
        "00:30",
        "domani 00:30",
        "dom 21 giugno, 00:30",
    ]


@pytest.mark.parametrize(
    ("milliseconds", "english", "italian"),
    [
        (40, "0 s", "0 s"),
        (6_420, "6.4 s", "6,4 s"),
        (25_000, "25 s", "25 s"),
        (59_960, "1 min", "1 min"),
        (130_000, "2 min 10 s", "2 min 10 s"),
        (3_900_000, "1 h 5 min", "1 h 5 min"),
        (7_200_000, "2 h", "2 h"),
        (3 * 86_400_000, "3 days", "3 giorni"),
    ],
)
def test_durations_read_well(milliseconds: int, english: str, italian: str) -> None:
    """Short ones have a tenth, long ones no seconds; the comma is the reader's."""
    assert duration("en", milliseconds) == english
    assert duration("it", milliseconds) == italian


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "Sat 1 January 2028, 10:00"), ("it", "sab 1 gennaio 2028, 10:00")],
)
def test_a_moment_of_another_year_names_the_year(lang: str, said: str) -> None:
    """Nobody takes a day of the year after next for one of these weeks."""
    when = datetime(2028, 1, 1, 9, tzinfo=UTC)
    now = datetime(2026, 12, 30, 12, tzinfo=UTC)
    assert moment(lang, when, zone=ROME, now=now) == said
