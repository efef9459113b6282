"""cli: people and programs: the first owner, a lost password, API keys."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from wedding_wa.cli.common import language, opened, sentences
from wedding_wa.services import apikeys, users, weddings

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
) -> None:
    """Make an API key and print it, once; only its hash is kept."""
    with opened() as now:
        wedding_id, _ = now.db.read_now(weddings.the_wedding)
        key = now.db.write_now(
            apikeys.create_key,
            wedding_id=wedding_id,
            name=name,
            scopes=scopes.replace(",", " ").split(),
            now=now.clock.now(),
        )
    print(key)


def _password(from_stdin: bool) -> str:
    with sentences():
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        return getpass.getpass("Password: ")
