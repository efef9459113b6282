"""cli: much work in small pieces: a progress bar, and Ctrl-C between two pieces."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

T = TypeVar("T")

# Together: one flush of the disk for all of them, and others wait a moment only.
BATCH = 100


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Hear Ctrl-C and SIGTERM for the length of the block, without breaking off.

    The second Ctrl-C ends the program as always.
    """
    told: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)

    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, hear)
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def in_batches(
    items: Sequence[T],
    do: Callable[[Sequence[T]], object],
    *,
    label: str,
    stopped: Callable[[], bool],
    size: int = BATCH,
) -> int:
    """Give `items` to `do` piece by piece; return how many were done."""
    done = 0
    with progress(label, len(items)) as advance:
        while done < len(items) and not stopped():
            piece = items[done : done + size]
            do(piece)
            done += len(piece)
            advance(len(piece))
    return done


@contextlib.contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda n: bar.advance(task, n)
