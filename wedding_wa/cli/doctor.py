"""cli: `doctor`: what is wrong, and what mends it."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console

from wedding_wa import engine
from wedding_wa import runtime as runtimes
from wedding_wa.cli.common import language, sentences
from wedding_wa.services.doctor import Finding, examine
from wedding_wa.words import say


def doctor() -> None:
    """Check settings, database, WAHA and clock; exit 1 when something is wrong."""
    with sentences():
        findings = asyncio.run(_examine())
    console = Console()
    for finding in findings:
        _print(console, finding)
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


async def _examine() -> list[Finding]:
    runtime = runtimes.build()  # bad settings end here, in their sentence
    try:
        return await examine(
            runtime.db.engine,
            engine.places(runtime.settings),
            webhook_base=runtime.settings.webhook_base,
            clock=runtime.clock,
        )
    finally:
        await runtime.aclose()


def _print(console: Console, finding: Finding) -> None:
    lang = language()
    mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
    name = say(lang, f"doctor.check.{finding.check}", **finding.params)
    console.print(f"{mark} {name}", highlight=False, soft_wrap=True)
    if not finding.ok:
        remedy = say(lang, f"doctor.remedy.{finding.remedy}", **finding.params)
        console.print(f"  → {remedy}", highlight=False, soft_wrap=True)
