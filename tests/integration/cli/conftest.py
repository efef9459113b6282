"""The program run in this process, on a file of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.builders import Couple, make_couple
from wedding_wa.cli import app
from wedding_wa.db import Database, opened


class Terminal:
    """Types commands, and has the database that they work on."""

    def __init__(self, folder: Path, db: Database, couple: Couple) -> None:
        self.folder = folder
        self.db = db
        self.couple = couple
        self._runner = CliRunner()

    def __call__(self, *words: str | int | Path, stdin: bytes | None = None) -> Result:
        """Run `python -m wedding_wa <words>` in this process."""
        return self._runner.invoke(app, [str(word) for word in words], input=stdin)

    def file(self, *lines: str | bytes, name: str = "load.jsonl") -> Path:
        """A file with these lines."""
        path = self.folder / name
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        path.write_bytes(b"\n".join(raw) + b"\n")
        return path


@pytest.fixture
def terminal(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """A terminal whose program finds a wedding in its data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(template, folder / "wedding_wa.db")
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setenv("SECRET_KEY", "a-secret-of-the-tests")
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    with opened(f"sqlite:///{folder}/wedding_wa.db") as db:
        yield Terminal(tmp_path, db, make_couple(db))
