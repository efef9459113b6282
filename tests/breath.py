"""How long a machine may take for what it does quickly when it is at rest."""

from __future__ import annotations

import os


def breath() -> float:
    """1 up to 5: so many times longer, on a machine that is out of breath (twice as
    much to do as it has cores, or more)."""
    much = os.getloadavg()[0] / (2 * (os.cpu_count() or 1))
    return max(1.0, min(much, 5.0))
