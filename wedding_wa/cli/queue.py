"""cli: `queue`: what is in it, and what a person may do with one message."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from wedding_wa.cli import queue_orders, queue_settle
from wedding_wa.cli.common import AsJson, language, opened, print_json, tell, words
from wedding_wa.cli.messages import show
from wedding_wa.cli.queue_orders import Account, Search, State, not_too_late
from wedding_wa.cli.tables import print_table
from wedding_wa.domain.messages import Status
from wedding_wa.services import queue as orders
from wedding_wa.services.queue_pick import Listed, Pick, listed
from wedding_wa.services.queue_why import LINE_REACH, Why
from wedding_wa.services.weddings import the_wedding
from wedding_wa.words import say
from wedding_wa.words.sentences import error_words, waits_its_turn, why_it_waits

MessageId = Annotated[int, typer.Argument(help="The message's number.")]

app = typer.Typer(
    no_args_is_help=True, help="Look at the queue, and change what waits in it."
)
_PREVIEW = 40


@app.command("list")
def list_(
    state: State = None,
    account: Account = None,
    search: Search = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 25,
    after: Annotated[
        int | None, typer.Option(help="Go on behind this message's number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List messages, the newest first."""
    pick = Pick(state, account, search)
    with opened() as now:
        wedding_id, zone = now.db.read_now(the_wedding)
        moment = now.clock.now()
        found = now.db.read_now(
            listed, wedding_id, pick, limit=limit + 1, after=after, now=moment
        )
    rows, more = found[:limit], len(found) > limit
    told = _Told(ZoneInfo(zone), moment)
    if as_json:
        records = [_record(row, told) for row in rows]
        print_json({"messages": records, "next": rows[-1].id if more else None})
        return
    heads = words("cli.queue.heads").split(",")
    print_table(heads, (_cells(row, told) for row in rows))
    if more:
        tell(words("cli.queue.more", after=rows[-1].id))


@app.command()
def force(message_id: MessageId, as_json: AsJson = False) -> None:
    """Send one message now, past the limits; never past consent, opt-out or pause."""
    with opened() as now:
        wedding_id, _ = now.db.read_now(the_wedding)
        with not_too_late(message_id):
            now.db.write_now(orders.force, wedding_id, message_id, now=now.clock.now())
    _done(message_id, "force", as_json=as_json)


@app.command()
def edit(
    message_id: MessageId,
    text: Annotated[str, typer.Option(help="The new words.")],
    as_json: AsJson = False,
) -> None:
    """Change the words of a message that has not been on its way."""
    with opened() as now:
        wedding_id, _ = now.db.read_now(the_wedding)
        with not_too_late(message_id):
            now.db.write_now(
                orders.edit, wedding_id, message_id, text=text, now=now.clock.now()
            )
    _done(message_id, "edit", as_json=as_json)


app.command("show")(show)
app.command("cancel")(queue_orders.cancel)
app.command("hold")(queue_orders.hold)
app.command("release")(queue_orders.release)
app.command("retry")(queue_orders.retry)
app.command("priority")(queue_orders.priority)
app.command("settle")(queue_settle.settle)


class _Told:
    """Why a message waits or how it ended, in the terminal's language."""

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self._zone = zone
        self._now = now

    def about(self, row: Listed) -> str:
        lang = language()
        if row.why is not None:
            return self._why(row.why)
        if row.status == Status.SKIPPED and row.skip_reason:
            return say(lang, f"queue.skip.{row.skip_reason}")
        if row.state in ("unconfirmed", "refused"):
            return say(lang, f"queue.note.{row.state}")
        failed = row.status == Status.FAILED
        return error_words(lang, row.error_code) if failed else ""

    def _why(self, why: Why) -> str:
        lang, zone, now = language(), self._zone, self._now
        if why.before is None:
            return why_it_waits(
                lang,
                why.rule,
                why.params,
                why.until,
                account=why.account,
                zone=zone,
                now=now,
            )
        return waits_its_turn(
            lang,
            why.before,
            why.rule,
            why.params,
            why.until,
            account=why.account,
            zone=zone,
            now=now,
            many=LINE_REACH,
        )


def _cells(row: Listed, told: _Told) -> list[str]:
    text = " ".join(row.text[: 4 * _PREVIEW].split())
    return [
        str(row.id),
        row.account,
        row.who,
        say(language(), f"state.{row.state}"),
        str(row.priority),
        f"{row.tries}/{row.max_attempts}",
        row.title or (text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…"),
        told.about(row),
    ]


def _record(row: Listed, told: _Told) -> dict[str, object]:
    record = asdict(row) | {"about": told.about(row)}
    del record["why"]
    record["hold_rule"] = row.why.rule if row.why else None
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in record.items()
    }


def _done(message_id: int, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": message_id, "done": what})
    else:
        tell(words(f"cli.queue.one.{what}", id=message_id))
