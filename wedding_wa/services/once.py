"""services: inserting what may be there already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def insert_once(session: Session, table: sa.Table, **values: object) -> int | None:
    """Insert a row and return its id; None where a unique rule says it is there.

    One statement, so that two who do it at the same moment need not wait and fail.
    """
    on_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if on_postgres else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(table.c.id)).scalar()
