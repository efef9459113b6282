"""For any list on any guest list: the plan adds up, and it is what comes of it."""

from __future__ import annotations

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from tests.integration.guest_import.lists import Desk
from wedding_wa.domain.guests import fold
from wedding_wa.models import Guest, GuestTag, Household, HouseholdAlias
from wedding_wa.services.guest_import import Preview
from wedding_wa.services.guest_import_values import Verdict

FIELDS = ("name", "phone", "household", "side", "language", "tags", "notes")
# Few of each, so that they meet; some of them bad.
LINES = st.lists(
    st.tuples(
        st.sampled_from(["Anna", "anna", "Bruno", "Carlo Verdi", "Dina", "", "=A1"]),
        st.sampled_from(
            ["", "", "333 111 0001", "+39 333 111 0001", "3331110002", "x", "-"]
        ),
        st.sampled_from(["", "", "Rossi", "ROSSI", "Verdi", "Anna"]),
        st.sampled_from(["", "", "groom", "sposa", "aunt"]),
        st.sampled_from(["", "", "it", "Deutsch", "xx"]),
        st.sampled_from(["", "family", "family, Work", "close friends"]),
        st.sampled_from(["", "", "a note", "another"]),
    ),
    max_size=9,
)


def as_text(lines: list[tuple[str, ...]]) -> str:
    """The list as a spreadsheet would paste it."""
    return "\n".join("\t".join(row) for row in [FIELDS, *lines])


def wipe(desk: Desk) -> None:
    """No guests, no households."""

    def work(session: Session) -> None:
        session.execute(sa.delete(GuestTag))
        session.execute(sa.update(Guest).values(contact_id=None))
        for noun in (Guest, HouseholdAlias, Household):
            session.execute(sa.delete(noun))

    desk.db.write_now(work)


def good(preview: Preview) -> list[object]:
    """The lines that are written."""
    return [line for line in preview.plan.lines if line.verdict is not Verdict.BAD]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=LINES, second=LINES)
def test_what_is_planned_is_what_comes_of_it(
    desk: Desk, first: list[tuple[str, ...]], second: list[tuple[str, ...]]
) -> None:
    """The counts sum to the lines; guests grow by the new ones; what each line wants
    is in the database after; and reading the same list again changes nothing."""
    wipe(desk)
    for lines in (first, second):
        before = len(desk.people())
        text = as_text(lines)
        done = desk.take(text)
        assert sum(done.plan.counts.values()) == len(done.plan.lines)
        people = desk.people()
        assert len(people) == before + done.plan.counts[Verdict.NEW]
        by_name: dict[str, list[tuple[str, ...]]] = {}
        for one in people:
            by_name.setdefault(one[0], []).append(one)
        for line in good(done):
            assert any(_fits(line, one, people) for one in by_name[line.wanted.name])
        again = desk.preview(desk.upload(text))
        assert again.plan.counts[Verdict.NEW] == 0, again.plan
        assert again.plan.counts[Verdict.CHANGED] == 0, again.plan
        assert again.plan.counts[Verdict.BAD] == done.plan.counts[Verdict.BAD]


def _fits(line: object, one: tuple[str, ...], people: list[tuple[str, ...]]) -> bool:
    """True if this person of the database is what the line asks for."""
    wanted = line.wanted
    _, home, side, language, phone, tags, notes = one
    owners = {row[0] for row in people if row[4] == wanted.phone}
    shared = phone.removeprefix("with ") in owners
    return (
        fold(home) == fold(line.home_name)
        and side == line.side
        and (not wanted.phone or phone == wanted.phone or shared)
        and (not wanted.language or language == wanted.language)
        and set(wanted.tags) <= set(tags.split(","))
        and (not wanted.notes or notes == wanted.notes)
    )
