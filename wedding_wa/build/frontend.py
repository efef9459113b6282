"""build: makes the frontend when its sources changed, and says where it lies.

A finished build lies in `.build/frontend/<digest of its sources>` and is never touched
again, so a rebuild does not pull the files from under a running server. It needs no
Node to be served.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BUILDS = ROOT / ".build" / "frontend"

# Everything the static files are made of. State classes count: Reflex compares their
# shape with the one the browser was built for.
_SOURCES = (
    "rxconfig.py",
    "assets",
    "wedding_wa/wedding_wa.py",
    "wedding_wa/build",
    "wedding_wa/domain",
    "wedding_wa/pages",
    "wedding_wa/state",
    "wedding_wa/words",
)
# Named apart: the build itself may complete the lock (a new npm package).
_LOCK = ("reflex.lock",)
_KEEP = 3


class BuildError(Exception):
    """The frontend could not be built. `str()` says what to do."""


def digest(root: Path = ROOT) -> str:
    """Return a name for the sources as they are now."""
    return f"{_hash(root, _SOURCES)}-{_hash(root, _LOCK)}"


def built() -> Path | None:
    """Return the folder of the current build, None when it has to be made."""
    folder = BUILDS / digest()
    return folder if (folder / "build" / "client" / "index.html").exists() else None


def build() -> Path:
    """Return the folder of the current build, made now where there is none.

    Two processes may call it at once: the second waits for the first. Raises
    BuildError with the tail of the build's output.
    """
    if folder := built():
        return folder
    with _one_at_a_time():
        if folder := built():
            return folder
        sources = _hash(ROOT, _SOURCES)
        with _lock_kept(ROOT / "reflex.lock"):
            _export()
        return _keep(BUILDS / f"{sources}-{_hash(ROOT, _LOCK)}")


def _export() -> None:
    command = [sys.executable, "-m", "reflex", "export"]
    command += ["--frontend-only", "--no-zip", "--no-ssr"]
    done = subprocess.run(  # noqa: S603  # our own interpreter, fixed words
        command,
        cwd=ROOT,
        env=_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise BuildError(
            f"{tail}\n\nThe pages could not be built. The first build needs "
            "the network for npm packages; later ones work offline. "
            "Try: make clean run"
        )


@contextmanager
def _lock_kept(folder: Path) -> Iterator[None]:
    """Put the lock's files back where the build only reordered their keys."""
    before = {path: path.read_bytes() for path in folder.glob("*.json")}
    yield
    for path, content in before.items():
        if json.loads(path.read_bytes()) == json.loads(content):
            path.write_bytes(content)


def _environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The build's environment: Node from this venv, no telemetry, no version checks."""
    bin_dir = Path(sys.executable).parent
    env = {k: v for k, v in outer.items() if not k.startswith(("REFLEX_", "__REFLEX_"))}
    env |= {
        "PATH": f"{bin_dir}{os.pathsep}{outer.get('PATH', os.defpath)}",
        "WEDDING_WA_BUILD": "1",
        "REFLEX_USE_NPM": "1",
        "REFLEX_DIR": str(ROOT / ".build" / "reflex"),
        "REFLEX_WEB_WORKDIR": ".web",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_HTTP_CLIENT_BIND_ADDRESS": "0.0.0.0",  # noqa: S104  # skips a probe
        # The committed lock names no registry, whatever the builder's own setting.
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",
    }
    env.setdefault("NPM_CONFIG_REGISTRY", _registry(env))
    return env


def _registry(env: Mapping[str, str]) -> str:
    """The registry npm is set up for. Reflex would race two public ones instead."""
    npm = shutil.which("npm", path=env["PATH"]) or "npm"
    asked = subprocess.run(  # noqa: S603  # npm of our own venv
        [npm, "config", "get", "registry"],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = asked.stdout.strip()
    return answer if answer.startswith("http") else "https://registry.npmjs.org/"


def _keep(folder: Path) -> Path:
    """Move the finished build to its own folder, in one step; drop the oldest."""
    web, parts = ROOT / ".web", folder.with_name(f"{folder.name}.part")
    shutil.rmtree(parts, ignore_errors=True)
    shutil.copytree(web / "build" / "client", parts / "build" / "client")
    shutil.copy(web / "build" / "csp.json", parts / "build" / "csp.json")
    shutil.copytree(web / "backend", parts / "backend")
    shutil.rmtree(folder, ignore_errors=True)
    parts.rename(folder)
    old = sorted(BUILDS.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in old[:-_KEEP]:
        shutil.rmtree(path, ignore_errors=True)
    return folder


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hash(root: Path, names: Iterable[str]) -> str:
    total = hashlib.sha256(f"{version('reflex')} {sys.version_info[:2]}".encode())
    for path in _files(root, names):
        total.update(str(path.relative_to(root)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def _files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (p for p in found if p.is_file() and _is_source(p))


def _is_source(path: Path) -> bool:
    return path.suffix not in {".pyc", ".swp"} and "external" not in path.parts
