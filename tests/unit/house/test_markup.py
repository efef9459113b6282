"""What people wrote is shown as text: nothing turns a text of theirs into markup."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.unit.house.rooms import ROOT

# Reflex's ways to show markup; a text that is only a child is always escaped.
FORBIDDEN = {"html", "markdown", "script", "dangerouslySetInnerHTML"}
IN_SCRIPTS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")


def calls(room: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a room's modules, with its place."""
    for file in sorted((ROOT / "wedding_wa" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                yield f"{file.name}:{node.lineno}", node


def test_pages_have_no_way_to_show_markup() -> None:
    """No page asks Reflex for raw HTML or Markdown, where a name could be a script."""
    found, looked = [], 0
    for place, call in calls("pages"):
        looked += 1
        what = ast.unparse(call.func)
        named = {one.arg for one in call.keywords} & FORBIDDEN
        if named or what in {f"rx.{one}" for one in FORBIDDEN}:
            found.append(f"{place} {what}")
    assert found == []
    assert looked > 1000


def test_plain_pages_mark_up_only_what_we_wrote() -> None:
    """`Markup` is made of our own words or of our own files; all else is a value of
    `.format`, which escapes it."""
    found, looked = [], 0
    for place, call in calls("api"):
        if ast.unparse(call.func) != "Markup":
            continue
        looked += 1
        (said,) = call.args
        ours = isinstance(said, ast.Constant) or ".read_text(" in ast.unparse(said)
        if not ours:
            found.append(f"{place} {ast.unparse(call)}")
    assert found == []
    assert looked > 15


def test_scripts_write_text() -> None:
    """None of our own scripts puts markup together in the browser."""
    files = [
        file
        for file in (ROOT / "assets").rglob("*.js")
        if "node_modules" not in file.parts
    ]
    found = [
        f"{file.name}: {way}"
        for file in files
        for way in IN_SCRIPTS
        if way in file.read_text(errors="replace")
    ]
    assert files
    assert found == []
