"""cli: `enqueue --file`: every line checked, then queued in batches; ids on stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from wedding_wa.cli.batches import in_batches, stoppable
from wedding_wa.cli.common import (
    REFUSED,
    STOPPED,
    misused,
    opened,
    print_json,
    sentence,
    tell,
    words,
)
from wedding_wa.cli.troubles import TROUBLES
from wedding_wa.runtime import Runtime
from wedding_wa.services.enqueue_fields import file_key_of
from wedding_wa.services.enqueue_lines import (
    BadLine,
    Line,
    check_all,
    enqueue_all,
    read_lines,
)
from wedding_wa.services.weddings import the_wedding

# More bad lines than this fill the screen and say the same.
_SHOWN = 20


@dataclass
class _Load:
    """A file on its way into the queue. `ids` are of the lines done, in their order."""

    total: int = 0
    bad: list[BadLine] = field(default_factory=list)
    there: set[int] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)
    done: int = 0
    given_up: bool = False
    stopped: bool = False


def load(
    file: str,
    defaults: Mapping[str, object],
    *,
    skip_bad: bool,
    key: str | None,
    as_json: bool,
) -> int:
    """Queue the file's messages; return the exit code: 0 only if all of them are in."""
    said = {name: value for name, value in defaults.items() if value is not None}
    made = _Load()
    with _source(file) as source, opened() as now, stoppable() as stopped:
        wedding_id, zone = now.db.read_now(the_wedding)
        lines = _read(made, source, said, file_key_of(key), zone)
        good = _check(made, now, wedding_id, lines, stopped)
        made.given_up = bool(made.bad) and not skip_bad
        try:
            if not made.given_up and not stopped():
                _put(made, now, wedding_id, good, stopped, streaming=not as_json)
        except TROUBLES:  # what was done stays done, and is told first
            made.stopped = True
            _report(made, as_json=as_json)
            raise
        made.stopped = stopped() and made.done < len(good)
    _report(made, as_json=as_json)
    if made.stopped:
        return STOPPED
    return REFUSED if made.bad or not made.total else 0


def _read(
    made: _Load,
    source: BinaryIO,
    defaults: Mapping[str, object],
    key: str | None,
    zone: str,
) -> list[Line]:
    lines = []
    for line in read_lines(source, zone=zone, defaults=defaults, file_key=key):
        made.total += 1
        if isinstance(line, Line):
            lines.append(line)
        else:
            made.bad.append(line)
    return lines


def _check(
    made: _Load,
    now: Runtime,
    wedding_id: int,
    lines: Sequence[Line],
    stopped: Callable[[], bool],
) -> list[Line]:
    """The lines that would be taken as things stand."""

    def look(some: Sequence[Line]) -> None:
        bad, there = now.db.read_now(check_all, wedding_id, some, now=now.clock.now())
        made.bad += bad
        made.there |= there

    in_batches(lines, look, label=words("cli.enqueue.checking"), stopped=stopped)
    wrong = {line.number for line in made.bad}
    return [line for line in lines if line.number not in wrong]


def _put(
    made: _Load,
    now: Runtime,
    wedding_id: int,
    lines: Sequence[Line],
    stopped: Callable[[], bool],
    *,
    streaming: bool,
) -> None:
    """Queue them; ids are printed as soon as they are safe, except on a terminal."""
    quiet = not streaming or sys.stdout.isatty()

    def put(some: Sequence[Line]) -> None:
        results = now.db.write_now(enqueue_all, wedding_id, some, now=now.clock.now())
        made.bad += [one for one in results if isinstance(one, BadLine)]
        ids = [one.id for one in results if not isinstance(one, BadLine)]
        made.ids += ids
        if ids and not quiet:
            print(*ids, sep="\n", flush=True)

    label = words("cli.enqueue.queueing")
    made.done = in_batches(lines, put, label=label, stopped=stopped)


def _report(made: _Load, *, as_json: bool) -> None:
    made.bad.sort(key=lambda line: line.number)
    queued, already = set(made.ids) - made.there, set(made.ids) & made.there
    if as_json:
        print_json(
            {
                "queued": len(queued),
                "already": len(already),
                "ids": made.ids,
                "bad": [_as_record(line) for line in made.bad],
                "stopped": made.stopped,
            }
        )
        return
    for line in made.bad[:_SHOWN]:
        tell(words("cli.line", n=line.number, why=sentence(line.error)))
    if len(made.bad) > _SHOWN:
        tell(words("cli.enqueue.more_bad", n=len(made.bad) - _SHOWN))
    for text in _summary(made, len(queued), len(already)):
        tell(text)


def _summary(made: _Load, queued: int, already: int) -> Iterator[str]:
    if not made.total:
        yield words("cli.enqueue.empty")
        return
    if made.given_up:
        yield words("cli.enqueue.bad_nothing", n=len(made.bad))
        return
    if made.stopped:
        yield words("cli.stopped", done=len(made.ids), total=made.total)
    yield words("cli.enqueue.queued", n=queued)
    if already:
        yield words("cli.enqueue.already", n=already)
    if made.bad:
        yield words("cli.enqueue.bad_left_out", n=len(made.bad))


def _as_record(line: BadLine) -> dict[str, object]:
    return {
        "line": line.number,
        "code": line.error.code,
        "field": getattr(line.error, "field", None),
        "error": sentence(line.error),
    }


@contextlib.contextmanager
def _source(name: str) -> Iterator[BinaryIO]:
    """The file, or the standard input; one that cannot be read is a wrong option."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        source = open(name, "rb")  # noqa: SIM115  # closed below
    except OSError as error:
        misused("cli.enqueue.no_file", file=name, why=error.strerror)
    with source:
        yield source
