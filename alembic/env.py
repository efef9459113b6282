"""Alembic's door: the URL comes from the caller, or from the settings."""

import sqlalchemy as sa
from sqlmodel import SQLModel

import wedding_wa.models  # noqa: F401  # registers the tables
from alembic import context
from wedding_wa.db import Database
from wedding_wa.settings import load_settings


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(load_settings().database)
    with database.engine.connect() as connection:
        run(connection)
        connection.commit()
    database.close()
