"""The migrations and the models are one truth, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import wedding_wa.models  # noqa: F401  # registers the tables
from alembic import command
from wedding_wa.db import Database
from wedding_wa.services import migrations


def test_migrations_up_from_empty_equal_the_models(any_database: Database) -> None:
    """A database migrated from nothing has exactly the models' tables."""
    with any_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_twice_changes_nothing(any_database: Database) -> None:
    """A start on an up-to-date database leaves it alone."""
    assert migrations.is_current(any_database.engine)
    migrations.migrate(any_database.engine)
    assert migrations.revision(any_database.engine) == migrations.head()


def test_every_migration_can_be_taken_back(any_database: Database) -> None:
    """Down to nothing and up again works: no step leaves anything behind."""
    config = migrations._config()
    with any_database.engine.execution_options(writer=True).connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
    left = set(sa.inspect(any_database.engine).get_table_names())
    assert left <= {"alembic_version"}
    migrations.migrate(any_database.engine)
    assert migrations.is_current(any_database.engine)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("foreign_keys", 1), ("synchronous", 2), ("journal_mode", "wal")],
)
async def test_every_sqlite_connection_is_durable_and_strict(
    database: Database, pragma: str, value: object
) -> None:
    """Readers and the writer alike have foreign keys on and sync fully."""

    def look(session: object) -> object:
        return session.connection().exec_driver_sql(f"PRAGMA {pragma}").scalar()  # type: ignore[attr-defined]

    assert await database.read(look) == value
    assert await database.write(look) == value
