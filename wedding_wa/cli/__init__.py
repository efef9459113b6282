"""cli: `python -m wedding_wa …`, one of the three doors."""

from __future__ import annotations

import sys

import typer

from wedding_wa.build.frontend import BuildError
from wedding_wa.cli import backup as backups
from wedding_wa.cli import (
    demo,
    doctor,
    enqueue,
    messages,
    people,
    queue,
    queue_settle,
    retries,
    tail,
    worker,
)
from wedding_wa.cli import run as running
from wedding_wa.cli.common import sentences
from wedding_wa.settings import SettingsError, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def wedding_wa() -> None:
    """Messages wedding guests on WhatsApp from the couple's own two numbers."""


@app.command()
def run() -> None:
    """Start the app: pages, API, worker and, without WAHA, the simulator."""
    with sentences():
        running.run(load_settings())


@app.command()
def build() -> None:
    """Build the pages if they changed."""
    running.pages_folder()


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulator(context: typer.Context) -> None:
    """Run the built-in WAHA simulator alone (--help tells its options)."""
    from wedding_wa.simulator.__main__ import main as simulate

    simulate(context.args)


app.command("demo")(demo.demo)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)
app.command("create-admin")(people.create_admin)
app.command("set-password")(people.set_password)
app.command("create-api-key")(people.create_api_key)
app.command("list-api-keys")(people.list_api_keys)
app.command("revoke-api-key")(people.revoke_api_key)
app.command("enqueue")(enqueue.put)
app.command("show")(messages.show)
app.command("rescue")(queue_settle.rescue)
app.command("process-retries")(retries.process)
app.command("tail")(tail.tail)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("restore-check")(backups.restore_check)
app.add_typer(queue.app, name="queue")
app.add_typer(messages.policy, name="policy")


def main() -> None:
    """Run the command line; a known problem ends in its sentence, not a traceback."""
    try:
        app()
    except (SettingsError, BuildError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        sys.exit(1)
