"""cli: what the commands share: the runtime, the wedding, times, sentences."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wedding_wa import runtime as runtimes
from wedding_wa.domain.errors import BadInput, WeddingError
from wedding_wa.runtime import Runtime
from wedding_wa.services.migrations import migrate
from wedding_wa.words import best_language, say

REFUSED = 3


@contextlib.contextmanager
def opened() -> Iterator[Runtime]:
    """The runtime on an up-to-date database, closed at the end.

    A refusal ends the program: its sentence on stderr, exit code 3.
    """
    made = runtimes.build()
    try:
        made.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        migrate(made.db.engine)
        yield made
    except WeddingError as error:
        print(sentence(error), file=sys.stderr)
        sys.exit(REFUSED)
    finally:
        made.db.close()


def sentence(error: WeddingError) -> str:
    """The error in the terminal's language."""
    return say(language(), error.code, **error.params)


def language() -> str:
    """The language of the terminal, as far as there are words in it."""
    return best_language(os.environ.get("LC_ALL") or os.environ.get("LANG"))


def moment(text: str | None, field: str, zone: str) -> datetime | None:
    """Read "2026-06-20T18:00"; without an offset it is the wedding's time."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("error.moment", field) from None
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(
        UTC
    )
