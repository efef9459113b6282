"""simulator: a pretend WAHA and a pretend WhatsApp behind it.

Another actor than the app: it imports nothing of the other rooms. See
docs/simulator.md.
"""

from __future__ import annotations

from wedding_wa.simulator.config import SimulatorConfig, Timings
from wedding_wa.simulator.in_tests import SimulatorServer

__all__ = ["SimulatorConfig", "SimulatorServer", "Timings"]
