"""services: named places at which a test may kill the process, exactly there.

Off unless the environment names one: WEDDING_WA_FAILPOINT=marked. The process then
dies as by `kill -9`, the first time it gets there; nothing is cleaned up.
"""

from __future__ import annotations

import os
import signal

_ARMED = os.environ.get("WEDDING_WA_FAILPOINT", "")

# In the order in which a send reaches them. "claiming", "marking" and "finishing" lie
# within the transaction, before its commit; "posting" just before the call.
NAMES = (
    "claiming",
    "claimed",
    "reading",
    "seen",
    "waiting_human",
    "waited",
    "typing",
    "typing_started",
    "typing_stopped",
    "reserved",
    "listened",
    "marking",
    "marked",
    "posting",
    "answered",
    "finishing",
    "finished",
)


def reach(name: str) -> None:
    """Say that the send got to `name`."""
    if name == _ARMED:
        os.kill(os.getpid(), signal.SIGKILL)
