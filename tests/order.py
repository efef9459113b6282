"""In which order a run takes its files, so that the cores always have work.

Tests that kill processes or drive a browser mostly wait. One after the other they
would leave the cores idle, all at once they would be in each other's way: so they are
spread among those that compute. None comes at the end, where others would wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

_WAITING = ("tests/crash/", "tests/e2e/")
_OVER = 0.75  # of the others' tests


def spread(files: Iterable[tuple[str, int]]) -> list[str]:
    """Return the files in the order to take them; each comes with its many tests."""
    files = list(files)
    waiting = [name for name, _ in files if name.startswith(_WAITING)]
    others = [(name, many) for name, many in files if name not in waiting]
    step = _OVER * sum(many for _, many in others) / max(1, len(waiting))
    order, before, spread_out = [], 0, 0
    for name, many in others:
        while spread_out < len(waiting) and before >= spread_out * step:
            order.append(waiting[spread_out])
            spread_out += 1
        order.append(name)
        before += many
    return [*order, *waiting[spread_out:]]


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests of a run, file by file in that order."""
    by_file: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = spread((name, len(found)) for name, found in by_file.items())
    return [item for name in names for item in by_file[name]]
