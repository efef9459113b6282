"""docs/cli.md and the commands are one truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from wedding_wa.cli import app
from wedding_wa.domain.notifications import Category
from wedding_wa.services.enqueue_fields import FIELDS

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
HEADING = re.compile(r"^## (.+)$", re.M)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def commands(parent: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every command that does something, with its options."""
    for name, command in getattr(parent, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
            continue
        options = {one for p in command.params for one in p.opts if one[:2] == "--"}
        yield f"{before}{name}", options - {"--help"}


COMMANDS = dict(commands(get_command(app)))


def sections() -> dict[str, str]:
    """The text about each command that a heading names."""
    parts = HEADING.split(PAGE)
    return {
        command: text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
        for command in re.findall(r"`([^`]+)`", heading)
    }


def test_every_command_has_its_section_and_nothing_else() -> None:
    """A new command comes with its words, an old one goes with them."""
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_told_and_exists(command: str) -> None:
    """What the page names is there; what is there, the page names."""
    told = set(OPTION.findall(sections()[command]))
    assert COMMANDS[command] <= told
    family = [c for c, text in sections().items() if text == sections()[command]]
    assert told <= set().union(*(COMMANDS[one] for one in family))


def test_the_files_fields_are_told() -> None:
    """And the categories."""
    text = sections()["enqueue"]
    assert all(f"`{name}`" in text for name in (*FIELDS, *Category))
