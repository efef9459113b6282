"""cli: `enqueue`: one message from options, or many from a file of JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from wedding_wa.cli.common import AsJson, misused, opened, print_json
from wedding_wa.cli.enqueue_file import load
from wedding_wa.services.enqueue import enqueue
from wedding_wa.services.enqueue_fields import request_of
from wedding_wa.services.weddings import the_wedding

To = Annotated[
    str | None, typer.Option(help="A phone number, a chat id, or household:CODE.")
]
Text = Annotated[str | None, typer.Option(help="The message.")]
Account = Annotated[
    str | None, typer.Option(help="groom or bride; else the number they wrote to last.")
]
Kind = Annotated[
    str | None, typer.Option(help="message (if not said) or notification.")
]
Category = Annotated[
    str | None,
    typer.Option(help="account, otp, system, notification, urgent, reminder or rsvp."),
]
Title = Annotated[
    str | None, typer.Option(help="A label for the queue; it is not sent.")
]
Priority = Annotated[
    int | None, typer.Option(help="1 (first) to 5 (last); else by category, or 3.")
]
At = Annotated[str | None, typer.Option(help="Not before this time.")]
ExpiresAt = Annotated[str | None, typer.Option(help="Not after this.")]
MaxAttempts = Annotated[int | None, typer.Option(help="Tries in all.")]
Key = Annotated[
    str | None, typer.Option(help="Queued once under this key, however often.")
]
File = Annotated[
    str | None, typer.Option(help="One JSON object a line; - reads the standard input.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Queue the file's good lines.")
]
FileKey = Annotated[
    str | None,
    typer.Option(help="A name for the file: each of its lines is queued once."),
]


def put(
    to: To = None,
    text: Text = None,
    account: Account = None,
    kind: Kind = None,
    category: Category = None,
    title: Title = None,
    priority: Priority = None,
    at: At = None,
    expires_at: ExpiresAt = None,
    max_attempts: MaxAttempts = None,
    idempotency_key: Key = None,
    file: File = None,
    skip_bad: SkipBad = False,
    file_key: FileKey = None,
    as_json: AsJson = False,
) -> None:
    """Queue a message and print its id. Times are ISO 8601, in the wedding's zone."""
    fields = {
        "account": account,
        "to": to,
        "text": text,
        "kind": kind,
        "category": category,
        "title": title,
        "priority": priority,
        "at": at,
        "expires_at": expires_at,
        "max_attempts": max_attempts,
        "idempotency_key": idempotency_key,
    }
    _check_options(
        fields, in_file={"--skip-bad": skip_bad, "--file-key": file_key}, file=file
    )
    if file is None:
        _put_one(fields, as_json=as_json)
    else:
        sys.exit(load(file, fields, skip_bad=skip_bad, key=file_key, as_json=as_json))


def _check_options(
    fields: Mapping[str, object], *, in_file: Mapping[str, object], file: str | None
) -> None:
    """One message has its options, a file has its own; mixed, one would be lost."""
    if file is None:
        for option, value in in_file.items():
            if value:
                misused("cli.enqueue.only_with_file", option=option)
        if fields["to"] is None or fields["text"] is None:
            misused("cli.enqueue.needs")
        return
    for name in ("to", "idempotency_key"):
        if fields[name] is not None:
            option = f"--{name.replace('_', '-')}"
            misused("cli.enqueue.not_with_file", option=option)


def _put_one(fields: Mapping[str, object], *, as_json: bool) -> None:
    with opened() as now:
        wedding_id, zone = now.db.read_now(the_wedding)
        request = request_of(fields, zone=zone)
        done = now.db.write_now(enqueue, wedding_id, request, now=now.clock.now())
    if as_json:
        print_json({"id": done.id, "task_id": done.task_id})
    else:
        print(done.id)
