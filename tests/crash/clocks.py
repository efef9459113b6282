"""The wall clock of a process under test, moved from outside while it runs.

The machine's own clock cannot be moved in a test. What a process reads of it can: the
app takes all its time from one `Clock`, its scheduler and the simulator from a module
each. How far they are off stands in a file of eight bytes that all of them map.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace

from wedding_wa import runtime
from wedding_wa.services.clock import Clock
from wedding_wa.simulator import pace

_FORM = struct.Struct("d")


class Offset:
    """How many seconds the clocks that read this file are ahead. `furthest`: the most
    they ever were, as far as this process set them."""

    def __init__(self, path: Path, *, seconds: float | None = None) -> None:
        self.path = path
        if seconds is not None:
            path.write_bytes(_FORM.pack(seconds))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)
        self.furthest = self.seconds

    @property
    def seconds(self) -> float:
        return float(_FORM.unpack(self._map[: _FORM.size])[0])

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._map[: _FORM.size] = _FORM.pack(value)
        self.furthest = max(self.furthest, value)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


class _Kind(type):
    """What is a datetime stays one, for those who ask."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetime)


class _Moved(Clock):
    """The app's clock, ahead by the offset. Waiting is not the wall clock's affair."""

    def __init__(self, offset: Offset) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return self._offset.now()


def move_clocks(path: Path) -> None:
    """From now on this process's wall clock is ahead by what the file says."""
    offset = Offset(path)
    clock = _Moved(offset)
    runtime.Clock = lambda: clock  # type: ignore[assignment, misc]
    pace.time = SimpleNamespace(  # type: ignore[assignment]
        time=lambda: time.time() + offset.seconds
    )

    class Moved(datetime, metaclass=_Kind):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=offset.seconds)

    for name, module in list(sys.modules.items()):
        if name.startswith("apscheduler.") and hasattr(module, "datetime"):
            module.datetime = Moved
