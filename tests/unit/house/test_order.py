"""The order in which a run takes its files."""

from __future__ import annotations

import itertools

from tests.order import spread

FILES = [
    *((f"tests/crash/test_{n}.py", 3) for n in range(4)),
    *((f"tests/integration/test_{n}.py", 20) for n in range(10)),
    *((f"tests/e2e/test_{n}.py", 1) for n in range(2)),
    *((f"tests/unit/test_{n}.py", 40) for n in range(5)),
]


def test_no_file_is_left_out_or_taken_twice() -> None:
    """Nor one of a run that has only one kind."""
    for files in (FILES, FILES[:4], FILES[4:14], []):
        assert sorted(spread(files)) == sorted(name for name, _ in files)


def test_who_waits_stands_among_those_who_compute() -> None:
    """Never two who wait one after the other, and none at the end; each kind in the
    order in which it came."""
    order = spread(FILES)
    waits = [name.startswith(("tests/crash", "tests/e2e")) for name in order]
    assert waits[0]
    assert (True, True) not in list(itertools.pairwise(waits))
    assert not any(waits[-2:])
    names = [name for name, _ in FILES]
    for wanted in (True, False):
        kind = [name for name, w in zip(order, waits, strict=True) if w is wanted]
        assert kind == sorted(kind, key=names.index)
