"""services: all tables from one database into another, row by row, of either kind.

Triggers are off while rows go in (they guard what is new; these rows are proven), the
counters are counted anew, generated columns are left to the database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from wedding_wa.db import opened
from wedding_wa.domain.errors import Refused
from wedding_wa.models import QueueCounter, QueueMessage
from wedding_wa.services import migrations
from wedding_wa.services.sql import table

_AT_ONCE = 500
_COUNTERS = table(QueueCounter)
_MESSAGES = table(QueueMessage)


def pull(url: str, part: Path) -> None:
    """Copy the tables of the PostgreSQL at `url` into a new SQLite file at `part`.

    All of it as it was at one moment. Raises Refused where its tables are not today's.
    """
    with opened(url) as live, opened(f"sqlite:///{part}") as copy:
        if not migrations.is_current(live.engine):
            raise Refused("backup.error.not_current")
        migrations.migrate(copy.engine)
        snapshot = live.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with snapshot.connect() as from_, copy.engine.begin() as to:
            copy_tables(from_, to)


def copy_tables(from_: sa.Connection, to: sa.Connection) -> None:
    """Copy every row into empty tables, parents first, in `to`'s transaction."""
    with _without_triggers(to):
        for one in SQLModel.metadata.sorted_tables:
            if one is not _COUNTERS:
                _copy(from_, to, one)
        _count_anew(to)
    if to.dialect.name == "postgresql":
        _go_on_counting(to)


def empty(to: sa.Connection) -> None:
    """Take every row out of a PostgreSQL database, in `to`'s transaction."""
    quoted = to.dialect.identifier_preparer.format_table
    names = ", ".join(quoted(one) for one in SQLModel.metadata.sorted_tables)
    to.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")


def _copy(from_: sa.Connection, to: sa.Connection, one: sa.Table) -> None:
    columns = [column for column in one.columns if column.computed is None]
    inward = {fk.parent.name for fk in one.foreign_keys if fk.column.table is one}
    rows = from_.execution_options(yield_per=_AT_ONCE).execute(
        sa.select(*columns).order_by(*one.primary_key.columns)
    )
    insert = sa.insert(one).values({each.name: _bound(each) for each in columns})
    later: list[dict[str, object]] = []
    for part in rows.mappings().partitions():
        values = [dict(row) for row in part]
        for row in values if inward else ():
            if any(row[name] is not None for name in inward):
                later.append({f"_{name}": row[name] for name in ("id", *inward)})
                row.update(dict.fromkeys(inward))
        to.execute(insert, values)
    if later:
        point: dict[str, object] = {name: sa.bindparam(f"_{name}") for name in inward}
        here = one.c.id == sa.bindparam("_id")
        to.execute(sa.update(one).where(here).values(point), later)


def _bound(column: sa.Column[object]) -> sa.BindParameter[object]:
    """Nothing stays nothing: a JSON column would keep None as the word `null`."""
    kind = column.type
    if isinstance(kind, sa.JSON):
        kind = sa.JSON(none_as_null=True)
    return sa.bindparam(column.name, type_=kind)


@contextlib.contextmanager
def _without_triggers(to: sa.Connection) -> Iterator[None]:
    if to.dialect.name == "postgresql":
        _switch_triggers(to, "DISABLE")
        yield
        _switch_triggers(to, "ENABLE")
        return
    triggers = to.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).all()
    for name, _ in triggers:
        to.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, made in triggers:
        to.exec_driver_sql(made)


def _switch_triggers(to: sa.Connection, which: str) -> None:
    """USER triggers only: foreign keys are checked, and no superuser is needed."""
    for one in SQLModel.metadata.sorted_tables:
        name = to.dialect.identifier_preparer.format_table(one)
        to.exec_driver_sql(f"ALTER TABLE {name} {which} TRIGGER USER")


def _count_anew(to: sa.Connection) -> None:
    counted = sa.select(
        _MESSAGES.c.account_id, _MESSAGES.c.bucket, sa.func.count()
    ).group_by(_MESSAGES.c.account_id, _MESSAGES.c.bucket)
    names = ["account_id", "bucket", "n"]
    to.execute(sa.insert(_COUNTERS).from_select(names, counted))


def _go_on_counting(to: sa.Connection) -> None:
    """New rows of PostgreSQL get ids after the copied ones."""
    for one in SQLModel.metadata.sorted_tables:
        key = one.autoincrement_column
        if key is None:
            continue
        name = to.dialect.identifier_preparer.format_table(one)
        to.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', '{key.name}'), "  # noqa: S608  # our own tables' names
            f"max({key.name})) FROM {name} HAVING max({key.name}) IS NOT NULL"
        )
