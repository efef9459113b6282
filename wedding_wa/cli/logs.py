"""cli: how the log looks: one line an event, its facts behind it."""

from __future__ import annotations

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Libraries that tell every step; their warnings are enough.
_QUIET = ("httpx", "httpcore", "apscheduler", "alembic", "uvicorn")


class _Facts(logging.Formatter):
    """Adds `extra` as key=value, so that a line can be searched and counted."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        line = super().format(record)
        said = " ".join(f"{k}={v}" for k, v in facts.items() if k != "color_message")
        return f"{line} | {said}" if said else line


def configure(level: str) -> None:
    """Log to stderr from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Facts("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
