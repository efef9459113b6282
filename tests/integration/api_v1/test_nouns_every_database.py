"""What the routes of the other nouns read and write, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from tests.builders import message, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, make_wedding
from wedding_wa.db import Database
from wedding_wa.domain.errors import NotFound, Refused
from wedding_wa.models import Role
from wedding_wa.services import handover, pausing, people, users
from wedding_wa.services.activation import Wish
from wedding_wa.services.audit import Asking
from wedding_wa.services.duplicate_records import duplicate_records
from wedding_wa.services.notice_records import go_on, notice_records
from wedding_wa.services.opt_out_list import open_questions, opt_out_list
from wedding_wa.services.queue_tasks import ids_of_tasks
from wedding_wa.services.stats import stats

URL = "https://wedding.example.org"


def test_figures_links_and_notices(any_database: Database) -> None:
    """Read alike; a pause is told and ended."""
    db, made = any_database, make_wedding(any_database)
    wedding = made.couple.wedding
    one = put(db, made.couple, to=CARLA).id
    figures = db.read_now(stats, wedding, now=NOON)
    assert figures.accounts[0].buckets["waiting"] == 1
    assert db.read_now(duplicate_records, wedding, 0) == ([], "")
    assert db.read_now(open_questions, wedding) == ()
    assert len(db.read_now(opt_out_list, wedding).active) == 1
    task = message(db, one).task_id
    assert db.read_now(ids_of_tasks, wedding, [task, task]) == (one,)
    with pytest.raises(NotFound):
        db.read_now(ids_of_tasks, wedding + 1, [task])
    screen = db.read_now(handover.activation_screen, wedding, Wish(), public_url=URL)
    assert [item.row.name for item in screen.items] == ["Zia Carla", "Rossi"]
    ids = [item.row.id for item in screen.items]
    marked = db.write_now(handover.mark, wedding, ids, sent=True, by=None, now=NOON)
    assert marked == 2
    db.write_now(pausing.pause_all, wedding, now=NOON)
    (notice,), _ = db.read_now(notice_records, wedding, 0, active=True)
    ended = db.write_now(go_on, wedding, notice.id, by=None, now=NOON)
    assert ended.ended_at == NOON
    assert db.read_now(notice_records, wedding, notice.id, active=None) == ([], "")


def test_the_last_owner_stays(any_database: Database) -> None:
    """Whoever asks, and whoever else may look."""
    db, made = any_database, make_wedding(any_database)
    login = {"password": "rose and thyme", "by": None, "now": NOON}
    luca, zia = (
        db.write_now(
            users.add_login,
            wedding_id=made.couple.wedding,
            email=email,
            role=role,
            **login,
        )
        for email, role in (("luca@x.org", Role.OWNER), ("zia@x.org", Role.VIEWER))
    )
    asking = Asking(made.couple.wedding, None)
    with pytest.raises(Refused):
        db.write_now(people.take_out, asking, luca, now=NOON)
    db.write_now(people.take_out, asking, zia, now=NOON)
    assert len(db.read_now(people.people, made.couple.wedding, now=NOON)) == 1
