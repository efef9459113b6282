"""The command line as a process of its own, without the seconds that its imports take.

For tests about what a process does: how it dies, what it leaves, its exit code and its
two streams. That it starts from nothing is proven elsewhere.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

from tests.crash.zygote import Zygote

_NUMBERS = itertools.count(1)
_PATIENCE = 60.0


class Commands:
    """Runs `python -m wedding_wa …`, each in a process forked from one that waits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._zygote = Zygote(warm=False)

    def run(
        self,
        *words: str,
        env: dict[str, str],
        before: str = "",
        largest: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; see `Zygote.start`. `env` is beside this process's own."""
        number = next(_NUMBERS)
        out, err = (self._folder / f"{number}.{name}" for name in ("out", "err"))
        made = self._zygote.start(
            ["-m", "wedding_wa", *words],
            {**os.environ, **env},
            out,
            whole=False,
            errors=err,
            before=before,
            largest=largest,
        )
        code = made.wait(_PATIENCE)
        return subprocess.CompletedProcess(
            words, code, out.read_text(), err.read_text()
        )

    def close(self) -> None:
        self._zygote.close()
