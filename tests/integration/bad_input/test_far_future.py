"""A time at the end of all calendars: refused, for no page could show it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import guest_wrote, make_couple, put
from tests.desk import Desk, running
from tests.fakes import FakeClock
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput
from wedding_wa.models import Wedding
from wedding_wa.services.enqueue_fields import moment
from wedding_wa.state.overview import OverviewState
from wedding_wa.state.queue import QueueState

EARLIEST, LATEST = "Pacific/Kiritimati", "Pacific/Niue"  # 14 before and 11 after UTC


@pytest.mark.parametrize(
    "text",
    ["9999-12-31T23:59:59Z", "9999-06-20T18:00", "9999-01-01T00:00:00+00:00"],
)
def test_the_last_year_is_refused(text: str) -> None:
    """In some zone its end is in a year that no calendar of ours has."""
    with pytest.raises(BadInput):
        moment(text, "at", EARLIEST)


@pytest.mark.parametrize("zone", [EARLIEST, LATEST])
async def test_the_last_that_is_taken_breaks_no_page(
    database: Database, clock: FakeClock, zone: str
) -> None:
    """In whichever zone the couple lives."""
    couple = make_couple(database)

    def moves(session: Session) -> None:
        session.execute(sa.update(Wedding).values(time_zone=zone))

    database.write_now(moves)
    guest_wrote(database, couple.groom)
    last = moment("9998-12-31T23:59:59Z", "at", zone)
    assert last is not None
    put(database, couple, due_at=last)
    async with running(database, clock) as app:
        desk = Desk(app, couple, clock)
        for address, state in (("/", OverviewState), ("/queue", QueueState)):
            async with desk.tab(address) as tab:
                await tab.open(state.live)
                assert tab.errors == []
