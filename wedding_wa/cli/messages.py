"""cli: one message as it is, and an account's limits: show, policy."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from wedding_wa.cli.common import AsJson, opened
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.policy import as_texts
from wedding_wa.runtime import Runtime
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history import policy_of
from wedding_wa.services.policies import save_policy
from wedding_wa.services.records import message_record
from wedding_wa.services.weddings import the_wedding

Account = Annotated[str, typer.Option(help="groom or bride.")]

policy = typer.Typer(no_args_is_help=True, help="Read and change an account's limits.")


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
