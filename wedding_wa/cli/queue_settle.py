"""cli: `queue settle` and `rescue`: what nobody knows, and what nobody holds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from wedding_wa.cli.batches import in_batches, stoppable
from wedding_wa.cli.common import (
    REFUSED,
    STOPPED,
    AsJson,
    misused,
    opened,
    print_json,
    tell,
    words,
)
from wedding_wa.cli.queue_orders import All, Ids, Yes, not_too_late, sure
from wedding_wa.domain.errors import Conflict, NotFound
from wedding_wa.runtime import Runtime
from wedding_wa.services import queue
from wedding_wa.services.queue_pick import Pick, listed
from wedding_wa.services.rescued import Held, rescue_and_tell
from wedding_wa.services.settler import Settled
from wedding_wa.services.unconfirmed import settle_now
from wedding_wa.services.weddings import the_wedding

_MOST = 100_000

Sent = Annotated[
    bool, typer.Option("--sent", help="You have seen in the chat that it went.")
]
Again = Annotated[
    bool, typer.Option("--again", help="You have seen that it did not go: send it.")
]


def settle(
    ids: Ids = None,
    sent: Sent = False,
    again: Again = False,
    every: All = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Look for what became of unconfirmed messages, or say it yourself."""
    if sent and again:
        misused("cli.settle.one_of")
    if not (sent or again):
        _look(ids or [], as_json=as_json)
        return
    if bool(ids) == every:
        misused("cli.queue.which")
    what = "sent" if sent else "again"
    sys.exit(_declare(what, ids or [], yes=yes, as_json=as_json))


def rescue(as_json: AsJson = False) -> None:
    """Free what dead workers hold; a living one keeps what it has."""
    with opened() as now:
        done = now.db.write_now(rescue_and_tell, now=now.clock.now())
    if as_json:
        print_json({"freed": _records(done.freed), "kept": _records(done.kept)})
        return
    for one in done.freed:
        tell(words(f"cli.rescue.became.{one.became}", id=one.id, account=one.account))
    for one in done.kept:
        tell(words("cli.rescue.kept", id=one.id, account=one.account, by=one.by or "?"))
    tell(words("cli.rescue.freed", n=len(done.freed)))


def _look(ids: Sequence[int], *, as_json: bool) -> None:
    """Look for evidence now: of these, or of all that are in doubt."""
    with opened() as now:
        done = asyncio.run(_settle(now, ids))
    if as_json:
        print_json(asdict(done))
    else:
        tell(words("cli.settle.looked", n=done.settled + done.open))
        for name in ("sent", "not_sent", "open"):
            if count := getattr(done, name):
                tell(words(f"cli.settle.{name}", n=count))


async def _settle(now: Runtime, ids: Sequence[int]) -> Settled:
    after = timedelta(seconds=now.settings.settle_after_seconds)
    try:
        return await settle_now(
            now.db, now.clients, now.clock, settle_after=after, message_ids=ids or None
        )
    finally:
        await now.clients.aclose()


def _declare(what: str, ids: Sequence[int], *, yes: bool, as_json: bool) -> int:
    """Take a person's word for it, message by message, each on record."""
    done: list[int] = []
    left: list[int] = []
    with opened() as now:
        wedding_id, _ = now.db.read_now(the_wedding)
        wanted = list(dict.fromkeys(ids)) or _in_doubt(now, wedding_id)
        if not ids and wanted:
            sure(f"settle_{what}", len(wanted), yes=yes)

        def take(some: Sequence[int]) -> None:
            for one in some:
                try:
                    _one(now, wedding_id, one, what)
                    done.append(one)
                except (Conflict, NotFound):
                    if len(wanted) == 1:
                        raise
                    left.append(one)

        label = words("cli.settle.doing")
        with not_too_late(wanted[0] if wanted else 0), stoppable() as stopped:
            looked = in_batches(wanted, take, label=label, stopped=stopped, size=1)
    was_stopped = looked < len(wanted)
    if as_json:
        print_json({"done": done, "left": left, "stopped": was_stopped})
    else:
        tell(words(f"cli.settle.declared_{what}", n=len(done)))
        if left:
            tell(words("cli.queue.left", n=len(left)))
        if was_stopped:
            tell(words("cli.stopped", done=looked, total=len(wanted)))
    if was_stopped:
        return STOPPED
    return REFUSED if left else 0


def _one(now: Runtime, wedding_id: int, message_id: int, what: str) -> None:
    declare = queue.declare_sent if what == "sent" else queue.send_again
    now.db.write_now(declare, wedding_id, message_id, by=None, now=now.clock.now())


def _in_doubt(now: Runtime, wedding_id: int) -> list[int]:
    rows = now.db.read_now(
        listed,
        wedding_id,
        Pick("unconfirmed"),
        limit=_MOST,
        after=None,
        now=now.clock.now(),
    )
    return [row.id for row in reversed(rows)]


def _records(some: Sequence[Held]) -> list[dict[str, object]]:
    return [asdict(one) for one in some]
