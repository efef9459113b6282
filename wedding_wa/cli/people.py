"""cli: people and programs: the first owner, a lost password, API keys."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from wedding_wa.cli.common import (
    AsJson,
    language,
    opened,
    print_json,
    sentences,
    words,
)
from wedding_wa.cli.tables import print_table
from wedding_wa.services import apikey_list, apikeys, users, weddings
from wedding_wa.services.apikey_list import KeyRow
from wedding_wa.services.enqueue_fields import moment

Email = Annotated[str, typer.Option(help="The login.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]


def create_admin(email: Email, password_stdin: FromStdin = False) -> None:
    """Make an owner and, where there is none, a wedding with its two accounts."""
    password = _password(password_stdin)
    with opened() as now:
        now.db.write_now(
            weddings.create_admin,
            email=email,
            password=password,
            language=language(),
            now=now.clock.now(),
        )


def set_password(email: Email, password_stdin: FromStdin = False) -> None:
    """Set a new password; every browser of that person is logged out."""
    password = _password(password_stdin)
    with opened() as now:
        now.db.write_now(users.set_password, email, password, now=now.clock.now())


def create_api_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scopes: Annotated[
        str, typer.Option(help="read, send, control, admin; comma separated.")
    ] = "read",
    expires: Annotated[
        str | None, typer.Option(help="Until when it is good; else until revoked.")
    ] = None,
) -> None:
    """Make an API key and print it, once; only its hash is kept."""
    with opened() as now:
        wedding_id, zone = now.db.read_now(weddings.the_wedding)
        key = now.db.write_now(
            apikeys.create_key,
            wedding_id=wedding_id,
            name=name,
            scopes=scopes.replace(",", " ").split(),
            expires_at=moment(expires, "expires", zone),
            now=now.clock.now(),
        )
    print(key)


def list_api_keys(as_json: AsJson = False) -> None:
    """List the API keys, also those that have ended."""
    with opened() as now:
        wedding_id, zone = now.db.read_now(weddings.the_wedding)
        rows = now.db.read_now(
            apikey_list.newest_keys, wedding_id, now=now.clock.now(), ended=1000
        )
    if as_json:
        print_json([_plain(one) for one in rows])
        return
    heads = words("keys.heads").split(",")
    print_table(heads, [_cells(one, ZoneInfo(zone)) for one in rows])


def revoke_api_key(
    prefix: Annotated[str, typer.Argument(help="How it begins, as the list shows.")],
) -> None:
    """End an API key at once, with all keys that it made and all tokens for them."""
    with opened() as now:
        wedding_id, _ = now.db.read_now(weddings.the_wedding)
        moment_now = now.clock.now()
        found = now.db.read_now(apikey_list.key_of, wedding_id, prefix, moment_now)
        now.db.write_now(
            apikeys.revoke_key,
            found.id,
            wedding_id=wedding_id,
            by=None,
            now=moment_now,
        )


def _plain(row: KeyRow) -> dict[str, object]:
    times = ("created_at", "expires_at", "last_used_at", "revoked_at")
    told = {name: getattr(row, name) for name in times}
    return asdict(row) | {
        name: at.isoformat() if at else None for name, at in told.items()
    }


def _cells(row: KeyRow, zone: ZoneInfo) -> list[str]:
    def day(at: datetime | None) -> str:
        return at.astimezone(zone).isoformat(" ", "minutes")[:16] if at else ""

    return [
        row.prefix,
        row.name,
        " ".join(row.scopes),
        words(f"keys.state.{row.state}"),
        day(row.created_at),
        day(row.last_used_at),
        day(row.expires_at),
    ]


def _password(from_stdin: bool) -> str:
    with sentences():
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        return getpass.getpass("Password: ")
