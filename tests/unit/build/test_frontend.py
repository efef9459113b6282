"""The frontend's build: made anew when its sources change, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wedding_wa.build import frontend

FILES = {
    "rxconfig.py": "config",
    "assets/app.css": "body {}",
    "reflex.lock/package-lock.json": "{}",
    "wedding_wa/pages/queue.py": "a page",
    "wedding_wa/state/queue.py": "a state",
    "wedding_wa/words/en/queue.toml": "title = 'Queue'",
    "wedding_wa/services/queue.py": "no part of the pages",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one file in each room."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", [n for n in FILES if "services" not in n])
def test_a_changed_source_is_a_new_build(root: Path, name: str) -> None:
    """Pages, states, words, assets, settings of Reflex and the lock all count."""
    before = frontend.digest(root)
    (root / name).write_text(FILES[name] + " changed")
    assert frontend.digest(root) != before
    (root / name).write_text(FILES[name])
    assert frontend.digest(root) == before


def test_what_is_no_part_of_the_pages_builds_nothing(root: Path) -> None:
    """A change in a service or a compiled file must not cost half a minute."""
    before = frontend.digest(root)
    (root / "wedding_wa/services/queue.py").write_text("changed")
    (root / "wedding_wa/pages/queue.pyc").write_text("compiled")
    assert frontend.digest(root) == before


def test_a_moved_file_is_a_new_build(root: Path) -> None:
    """The name counts as well as the content: it is the address of an asset."""
    before = frontend.digest(root)
    (root / "assets/app.css").rename(root / "assets/other.css")
    assert frontend.digest(root) != before


def test_a_failed_build_says_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines of the output and a way on, rather than a traceback."""
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    monkeypatch.setattr(frontend, "BUILDS", tmp_path / ".build/frontend")
    with pytest.raises(frontend.BuildError, match="make clean run"):
        frontend.build()
    assert frontend.built() is None


def test_the_committed_lock_names_no_registry() -> None:
    """Whoever builds uses their own registry; none is written into the project."""
    lock = (frontend.ROOT / "reflex.lock/package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_importing_the_app_starts_nothing() -> None:
    """No database, no thread, no file: the build imports the app on a bare machine."""
    code = (
        "import threading, wedding_wa.wedding_wa as w; from wedding_wa import runtime;"
        "assert runtime._current is None; print(threading.active_count())"
    )
    env = os.environ | {"__REFLEX_SKIP_COMPILE": "true", "DATA_DIR": "/nonexistent/x"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=frontend.ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "1", done.stderr


def test_a_build_leaves_the_committed_lock_alone(tmp_path: Path) -> None:
    """npm reorders keys; the working tree stays clean unless a package changed."""
    lock = tmp_path / "package.json"
    lock.write_text('{"a": 1, "b": 2}')
    with frontend._lock_kept(tmp_path):
        lock.write_text('{"b": 2, "a": 1}')
    assert lock.read_text() == '{"a": 1, "b": 2}'
    with frontend._lock_kept(tmp_path):
        lock.write_text('{"b": 3, "a": 1}')
    assert lock.read_text() == '{"b": 3, "a": 1}'
