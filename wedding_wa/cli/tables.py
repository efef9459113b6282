"""cli: lists as people read them: a table on a terminal, tabs between columns else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the rows; only a person at a terminal needs the heads and the frame."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table(*heads, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    Console().print(table)


def _plain(cell: str) -> str:
    """A guest's "[red]" is no colour of ours."""
    return cell.replace("[", r"\[")
