"""services: several things side by side, ended by the first fault or by the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from wedding_wa.domain.errors import WahaError


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run them to their ends; the first fault ends the others and is raised itself.

    A defect goes before a `WahaError`. Not an asyncio.TaskGroup: before Python 3.13,
    one whose task fails in the moment in which it is cancelled raises the fault and
    forgets that it was told to stop.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [end for end in ends if isinstance(end, Exception)]
    for fault in sorted(faults, key=lambda fault: isinstance(fault, WahaError)):
        raise fault
