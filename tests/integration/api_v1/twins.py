"""Two weddings alike: a program acts in one, the page's own service in the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from wedding_wa.db import Database
from wedding_wa.models import AuditEntry

# Which row it is, or a secret of its own: that differs between weddings alike.
_OWN = {"id", "scope", "token", "code", "folded", "digest"}
_ASIDE = {"api_key", "stream_entry", "token_grant"}

Trace = dict[str, list[str]]
Changes = dict[str, tuple[list[str], list[str]]]


def trace(database: Database, wedding: int) -> Trace:
    """All rows of a wedding, without what tells one wedding's rows from another's."""

    def read(session: Session) -> Trace:
        return {
            name: sorted(str(_row(row)) for row in _rows(session, table, wedding))
            for name, table in SQLModel.metadata.tables.items()
            if name not in _ASIDE and _owner(table) is not None
        }

    return database.read_now(read)


def audits(database: Database, wedding: int) -> list[tuple[str, dict[str, object]]]:
    """What the audit says was done, in order."""

    def read(session: Session) -> list[tuple[str, dict[str, object]]]:
        rows = session.exec(
            select(AuditEntry)
            .where(AuditEntry.wedding_id == wedding)
            .order_by(AuditEntry.id)  # type: ignore[arg-type]
        )
        return [(row.action, row.params) for row in rows]

    return database.read_now(read)


def changes(before: Trace, after: Trace) -> Changes:
    """What went and what came, by table; tables in which nothing did are left out."""
    found = {}
    for name in after:
        was, now = Counter(before[name]), Counter(after[name])
        if was != now:
            found[name] = sorted((was - now).elements()), sorted((now - was).elements())
    return found


@dataclass
class Twins:
    """What has changed in both weddings since this was made."""

    database: Database
    mine: int
    theirs: int
    before: tuple[Trace, Trace] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self._now()

    def changed(self) -> tuple[Changes, Changes]:
        """In the program's wedding, and in the other."""
        mine, theirs = self._now()
        return changes(self.before[0], mine), changes(self.before[1], theirs)

    def same(self, *tables: str) -> None:
        """Both changed alike, and in (at least) these tables."""
        mine, theirs = self.changed()
        for name in {*mine, *theirs}:
            there = f"{name}: {mine.get(name)} but {theirs.get(name)}"
            assert mine.get(name) == theirs.get(name), there
        assert set(tables) <= set(mine)

    def _now(self) -> tuple[Trace, Trace]:
        return trace(self.database, self.mine), trace(self.database, self.theirs)


def _owner(table: sa.Table) -> sa.Column[Any] | None:
    return table.c.id if table.name == "wedding" else table.c.get("wedding_id")


def _rows(session: Session, table: sa.Table, wedding: int) -> list[Any]:
    query = sa.select(table).where(_owner(table) == wedding)
    rows = [row._mapping for row in session.execute(query)]
    return [row for row in rows if row.get("action") != "api_key_created"]


def _row(row: Any) -> list[tuple[str, object]]:
    return [
        (name, _value(value))
        for name, value in row.items()
        if name not in _OWN and not name.endswith(("_id", "_key"))
    ]


def _value(value: object) -> object:
    """A JSON value without the numbers of rows, which any number in it may be, and
    without the name of the program: in the other wedding nobody is named."""
    if isinstance(value, dict):
        named = {k: v for k, v in value.items() if k != "program"}
        return {k: _value(v) for k, v in named.items() if not _is_number(v)}
    if isinstance(value, list):
        return [_value(one) for one in value if not _is_number(one)]
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
