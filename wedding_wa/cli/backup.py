"""cli: `backup`, `restore`, `restore-check`: copies and their way back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wedding_wa.cli.common import (
    REFUSED,
    TROUBLE,
    AsJson,
    fail,
    opened,
    print_json,
    sentence,
    sentences,
    tell,
    words,
)
from wedding_wa.services import backup as backups
from wedding_wa.services import restore as restores
from wedding_wa.services import restore_check as checks
from wedding_wa.services.backup_file import BackupFailed
from wedding_wa.services.clock import Clock
from wedding_wa.services.weddings import the_wedding
from wedding_wa.settings import Settings, load_settings

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="An older backup there may go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy everything into one file, also while the app runs and sends."""
    settings = load_settings()
    with _told(), _shown("backup.cli.copying", as_json):
        made = backups.make_backup(
            settings.database, file, overwrite=overwrite, clock=Clock()
        )
    if as_json:
        print_json(
            {
                "file": str(made.file),
                "bytes": made.size,
                "messages": made.messages,
                "revision": made.revision,
                "copied_at": made.copied_at.isoformat(),
                "took_seconds": made.took_seconds,
                "keep_too": _key(settings),
            }
        )
        return
    size = f"{made.size / 1_000_000:.1f}"
    took = f"{made.took_seconds:.1f}"
    print(words("backup.cli.done", file=made.file, size=size, seconds=took))
    print(words("backup.cli.holds", n=made.messages))
    print(words("backup.cli.keep_too", secret=_key(settings)))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database. The app must be stopped."""
    settings = load_settings()
    with _told():
        if not yes and restores.holds_a_wedding(settings.database):
            _ask(words("backup.cli.replace", place=_place(settings)))
        with _shown("backup.cli.checking", as_json):
            done = restores.restore(
                settings.database, file, settings.data_dir, clock=Clock()
            )
    if as_json:
        print_json(
            {
                "messages": done.messages,
                "revision": done.revision,
                "copied_at": done.copied_at.isoformat(),
                "before": str(done.before) if done.before else None,
            }
        )
        return
    print(words("backup.cli.restored", n=done.messages, at=_local(done.copied_at)))
    if done.before is not None:
        print(words("backup.cli.before", file=done.before))
    print(words("backup.cli.next"))


def restore_check(
    skip: Annotated[
        str | None,
        typer.Option(help="groom or bride: send again without having asked."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a restored copy still waits for, or end the waiting by hand."""
    with opened() as now:
        wedding_id, _ = now.db.read_now(the_wedding)
        if skip is not None:
            now.db.read_now(checks.check_key, wedding_id, skip)
            if not yes:
                _ask(words("backup.cli.skip", account=skip))
            now.db.write_now(checks.skip, wedding_id, skip, now=now.clock.now())
        waiting = now.db.read_now(checks.waiting, wedding_id)
    if as_json:
        print_json(
            [
                {
                    "account": one.account,
                    "restored_from": one.restored_from.isoformat(),
                    "reason": one.why,
                }
                for one in waiting
            ]
        )
        return
    if not waiting:
        print(words("backup.cli.nothing_waits"))
    for one in waiting:
        at = _local(one.restored_from)
        print(words("backup.cli.waits", account=one.account, at=at))
        print("  " + words(f"backup.why.{one.why or checks.SETTLING}"))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """`sentences`; what the disk would not do is trouble, not a refusal."""
    with sentences():
        try:
            yield
        except BackupFailed as error:
            fail(sentence(error), TROUBLE)


@contextlib.contextmanager
def _shown(key: str, as_json: bool) -> Iterator[None]:
    """Something that moves, for a person at a terminal, while it takes long."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield
        return
    with console.status(words(key)):
        yield


def _ask(question: str) -> None:
    """A person says yes, or it ends here; a program must have said --yes."""
    if not sys.stdin.isatty():
        tell(question)
        fail(words("backup.cli.say_yes"), REFUSED)
    if not typer.confirm(question):
        fail(words("backup.cli.left_alone"), REFUSED)


def _key(settings: Settings) -> str:
    if settings.secret_key.get_secret_value():
        return "SECRET_KEY"
    return str((settings.data_dir / "secret_key").resolve())


def _place(settings: Settings) -> str:
    file = backups.database_file(settings.database)
    return str(file) if file else "PostgreSQL (DATABASE_URL)"


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %z}"
