"""Reads the project's own source: files, rooms, imports."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "wedding_wa"


@functools.cache
def sources() -> dict[Path, ast.Module]:
    """Every module of the package, parsed; by its path inside the project."""
    return {
        path.relative_to(ROOT): ast.parse(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def room_of(path: Path) -> str:
    """The room of a file: the folder under wedding_wa/, or the module in it."""
    return path.parts[1].removesuffix(".py")


def imports(tree: ast.Module) -> Iterator[str]:
    """The dotted names of what a module imports, `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
