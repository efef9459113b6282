"""cli: `worker`: everything that sends, without the pages."""

from __future__ import annotations

import asyncio
import signal

from wedding_wa import engine
from wedding_wa import runtime as runtimes
from wedding_wa.cli.common import sentences
from wedding_wa.cli.logs import configure
from wedding_wa.runtime import Runtime
from wedding_wa.services.migrations import migrate


def worker() -> None:
    """Send what is queued, listen to WAHA's stored events, do the chores."""
    runtime = runtimes.current()
    configure(runtime.settings.log_level)
    with sentences():
        runtime.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        migrate(runtime.db.engine)
        asyncio.run(_until_told(runtime))


async def _until_told(runtime: Runtime) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    try:
        async with engine.running(runtime, worker=True):
            await told.wait()
    finally:
        await runtime.aclose()
