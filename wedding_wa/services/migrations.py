"""services: bring the database's tables up to date, the only way they change."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from alembic import command

_ROOT = Path(__file__).parents[2]
_PATIENCE_MS = 120_000
_LOCK = 0x3EDD1  # any number that is nobody else's in this database


def migrate(engine: sa.Engine) -> None:
    """Apply what is missing, all of it or nothing; nothing where the tables are up to
    date. Of processes that start together one does it, and the others wait."""
    if is_current(engine):
        return
    with engine.execution_options(writer=True).connect() as connection:
        if connection.dialect.name == "sqlite":
            _be_patient(connection)
        # in one transaction: between two, another process would take the next step
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _be_patient(connection: sa.Connection) -> None:
    """On a slow disk all the steps may take longer than a write ever does."""
    connection.detach()  # nobody else is to wait so long
    connection.connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")


def is_current(engine: sa.Engine) -> bool:
    """True if every migration has been applied."""
    return revision(engine) == head()


def revision(engine: sa.Engine) -> str | None:
    """The newest migration that the database has, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest migration that the code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def known() -> frozenset[str]:
    """Every migration that the code knows."""
    made = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(each.revision for each in made)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_ROOT / "alembic"))
    return config
