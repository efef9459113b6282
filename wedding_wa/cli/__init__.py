"""cli: `python -m wedding_wa …`, one of the three doors."""

from __future__ import annotations

import sys

import typer

from wedding_wa.build.frontend import BuildError
from wedding_wa.cli import run as running
from wedding_wa.settings import SettingsError, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def wedding_wa() -> None:
    """Messages wedding guests on WhatsApp from the couple's own two numbers."""


@app.command()
def run() -> None:
    """Start the app: pages, API, worker and, without WAHA, the simulator."""
    running.run(load_settings())


@app.command()
def build() -> None:
    """Build the pages if they changed."""
    running.pages_folder()


def main() -> None:
    """Run the command line; a known problem ends in its sentence, not a traceback."""
    try:
        app()
    except (SettingsError, BuildError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        sys.exit(1)
