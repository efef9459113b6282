"""simulator: the world on disk, one JSON line a fact, safe against `kill -9`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Journal:
    """An append-only file of facts; without a path it forgets everything.

    A line handed to `write` has left the process when it returns, so no kill of the
    simulator loses it. It is not synced: a power cut may take the last moments.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None

    def load(self) -> list[Record]:
        """Return every whole line, in order; a torn last one is left out."""
        if self._path is None or not self._path.exists():
            return []
        records = []
        for line in self._path.read_bytes().splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                break  # the write that the kill cut short
        return records

    def compact(self, records: Iterable[Record]) -> None:
        """Replace the file by `records`, at once or not at all, and open it."""
        if self._path is None:
            return
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("wb") as file:
            file.writelines(_line(record) for record in records)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def write(self, *records: Record) -> None:
        """Append `records` in one write."""
        if self._file is not None:
            os.write(self._file, b"".join(_line(record) for record in records))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"
