"""What the settings pages ask of the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from tests.builders import Couple, make_couple, set_policy
from tests.fakes import NOON
from wedding_wa.db import Database
from wedding_wa.domain.pacing import Go
from wedding_wa.models import Role
from wedding_wa.services import limits, people, sessions, users, wedding_details
from wedding_wa.services.history import policy_of
from wedding_wa.services.sessions import Viewer

PASSWORD = "rose and thyme"


def _owner(db: Database, couple: Couple) -> Viewer:
    user = db.write_now(
        users.add_login,
        wedding_id=couple.wedding,
        email="anna@example.org",
        password=PASSWORD,
        by=None,
        now=NOON,
    )
    token = db.write_now(sessions.start, user, days=1, user_agent="Firefox", now=NOON)
    who = db.read_now(sessions.session_user, token, NOON)
    assert who is not None
    return who


def test_people_come_and_go(any_database: Database) -> None:
    """Added, listed with when they were last here, taken out, added once more."""
    couple = make_couple(any_database)
    who = _owner(any_database, couple)
    form = {"email": "m@x.it", "name": "M", "password": PASSWORD, "again": PASSWORD}
    marco = any_database.write_now(people.let_in, who, **form, now=NOON)
    found = any_database.read_now(people.people, couple.wedding, now=NOON)
    assert [(p.email, p.role, p.seen_at) for p in found] == [
        ("anna@example.org", Role.OWNER, NOON),
        ("m@x.it", Role.OWNER, None),
    ]
    any_database.write_now(people.take_out, who, marco, now=NOON)
    assert len(any_database.read_now(people.people, couple.wedding, now=NOON)) == 1
    assert any_database.write_now(people.let_in, who, **form, now=NOON) == marco


def test_browsers_are_listed_while_they_last(any_database: Database) -> None:
    """This one first, then the latest; an expired login is none."""
    who = _owner(any_database, make_couple(any_database))
    for days, seen in ((9, 1), (9, 2), (1, 3)):
        at = NOON + timedelta(minutes=seen)
        any_database.write_now(sessions.start, who.user_id, days=days, now=at)
    found = any_database.read_now(people.browsers, who, now=NOON)
    assert [(b.here, b.seen_at.minute) for b in found] == [
        (True, 0),
        (False, 3),
        (False, 2),
        (False, 1),
    ]
    later = NOON + timedelta(days=2)
    assert len(any_database.read_now(people.browsers, who, now=later)) == 2
    any_database.write_now(people.end_others, who)
    assert len(any_database.read_now(people.browsers, who, now=NOON)) == 1


def test_limits_are_read_copied_and_reset(any_database: Database) -> None:
    """Both numbers in one look, groom first; copy and reset touch one number."""
    couple = make_couple(any_database)
    set_policy(any_database, couple.groom, per_hour=3)
    groom, bride = any_database.read_now(limits.limits, couple.wedding, now=NOON)
    assert (groom.key, bride.key) == ("groom", "bride")
    assert groom.decision == Go(0, 3)
    any_database.write_now(
        limits.make_same, couple.wedding, source="groom", target="bride", now=NOON
    )
    any_database.write_now(limits.to_defaults, couple.wedding, "groom", now=NOON)
    assert any_database.read_now(policy_of, couple.bride).per_hour == 3
    assert any_database.read_now(policy_of, couple.groom).per_hour == 10


def test_details_are_changed_together_or_not_at_all(any_database: Database) -> None:
    """Only what was typed is written."""
    couple = make_couple(any_database)
    texts = {"groom_name": "Marco", "day": "2027-06-19"}
    any_database.write_now(
        wedding_details.change_details, couple.wedding, texts, now=NOON, by=None
    )
    assert any_database.read_now(wedding_details.details, couple.wedding) == {
        "groom_name": "Marco",
        "bride_name": "Anna",
        "day": "2027-06-19",
        "default_country": "IT",
        "time_zone": "Europe/Rome",
        "place": "",
        "guest_language": "en",
    }
