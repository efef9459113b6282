"""services: the small grammar of conditional writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

_NO_SYNC = {"synchronize_session": False}


def table(model: type[SQLModel]) -> sa.Table:
    """The Core table of a model: hot paths skip the ORM's unit of work."""
    return cast("sa.Table", sa.inspect(model).local_table)


def changed(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Run an UPDATE or DELETE and return how many rows it changed."""
    result = session.execute(statement, execution_options=_NO_SYNC)
    return cast("sa.CursorResult[object]", result).rowcount


def insert_id(
    session: Session, statement: sa.Insert, row: Mapping[str, object] | None = None
) -> int:
    """Run an INSERT of one row and return its id."""
    result = cast(
        "sa.CursorResult[object]",
        session.execute(statement, dict(row) if row else None),
    )
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def batches(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    """`ids` in pieces of at most `size`, for one short transaction each."""
    return [ids[i : i + size] for i in range(0, len(ids), size)]
