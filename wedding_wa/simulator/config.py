"""simulator: what can be set about the pretend WAHA and its waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

VERSION = "2026.7.1"
ENGINE = "NOWEB"
TIER = "CORE"
FIRST_SESSIONS = ("groom", "bride", "default")
DEFAULT_API_KEY = "simulator"

Span = tuple[float, float]


@dataclass(frozen=True)
class Timings:
    """How long WAHA and WhatsApp take, in seconds at speed 1.

    A pair is drawn evenly between its ends. The figures were recorded from a real
    WAHA with the engine NOWEB, but for those of the phones, which are ours.
    """

    until_running: float = 5.0  # how long a request waits for a stopped session
    until_status: float = 10.0  # … and for a running one in another status
    lock: float = 5.0  # how long a session command waits for the one before it
    stop: float = 3.0
    unpair: float = 1.0  # logout and delete: on top of the stop
    connect: Span = (0.8, 1.4)  # STARTING until WhatsApp answers
    scan: Span = (0.3, 0.5)  # the phone has scanned until STARTING
    pair: Span = (1.7, 2.3)  # that STARTING until WORKING
    first_code: float = 60.0
    next_code: float = 20.0
    codes: int = 6
    answer: Span = (0.03, 0.14)  # sendText until its answer
    device_ack: Span = (0.2, 1.0)  # sent until two ticks
    read_ack: Span = (1.5, 5.0)  # two ticks until blue
    error_lead: float = 0.07  # an ERROR ack comes this long before its message
    typing_fades: float = 25.0  # a phone forgets "typing" without news
    online: float = 25.0  # presence after the last activity
    shuffle: float = 2.0  # how long shuffled webhooks are collected


@dataclass(frozen=True)
class SimulatorConfig:
    """One simulator: `speed` divides every wait of its own."""

    api_key: str = DEFAULT_API_KEY
    speed: float = 1.0
    state: Path | None = None
    seed: int | None = None
    timings: Timings = field(default_factory=Timings)

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed must be greater than 0")
