"""cli: what the commands share: the runtime, the wedding, sentences, exit codes.

0 done · 1 trouble (database, disk, WAHA, settings) · 2 not understood · 3 refused ·
130 stopped with Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer

from wedding_wa import runtime as runtimes
from wedding_wa.cli.troubles import TROUBLES, told
from wedding_wa.domain.errors import WahaError, WeddingError
from wedding_wa.runtime import Runtime
from wedding_wa.services.migrations import migrate
from wedding_wa.words import best_language, say

TROUBLE = 1
USAGE = 2
REFUSED = 3
STOPPED = 130

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@contextlib.contextmanager
def opened() -> Iterator[Runtime]:
    """The runtime on an up-to-date database, closed at the end.

    A refusal ends the program: its sentence on stderr, exit code 3; so does a known
    trouble, with exit code 1.
    """
    with sentences():
        made = runtimes.build()
        try:
            made.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            migrate(made.db.engine)
            yield made
        finally:
            made.db.close()


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn what is known to go wrong into a sentence and an exit code."""
    try:
        yield
    except BrokenPipeError:  # whoever read our output has gone: nothing to tell
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # until the process ends
        sys.exit(TROUBLE)
    except UnicodeError:  # bytes of another encoding, as an argument or typed
        fail(words("cli.trouble.encoding"), USAGE)
    except WahaError as error:
        fail(sentence(error), TROUBLE)
    except WeddingError as error:
        fail(sentence(error), REFUSED)
    except TROUBLES as error:
        fail(told(error, language()), TROUBLE)
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def misused(key: str, **params: object) -> NoReturn:
    """Options that make no sense together: exit code 2, as for an unknown one."""
    raise typer.BadParameter(words(key, **params))


def fail(text: str, code: int) -> NoReturn:
    """End the program with a sentence on stderr."""
    tell(text)
    sys.exit(code)


def tell(text: str) -> None:
    """A sentence to the person; stdout belongs to what a program may read."""
    print(text, file=sys.stderr)


def print_json(value: object) -> None:
    """The one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False))


def sentence(error: WeddingError) -> str:
    """The error in the terminal's language."""
    return say(language(), error.code, **error.params)


def words(key: str, **params: object) -> str:
    """Words of the command line in the terminal's language."""
    return say(language(), key, **params)


def language() -> str:
    """The language of the terminal, as far as there are words in it."""
    return best_language(os.environ.get("LC_ALL") or os.environ.get("LANG"))
