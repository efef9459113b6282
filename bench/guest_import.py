"""How long 10,000 lines take to read, to judge and to write, against plain inserts.

    python -m bench.guest_import [LINES]

The plain inserts are the same guests and households written by two executemany
statements: what no import can be quicker than on this machine.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import openpyxl
import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.db import Database, opened
from wedding_wa.models import Guest, Household, Wedding
from wedding_wa.services import guest_import, guest_import_drafts
from wedding_wa.services.guest_import_drafts import Owner
from wedding_wa.services.guest_import_read import read_file
from wedding_wa.services.migrations import migrate

NOW = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)
T = TypeVar("T")
Rows = list[list[str]]


def main(lines: int = 10_000) -> None:
    """Print a table of seconds and of ratios to the plain inserts."""
    rows = _rows(lines)
    files = {"csv": _csv(rows), "xlsx": _xlsx(rows)}
    with tempfile.TemporaryDirectory() as folder:
        plain = _plain(f"sqlite:///{folder}/plain.db", rows)
        _say(f"plain inserts of {lines} guests", plain, plain)
        for kind, data in files.items():
            _import(f"sqlite:///{Path(folder) / kind}.db", kind, data, plain)


def _import(url: str, kind: str, data: bytes, plain: float) -> None:
    with opened(url) as db:
        migrate(db.engine)
        owner = Owner(_wedding(db), None)
        read, sheet = _timed(lambda: read_file(data))
        _say(f"{kind}: read", read, plain)
        token = db.write_now(
            guest_import_drafts.keep, owner, sheet, filename="", now=NOW
        )

        def look() -> guest_import.Preview:
            return db.read_now(guest_import.preview, owner, token, now=NOW)

        first, seen = _timed(look)
        _say(f"{kind}: judge", first, plain)
        again, _ = _timed(look)
        _say(f"{kind}: judge, nothing changed", again, plain)
        write, done = _timed(
            lambda: db.write_now(
                guest_import.confirm, owner, token, seen.digest, now=NOW
            )
        )
        _say(f"{kind}: confirm ({done.writes} written)", write, plain)
        _say(f"{kind}: all", read + first + write, plain)


def _plain(url: str, rows: Rows) -> float:
    with opened(url) as db:
        migrate(db.engine)
        wedding = _wedding(db)
        common = {"wedding_id": wedding, "side": "groom", "notes": ""}
        common |= {"created_at": NOW, "updated_at": NOW}
        names = sorted({row[2] for row in rows})
        homes = [
            common | {"name": n, "folded": n, "token": n, "code": str(i), "opens": 0}
            for i, n in enumerate(names)
        ]
        ids = {name: number for number, name in enumerate(names, 1)}
        guests = [
            common
            | {"name": name, "folded": name, "phone": phone, "household_id": ids[home]}
            for name, phone, home in rows
        ]

        def write(session: Session) -> None:
            session.execute(sa.insert(Household), homes)
            session.execute(sa.insert(Guest), guests)

        return _timed(lambda: db.write_now(write))[0]


def _wedding(db: Database) -> int:
    def write(session: Session) -> int:
        made = Wedding(
            groom_name="Luca",
            bride_name="Anna",
            time_zone="Europe/Rome",
            default_country="IT",
            created_at=NOW,
        )
        session.add(made)
        session.flush()
        assert made.id is not None
        return made.id

    return db.write_now(write)


def _rows(lines: int) -> Rows:
    return [
        [f"Guest {i} Rossi", f"+39333{i:07d}", f"Household {i // 3}"]
        for i in range(lines)
    ]


def _csv(rows: Rows) -> bytes:
    head = "name;phone;household\n"
    return (head + "\n".join(";".join(row) for row in rows)).encode()


def _xlsx(rows: Rows) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (["name", "phone", "household"], *rows):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _say(what: str, seconds: float, plain: float) -> None:
    print(f"{what:<44}{seconds:8.2f} s {seconds / plain:8.1f} ×")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
