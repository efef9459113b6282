"""services: who a process is, so that another can prove it dead.

Host (with the machine's id and boot), process id and start time together never come
again. Only a process on the same host can be proven dead; about others we wait. A
machine that was booted since, after a power cut, has none of its old processes.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process, for ever. `str()` and `parse` go to and from the database."""

    host: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.host}|{self.pid}|{self.started}"

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity:
        host, pid, started = text.split("|", 2)
        return cls(host, int(pid), started)


def this_process() -> ProcessIdentity:
    """The identity of the process that asks (right after a fork, too)."""
    return _identity(os.getpid())


@functools.lru_cache(maxsize=2)
def _identity(pid: int) -> ProcessIdentity:
    return ProcessIdentity(_host(), pid, _started(pid) or "unknown")


def is_dead(process: ProcessIdentity) -> bool:
    """True only where it is proven: same host, and gone or another one by now."""
    if process.host == _host():
        return _started(process.pid) != process.started
    return _booted_since(process.host)


def may_be_proven(process: ProcessIdentity) -> bool:
    """Whether this machine can tell if the process lives: it runs, or ran, here."""
    return process.host == _host() or _booted_since(process.host)


@functools.cache
def _host() -> str:
    """Name~machine/boot. A container has no machine id: its name alone is no proof."""
    name = socket.gethostname()
    for character in "|~/":
        name = name.replace(character, "-")
    if machine := _first_eight(_MACHINE_ID):
        name = f"{name}~{machine}"
    boot = _first_eight(_BOOT_ID)
    return f"{name}/{boot}" if boot else name


def _booted_since(host: str) -> bool:
    """`host` is this very machine, in an earlier boot."""
    machine, _, boot = host.partition("/")
    here, _, now = _host().partition("/")
    known = "~" in here and machine == here and bool(boot) and bool(now)
    return known and boot != now


def _first_eight(path: Path) -> str:
    try:
        return path.read_text().strip()[:8]
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When `pid` started, in the system's own words; None if it is gone."""
    if Path("/proc/self/stat").exists():
        return _started_linux(pid)
    found = subprocess.run(  # noqa: S603  # macOS has no /proc
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else start_ticks
