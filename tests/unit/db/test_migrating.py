"""The first start, by several processes at the same moment."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from wedding_wa.db import opened
from wedding_wa.services import migrations

_NUMBERS = itertools.count(1)
ROOT = Path(__file__).parents[3]
START = """
import sys
from wedding_wa.db import opened
from wedding_wa.services import migrations
from wedding_wa.services import migrations
with opened(sys.argv[1]) as database:
    print("ready", flush=True)
    input()
    migrations.migrate(database.engine)
    print(migrations.is_current(database.engine))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: sa.URL = request.getfixturevalue("postgres")
    name = f"empty_{next(_NUMBERS)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield server.set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def test_web_and_worker_started_together_both_find_the_tables(empty: str) -> None:
    """One of them makes the tables, the others wait for it; none falls over."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", START, empty],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    told = [child.communicate(timeout=60) for child in children]
    assert [out for out, _ in told] == ["True\n"] * 3, told
    with opened(empty) as database:
        names = sa.inspect(database.engine).get_table_names()
        assert {"account", "consent", "queue_message"} <= set(names)


def test_all_steps_are_one_transaction(empty: str) -> None:
    """Between two transactions another process would take the step that is next here,
    and what failed half-way would leave half of the tables."""
    commits: list[object] = []
    with opened(empty) as database:
        sa.event.listen(database.engine, "commit", commits.append)
        migrations.migrate(database.engine)
        assert migrations.is_current(database.engine)
    assert len(commits) == 1
