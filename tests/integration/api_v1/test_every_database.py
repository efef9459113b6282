"""The records behind the routes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from tests.fakes import NOON
from tests.integration.api_v1.conftest import make_wedding
from wedding_wa.db import Database
from wedding_wa.services import guest_records as records
from wedding_wa.services.consent_records import consent_records, opt_out_records


def test_lists_and_changes(any_database: Database) -> None:
    """Searches, pages, evidence; a household that nobody is in goes, and one that
    somebody is in."""
    made = make_wedding(any_database)
    wedding = made.couple.wedding
    for q, homes in (("", 2), ("tag:family", 1), ("optedout:yes -carla", 1)):
        query = records.understood(q)
        for read in (records.guest_records, records.household_records):
            found, following = any_database.read_now(read, wedding, query, 0)
            assert (len(found), following) == (homes, "")
    for asked in ({"chat": made.chat}, {"guest": made.guest}):
        found, _ = any_database.read_now(consent_records, wedding, 0, **asked)
        assert [one.evidence.body for one in found if one.evidence] == ["Ciao Luca!"]
    for active, n in ((True, 1), (False, 0), (None, 1)):
        rows, _ = any_database.read_now(opt_out_records, wedding, 0, active=active)
        assert len(rows) == n
    changes = {"phone": "", "tags": ("choir",)}
    changed = any_database.write_now(
        records.change_guest, wedding, made.guest, changes, by=None, now=NOON
    )
    assert (changed.row.phone, changed.tags) == (None, ("choir",))
    empty = any_database.write_now(
        records.write_household, wedding, {"name": "Neri", "side": "groom"}, now=NOON
    )
    for home in (empty.row.id, made.household):
        any_database.write_now(
            records.delete_household, wedding, home, by=None, now=NOON
        )
    left, _ = any_database.read_now(
        records.household_records, wedding, records.understood(""), 0
    )
    assert [one.name for one in left] == ["Rossi"]
