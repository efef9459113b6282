"""services: many messages from a file of JSON lines: read, checked, queued in batches.

Every line is checked before any is written. Under a file key each line has a key made
of its content, so that the same file again queues nothing twice, whatever was done of
it before.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

import sqlalchemy as sa
from sqlmodel import Session

from wedding_wa.domain.errors import BadInput, Conflict, WeddingError
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, check, enqueue
from wedding_wa.services.enqueue_fields import request_of

# A text at the limit, every character of it escaped, has 400,000 bytes.
MAX_LINE = 1_000_000
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be read. `number` counts from 1, as editors do."""

    number: int
    request: EnqueueRequest


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be queued, and why."""

    number: int
    error: WeddingError


def read_lines(
    source: BinaryIO,
    *,
    zone: str,
    defaults: Mapping[str, object],
    file_key: str | None = None,
) -> Iterator[Line | BadLine]:
    """Read every line; empty ones are none. `defaults` fill what a line leaves out.

    A file in another encoding than UTF-8 ends with its first line.
    """
    seen: Counter[str] = Counter()
    for number, raw in enumerate(_raw_lines(source), 1):
        try:
            if not raw.strip():
                continue
            fields = {**defaults, **_object(raw)}
            request = request_of(fields, zone=zone)
        except BadInput as error:
            yield BadLine(number, error)
            if error.code == "enqueue.bad.utf16":
                return
            continue
        if file_key is not None and request.idempotency_key is None:
            request = replace(request, idempotency_key=_key(file_key, fields, seen))
        yield Line(number, request)


def check_all(
    session: Session, wedding_id: int, lines: Sequence[Line], *, now: datetime
) -> tuple[list[BadLine], set[int]]:
    """Which lines would be refused, and the ids of those in the queue already."""
    bad: list[BadLine] = []
    there: set[int] = set()
    for line in lines:
        try:
            if made := check(session, wedding_id, line.request, now=now):
                there.add(made.id)
        except WeddingError as error:
            bad.append(BadLine(line.number, error))
    return bad, there


def enqueue_all(
    session: Session, wedding_id: int, lines: Sequence[Line], *, now: datetime
) -> list[Enqueued | BadLine]:
    """Queue these lines in one transaction; one that is refused hinders no other."""
    return [_one(session, wedding_id, line, now) for line in lines]


def _one(
    session: Session, wedding_id: int, line: Line, now: datetime
) -> Enqueued | BadLine:
    try:
        with session.begin_nested():
            return enqueue(session, wedding_id, line.request, now=now)
    except WeddingError as error:
        return BadLine(line.number, error)
    except sa.exc.IntegrityError:  # a rule of the database: it changed a moment ago
        return BadLine(line.number, Conflict("refused by the database"))


def _raw_lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines as they stand; of one that is too long only its beginning."""
    first = True
    while raw := source.readline(MAX_LINE + 1):
        yield raw.removeprefix(_UTF8_MARK) if first else raw
        first = False
        while len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            raw = source.readline(MAX_LINE + 1)


def _object(raw: bytes) -> dict[str, object]:
    if len(raw) > MAX_LINE:
        raise BadInput("enqueue.bad.line_long", "line", limit=MAX_LINE)
    if raw.startswith(_UTF16_MARKS):
        raise BadInput("enqueue.bad.utf16", "line")
    try:
        found = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise BadInput("enqueue.bad.utf8", "line") from None
    except (ValueError, RecursionError):
        raise BadInput("enqueue.bad.json", "line") from None
    if not isinstance(found, dict):
        raise BadInput("enqueue.bad.json", "line")
    return found


def _key(file_key: str, fields: Mapping[str, object], seen: Counter[str]) -> str:
    """The same for the same line, wherever it stands; one that stands there twice is
    meant twice."""
    content = json.dumps(fields, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{file_key}:{digest}:{seen[digest]}"
