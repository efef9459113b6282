"""cli: orders for one message, several, or all that match: cancel, hold, release, …"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from wedding_wa.cli.batches import progress, stoppable
from wedding_wa.cli.common import (
    REFUSED,
    STOPPED,
    AsJson,
    fail,
    misused,
    opened,
    print_json,
    tell,
    words,
)
from wedding_wa.domain.errors import Conflict
from wedding_wa.runtime import Runtime
from wedding_wa.services.queue_bulk import (
    Order,
    Progress,
    What,
    carry_out_one,
    in_batches,
)
from wedding_wa.services.queue_pick import Pick, picked
from wedding_wa.services.weddings import the_wedding

Ids = Annotated[
    list[int] | None, typer.Argument(help="The messages' numbers.", show_default=False)
]
State = Annotated[
    str | None,
    typer.Option(
        help="waiting, held, processing, sent, delivered, read, unconfirmed, failed, "
        "refused or skipped."
    ),
]
Account = Annotated[str | None, typer.Option(help="groom or bride.")]
Search = Annotated[str | None, typer.Option(help="Part of a name, a text or a number.")]
All = Annotated[bool, typer.Option("--all", help="All that match, not single ones.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options say."""

    ids: Sequence[int]
    pick: Pick
    every: bool
    yes: bool
    as_json: bool
    to: int = 3


def _all_alike(what: What, about: str) -> Callable[..., None]:
    """A command whose options say only which messages; `about` is its help."""

    def order(
        ids: Ids = None,
        state: State = None,
        account: Account = None,
        search: Search = None,
        every: All = False,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> None:
        pick = Pick(state, account, search)
        _order(what, _Asked(ids or [], pick, every, yes, as_json))

    order.__doc__ = about
    return order


cancel = _all_alike(What.CANCEL, "Take messages out of the queue for good.")
hold = _all_alike(What.HOLD, "Set messages aside until they are released.")
release = _all_alike(
    What.RELEASE, "Let messages go on that were set aside, by hand or by the app."
)


def retry(
    ids: Ids = None,
    account: Account = None,
    search: Search = None,
    every: All = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put failed messages back in the line; never what was refused for good."""
    pick = Pick("failed", account, search)
    _order(What.RETRY, _Asked(ids or [], pick, every, yes, as_json))


def priority(
    to: Annotated[int, typer.Option("--to", min=1, max=5, help="1 (first) to 5.")],
    ids: Ids = None,
    state: State = None,
    account: Account = None,
    search: Search = None,
    every: All = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let waiting messages go sooner or later than others."""
    pick = Pick(state, account, search)
    _order(What.PRIORITY, _Asked(ids or [], pick, every, yes, as_json, to))


def _order(what: What, asked: _Asked) -> None:
    if bool(asked.ids) == asked.every:
        misused("cli.queue.which")
    filters = (asked.pick.account, asked.pick.search, asked.pick.state)
    if asked.ids and any(filters[: 2 if what is What.RETRY else 3]):
        misused("cli.queue.filters")
    with opened() as now:
        wedding_id, _ = now.db.read_now(the_wedding)
        order = Order(what, wedding_id, priority=asked.to)
        ids = list(dict.fromkeys(asked.ids)) or now.db.read_now(
            picked, wedding_id, asked.pick, what
        )
        if asked.every and ids:
            sure(what, len(ids), yes=asked.yes)
        if len(asked.ids) == 1:
            _one(now, order, ids[0])
            done = Progress(1, 0, 1)
        else:
            with stoppable() as stopped:
                done = asyncio.run(_carry_out(now, order, ids, stopped))
    sys.exit(_told(what, done, as_json=asked.as_json))


def sure(what: str, n: int, *, yes: bool) -> None:
    """Ask before many are changed. Where nobody can answer, `--yes` must stand."""
    if yes:
        return
    if not sys.stdin.isatty():
        misused("cli.queue.say_yes", n=n)
    try:
        meant = typer.confirm(words(f"cli.queue.sure.{what}", n=n), err=True)
    except typer.Abort:  # Ctrl-C is an answer, too
        meant = False
    if not meant:
        sys.exit(STOPPED)


def _one(now: Runtime, order: Order, message_id: int) -> None:
    """One alone is refused in words; of many the number that was left is told."""
    with not_too_late(message_id):
        now.db.write_now(carry_out_one, order, message_id, now=now.clock.now())


@contextlib.contextmanager
def not_too_late(message_id: int) -> Iterator[None]:
    """What a message is by now may forbid it: say so, and where to look."""
    try:
        yield
    except Conflict:
        fail(words("cli.queue.too_late", id=message_id), REFUSED)


async def _carry_out(
    now: Runtime, order: Order, ids: Sequence[int], stopped: Callable[[], bool]
) -> Progress:
    """Batch by batch; told to stop, the batch under way is finished first."""
    done = Progress(0, 0, len(ids))
    if not ids:
        return done
    looked = 0
    steps = in_batches(now.db, order, ids, clock=now.clock)
    with progress(words(f"cli.queue.doing.{order.what}"), len(ids)) as advance:
        async with contextlib.aclosing(steps):
            async for done in steps:
                advance(done.done + done.left - looked)
                looked = done.done + done.left
                if stopped():
                    break
    return done


def _told(what: What, done: Progress, *, as_json: bool) -> int:
    stopped = not done.over
    if as_json:
        print_json(
            {
                "done": done.done,
                "left": done.left,
                "total": done.total,
                "stopped": stopped,
            }
        )
    else:
        tell(words(f"cli.queue.done.{what}", n=done.done))
        if done.left:
            tell(words("cli.queue.left", n=done.left))
        if stopped:
            looked = done.done + done.left
            tell(words("cli.stopped", done=looked, total=done.total))
    if stopped:
        return STOPPED
    return REFUSED if done.left else 0
