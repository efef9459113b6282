"""cli: `process-retries`: what waits for another try goes, as far as it may."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated

import typer

from wedding_wa import engine
from wedding_wa.cli.common import (
    STOPPED,
    TROUBLE,
    AsJson,
    opened,
    print_json,
    tell,
    words,
)
from wedding_wa.cli.logs import configure
from wedding_wa.cli.tables import print_table
from wedding_wa.runtime import Runtime
from wedding_wa.services.process_retries import (
    MAX_RETRIES,
    AccountRetries,
    RetryStats,
    process_retries,
)
from wedding_wa.services.weddings import the_wedding

_COLUMNS = ("due", "rescued", "sent", "later", "failed", "unconfirmed")


def process(
    max_retries: Annotated[
        int, typer.Option(min=0, max=100_000, help="Try at most so many.")
    ] = MAX_RETRIES,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, say what would be done.")
    ] = False,
    cleanup: Annotated[
        bool, typer.Option("--cleanup", help="Forget old tries as well.")
    ] = False,
    cleanup_days: Annotated[
        int, typer.Option(min=1, max=3650, help="Older than so many days.")
    ] = 30,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell each account and each step.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send retries whose time has come, where no worker does it already."""
    if verbose:
        configure("INFO")
    with opened() as now:
        now.db.read_now(the_wedding)
        stats = asyncio.run(
            _until_told(
                now,
                max_retries=max_retries,
                dry_run=dry_run,
                cleanup_days=cleanup_days if cleanup else None,
                verbose=verbose and not as_json,
            )
        )
    if stats is None:
        tell(words("cli.retries.stopped"))
        sys.exit(STOPPED)
    _report(stats, as_json=as_json)
    sys.exit(TROUBLE if any(one.ended == "deaf" for one in stats.accounts) else 0)


async def _until_told(
    now: Runtime,
    *,
    max_retries: int,
    dry_run: bool,
    cleanup_days: int | None,
    verbose: bool,
) -> RetryStats | None:
    """Run until done, or until SIGINT or SIGTERM: then stop as a worker does, which
    gives back what is in hand or waits for its answer. None: stopped."""
    run = asyncio.ensure_future(
        process_retries(
            engine.parts_of(now),
            max_retries=max_retries,
            dry_run=dry_run,
            cleanup_days=cleanup_days,
            rng=now.rng,
            told=_tell_account if verbose else lambda _: None,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, run.cancel)
    try:
        await asyncio.wait([run])
        return None if run.cancelled() else run.result()
    finally:
        await now.clients.aclose()


def _report(stats: RetryStats, *, as_json: bool) -> None:
    if as_json:
        print_json(stats.as_json())
        return
    if stats.dry_run:
        tell(words("cli.retries.dry"))
    heads = [
        words("cli.retries.account"),
        *(words(f"cli.retries.{c}") for c in _COLUMNS),
    ]
    print_table(heads, (_cells(one) for one in stats.accounts))
    for one in stats.accounts:
        for text in _about(one):
            tell(text)
    if stats.unconfirmed:
        settled = stats.settled_sent + stats.settled_not_sent
        tell(words("cli.retries.doubt", n=stats.unconfirmed, settled=settled))
    if stats.cleaned is not None:
        which = "would_clean" if stats.dry_run else "cleaned"
        tell(words(f"cli.retries.{which}", n=stats.cleaned))


def _cells(one: AccountRetries) -> list[str]:
    return [
        words(f"common.account.{one.account}"),
        *(str(getattr(one, c)) for c in _COLUMNS),
    ]


def _about(one: AccountRetries) -> list[str]:
    account = words(f"common.account.{one.account}")
    said = []
    if one.due and one.served_by:
        said.append(
            words(
                "cli.retries.on_their_way", n=one.due, account=account, by=one.served_by
            )
        )
    if one.ended in ("wait", "deaf", "lost", "limit"):
        until = one.until.isoformat(timespec="seconds") if one.until else "–"
        said.append(
            words(f"cli.retries.ended.{one.ended}", account=account, until=until)
        )
    return said


def _tell_account(one: AccountRetries) -> None:
    figures = ", ".join(f"{c} {getattr(one, c)}" for c in _COLUMNS)
    tell(f"{one.account}: {figures}")
