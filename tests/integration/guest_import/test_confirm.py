"""What was shown is what is written: all of it, or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import make_couple, write_guest
from tests.fakes import NOON
from tests.integration.guest_import.lists import Desk
from wedding_wa.domain.errors import NotFound
from wedding_wa.models import (
    Account,
    AuditEntry,
    Chat,
    Guest,
    Household,
    ImportDraft,
)
from wedding_wa.services import guest_import, guest_import_drafts
from wedding_wa.services.guest_import import ListMoved
from wedding_wa.services.guest_import_drafts import Owner
from wedding_wa.services.guest_import_write import write_plan
from wedding_wa.services.guests import GuestForm, add_guest

LIST = (
    "Nome;Telefono;Famiglia;Lato;Lingua;Etichette;Note\n"
    "Anna Rossi;333 111 2222;Rossi;sposa;it;amici, lavoro;allergica\n"
    "Bruno Rossi;333 111 2222;Rossi;;;;\n"
    "Carla Bianchi;+39 333 111 3333;;sposo;Deutsch;;\n"
    "Dino Verdi;;Verdi;;;;\n"
    ";333 111 4444;;;;;\n"
    "Elio;abc;;;;;\n"
)
PEOPLE = [
    (
        "Anna Rossi",
        "Rossi",
        "bride",
        "it",
        "+393331112222",
        "amici,lavoro",
        "allergica",
    ),
    ("Bruno Rossi", "Rossi", "bride", "it", "with Anna Rossi", "", ""),
    ("Carla Bianchi", "Carla Bianchi", "groom", "de", "+393331113333", "", ""),
    ("Dino Verdi", "Verdi", "groom", "", "", "", ""),
]


def test_a_list_is_written_as_it_was_shown(desk: Desk) -> None:
    """Two on one phone share it and a household; bad lines are left out."""
    token = desk.upload(LIST)
    shown = desk.preview(token)
    assert [(line.number, line.verdict.value) for line in shown.plan.lines] == [
        *((2, "new"), (3, "new"), (4, "new"), (5, "new"), (6, "bad"), (7, "bad"))
    ]
    reasons = [line.wanted.bad[0].code for line in shown.plan.lines[4:]]
    assert reasons == ["name_missing", "phone"]
    assert desk.people() == []  # nothing before it is confirmed
    desk.confirm(token)
    assert desk.people() == PEOPLE


def test_reading_the_same_list_again_changes_nothing(desk: Desk) -> None:
    """Every good line is "same", and confirming it writes nothing."""
    desk.take(LIST)
    again = desk.upload(LIST)
    assert [line.verdict.value for line in desk.preview(again).plan.lines] == [
        *["same"] * 4,
        *["bad"] * 2,
    ]
    assert desk.preview(again).writes == 0
    desk.confirm(again)
    assert desk.people() == PEOPLE


def test_each_changed_field_is_told_old_and_new(desk: Desk) -> None:
    """A phone says who it is; an empty cell takes nothing away; tags are added."""
    desk.take(LIST)
    token = desk.upload(
        "name,phone,household,side,language,tags,notes\n"
        "Anna Maria Rossi,+393331112222,Neri,groom,fr,family,\n"
    )
    (line,) = desk.preview(token).plan.lines
    assert [(shift.field, shift.old, shift.new) for shift in line.shifts] == [
        ("name", "Anna Rossi", "Anna Maria Rossi"),
        ("household", "Rossi", "Neri"),
        ("side", "bride", "groom"),
        ("language", "it", "fr"),
        ("tags", "amici, lavoro", "amici, lavoro, family"),
    ]
    desk.confirm(token)
    found = desk.people()
    assert found[0] == (
        *("Anna Maria Rossi", "Neri", "groom", "fr", "+393331112222"),
        *("amici,family,lavoro", "allergica"),
    )
    # Bruno is on her phone, so he moves with her; his own side stays.
    assert found[1][:3] == ("Bruno Rossi", "Neri", "bride")


def test_who_wrote_before_they_were_on_the_list_is_known_then(desk: Desk) -> None:
    """Their chat is linked by its number, and the household counts as active."""

    accounts = desk.db.read_now(lambda s: s.scalars(sa.select(Account.id)).all())
    desk.db.write_now(write_guest, accounts[1], "+393331112222", at=NOON)
    desk.take(LIST)

    def linked(session: Session) -> tuple[str, str]:
        chat = session.scalars(sa.select(Chat)).one()
        home = session.get_one(Household, chat.household_id)
        return session.get_one(Guest, chat.guest_id).name, home.name

    assert desk.db.read_now(linked) == ("Anna Rossi", "Rossi")
    # They move with her to another household, and the empty one goes along.
    desk.take("name,phone,household\nAnna Rossi,333 111 2222,Neri\n")
    assert desk.db.read_now(linked) == ("Anna Rossi", "Neri")
    homes = desk.db.read_now(lambda s: set(s.scalars(sa.select(Household.name))))
    assert homes == {"Neri", "Carla Bianchi", "Verdi"}


def test_a_guest_without_a_phone_is_known_by_name_and_gets_one(desk: Desk) -> None:
    """Inside the household of that name, on that side."""
    desk.take("name,household\nDino Verdi,Verdi\n")
    token = desk.upload("name,household,phone\nDINO  VERDI,verdi,333 111 5555\n")
    (line,) = desk.preview(token).plan.lines
    assert [shift.field for shift in line.shifts] == ["name", "phone"]
    desk.confirm(token)
    assert [row[0::4] for row in desk.people()] == [("DINO VERDI", "+393331115555")]


def test_a_third_person_joins_a_known_phone(desk: Desk) -> None:
    """Into the owner's household, whatever household the line names."""
    desk.take(LIST)
    desk.take(
        "name,phone,household\nAnna Rossi,333 111 2222,\nZoe,333 111 2222,Other\n"
    )
    assert desk.people()[-1][:5] == ("Zoe", "Rossi", "bride", "it", "with Anna Rossi")


def test_a_household_there_is_is_joined_not_doubled(desk: Desk) -> None:
    """By its folded name and its side; the other side's is another."""
    desk.take("name,household,side\nAnna,Rossi,bride\n")
    desk.take("name,household,side\nBruno,ROSSI,bride\nCarlo,Rossi,groom\n")
    assert [row[:3] for row in desk.people()] == [
        ("Anna", "Rossi", "bride"),
        ("Bruno", "Rossi", "bride"),
        ("Carlo", "Rossi", "groom"),
    ]
    with_rows = desk.db.read_now(
        lambda s: s.scalar(sa.select(sa.func.count()).select_from(Household))
    )
    assert with_rows == 2


def test_people_of_one_name_without_a_household_do_not_move_together(
    desk: Desk,
) -> None:
    """Two phones are two people, however they are called."""
    desk.take("name,phone\nAnna Rossi,333 111 0001\nAnna Rossi,333 111 0002\n")
    homes = desk.db.read_now(
        lambda s: s.scalar(sa.select(sa.func.count(Guest.household_id.distinct())))
    )
    assert homes == 2


def test_a_guest_added_meanwhile_is_told_and_nothing_is_written(desk: Desk) -> None:
    """What was looked at would no longer be what happens."""
    token = desk.upload(LIST)
    seen = desk.preview(token)
    form = GuestForm("Carlotta", phone="+39 333 111 3333")
    desk.db.write_now(add_guest, desk.owner.wedding_id, form, by=None, now=NOON)
    before = desk.people()
    with pytest.raises(ListMoved):
        desk.confirm(token, seen.digest)
    assert desk.people() == before
    # The draft is still there, judged anew, and can be confirmed now.
    assert desk.preview(token).digest != seen.digest
    desk.confirm(token)
    assert desk.people()[2][:2] == ("Carla Bianchi", "Carlotta")


def test_a_guest_added_elsewhere_in_the_list_is_no_obstacle(desk: Desk) -> None:
    """Only what concerns a line of the file moves it."""
    token = desk.upload(LIST)
    seen = desk.preview(token)
    form = GuestForm("Somebody", phone="+39 333 999 9999")
    desk.db.write_now(add_guest, desk.owner.wedding_id, form, by=None, now=NOON)
    desk.confirm(token, seen.digest)
    assert len(desk.people()) == len(PEOPLE) + 1


def test_other_columns_than_those_seen_are_not_confirmed(desk: Desk) -> None:
    """Another tab may have chosen another column."""
    token = desk.upload(LIST)
    seen = desk.preview(token)
    desk.db.write_now(
        guest_import_drafts.choose, desk.owner, token, column=6, field="", now=NOON
    )
    with pytest.raises(ListMoved):
        desk.confirm(token, seen.digest)
    assert desk.people() == []


def test_a_fault_in_the_middle_writes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, also where the database gives up after half of it."""
    token = desk.upload(LIST)
    digest = desk.preview(token).digest

    def half(*args: object, **kwargs: object) -> None:
        write_plan(*args, **kwargs)  # type: ignore[arg-type]
        raise sa.exc.IntegrityError("INSERT", {}, Exception("unique"))

    monkeypatch.setattr(guest_import, "write_plan", half)
    with pytest.raises(ListMoved):
        desk.confirm(token, digest)
    monkeypatch.undo()
    assert desk.people() == []
    assert desk.confirm(token, digest).writes == 4


def test_a_draft_ends_with_confirming(desk: Desk) -> None:
    """A second press writes nothing and says so."""
    token = desk.upload(LIST)
    digest = desk.preview(token).digest
    desk.confirm(token, digest)
    with pytest.raises(NotFound):
        desk.confirm(token, digest)
    assert desk.db.read_now(lambda s: s.execute(sa.select(ImportDraft)).all()) == []
    audits = desk.db.read_now(lambda s: s.scalars(sa.select(AuditEntry)).all())
    told = [one for one in audits if one.action == "guests_imported"]
    assert [one.params for one in told] == [
        {"new": 4, "same": 0, "changed": 0, "bad": 2}
    ]


def test_a_draft_ends_after_a_day(desk: Desk) -> None:
    """Then nobody can look at it, and the next upload removes its row."""
    token = desk.upload(LIST)
    later = NOON + timedelta(hours=24)
    with pytest.raises(NotFound):
        desk.db.read_now(guest_import.preview, desk.owner, token, now=later)
    assert desk.db.write_now(guest_import_drafts.sweep, now=later) == 1


def test_nobody_elses_draft_is_found(desk: Desk) -> None:
    """Not of another wedding, not of another person of the same wedding."""
    token = desk.upload(LIST)
    other_wedding = Owner(make_couple(desk.db).wedding, None)
    somebody = Owner(desk.owner.wedding_id, 7)
    for stranger in (other_wedding, somebody):
        with pytest.raises(NotFound):
            desk.db.read_now(guest_import.preview, stranger, token, now=NOON)
        with pytest.raises(NotFound):
            desk.db.write_now(guest_import.confirm, stranger, token, "", now=NOON)
        desk.db.write_now(guest_import_drafts.discard, stranger, token)
    assert desk.preview(token).writes == 4


def test_another_weddings_guests_are_no_duplicates(desk: Desk) -> None:
    """The same phone may be on two guest lists."""
    desk.take(LIST)
    other = Desk(desk.db, Owner(make_couple(desk.db).wedding, None))
    assert other.take(LIST).plan.counts["new"] == 4
    assert other.people() == desk.people()


def test_only_the_newest_drafts_of_one_owner_are_kept(desk: Desk) -> None:
    """Who uploads again and again fills no disk."""
    tokens = [desk.upload(LIST) for _ in range(7)]
    kept = desk.db.read_now(lambda s: s.scalars(sa.select(ImportDraft.token)).all())
    assert set(kept) == set(tokens[2:])
