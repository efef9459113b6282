"""docs/reliability.md names tests, and they are there."""

from __future__ import annotations

import ast
import functools
import re

from tests.unit.house.rooms import ROOT

PAGE = ROOT / "docs" / "reliability.md"
PROOF = re.compile(r"`([\w/]+\.py)::(test_\w+)`( \(open\))?")


@functools.cache
def _tests(path: str) -> dict[str, ast.AST]:
    tree = ast.parse((ROOT / "tests" / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_proof_exists() -> None:
    """Who renames a test, or takes it away, meets the promise that it proved."""
    named = PROOF.findall(PAGE.read_text())
    assert len(named) > 40
    missing = [f"{path}::{name}" for path, name, _ in named if name not in _tests(path)]
    assert missing == []


def test_what_is_open_is_marked_and_nothing_else() -> None:
    """A rule that does not hold yet says so on the page, as its test does."""
    wrong = []
    for path, name, is_open in PROOF.findall(PAGE.read_text()):
        marks = map(ast.unparse, getattr(_tests(path)[name], "decorator_list", []))
        if any("xfail" in mark for mark in marks) != bool(is_open):
            wrong.append(f"{path}::{name}")
    assert wrong == []


def test_every_row_has_its_proof() -> None:
    """No fault stands there with words alone."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert [row for row in rows[1:] if not PROOF.search(row)] == []
