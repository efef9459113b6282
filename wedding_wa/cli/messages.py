"""cli: messages and limits: enqueue, show, policy."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from wedding_wa.cli.common import moment, opened
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.policy import as_texts
from wedding_wa.runtime import Runtime
from wedding_wa.services.enqueue import (
    EnqueueRequest,
    account_id_of,
    enqueue,
)
from wedding_wa.services.history import policy_of
from wedding_wa.services.policies import save_policy
from wedding_wa.services.records import message_record
from wedding_wa.services.weddings import the_wedding

Account = Annotated[str, typer.Option(help="groom or bride.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]

policy = typer.Typer(no_args_is_help=True, help="Read and change an account's limits.")


def put(
    to: Annotated[
        str,
        typer.Option(help="A phone number, a chat id, or household:CODE."),
    ],
    text: Annotated[str, typer.Option(help="The message.")],
    account: Annotated[
        str | None,
        typer.Option(help="groom or bride; else the number they wrote to last."),
    ] = None,
    priority: Annotated[int, typer.Option(help="1 (first) to 5 (last).")] = 3,
    at: Annotated[str | None, typer.Option(help="Not before this time.")] = None,
    expires_at: Annotated[str | None, typer.Option(help="Not after this.")] = None,
    max_attempts: Annotated[int | None, typer.Option(help="Tries in all.")] = None,
) -> None:
    """Queue a message and print its id. Times are ISO 8601, in the wedding's zone."""
    with opened() as now:
        wedding_id, zone = now.db.read_now(the_wedding)
        request = EnqueueRequest(
            account=account,
            to=to,
            text=text,
            priority=priority,
            due_at=moment(at, "--at", zone),
            expires_at=moment(expires_at, "--expires-at", zone),
            max_attempts=max_attempts,
        )
        done = now.db.write_now(enqueue, wedding_id, request, now=now.clock.now())
    print(done.id)


def show(message_id: int, as_json: AsJson = False) -> None:
    """Show one message with its timeline."""
    with opened() as now:
        record = now.db.read_now(message_record, message_id)
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
        return
    events = record.pop("events")
    console = Console()
    facts = Table(show_header=False, box=None)
    for name, value in record.items():
        if value is not None:
            facts.add_row(name, str(value))
    console.print(facts)
    lines = Table("phase", "time", "ms", "details", box=None)
    for event in events if isinstance(events, list) else []:
        details = ", ".join(f"{k}={v}" for k, v in event["metadata"].items())
        took = event["duration_ms"]
        lines.add_row(
            event["phase"],
            event["timestamp"],
            "" if took is None else str(took),
            details,
        )
    console.print(lines)


@policy.command("get")
def policy_get(account: Account, as_json: AsJson = False) -> None:
    """Print every limit of an account as key=value."""
    with opened() as now:
        value = now.db.read_now(policy_of, _account_id(now, account))
    texts = as_texts(value)
    if as_json:
        print(json.dumps(texts))
        return
    for name, text in texts.items():
        print(f"{name}={text}")


@policy.command("set")
def policy_set(
    changes: Annotated[list[str], typer.Argument(help="key=value, several at once.")],
    account: Account,
) -> None:
    """Change limits of an account; they hold from the next message on."""
    with opened() as now:
        texts = dict(_pair(change) for change in changes)
        now.db.write_now(
            save_policy, _account_id(now, account), texts, now=now.clock.now()
        )


def _account_id(now: Runtime, key: str) -> int:
    wedding_id, _ = now.db.read_now(the_wedding)
    return now.db.read_now(account_id_of, wedding_id, key)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput("error.policy.pair", text)
    return name.strip(), value
