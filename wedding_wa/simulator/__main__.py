"""simulator: `python -m wedding_wa.simulator`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wedding_wa.simulator.config import DEFAULT_API_KEY, SimulatorConfig
from wedding_wa.simulator.server import listen, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator until it is told to end; return the exit code."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="simulator: %(message)s")
    try:
        sock = listen(options.host, options.port)
    except OSError as error:
        told = f"Port {options.port} on {options.host} cannot be used"
        sys.stderr.write(f"{told}: {error.strerror}. Choose another with --port.\n")
        return 1
    config = SimulatorConfig(
        api_key=options.api_key, speed=options.speed, state=options.state
    )
    port = sock.getsockname()[1]
    sys.stdout.write(f"Simulated WAHA on http://{options.host}:{port}\n")
    sys.stdout.write(f"Pretend phones on http://{options.host}:{port}/phone\n")
    sys.stdout.flush()
    serve(config, sock, parent_fd=options.parent_fd)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wedding_wa simulator",
        description="A pretend WAHA with a pretend WhatsApp behind it.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0: any free one")
    parser.add_argument("--state", type=Path, help="file that keeps the world")
    parser.add_argument(
        "--api-key",
        default=os.environ.get("WAHA_API_KEY") or DEFAULT_API_KEY,
        help=f"default: WAHA_API_KEY, else {DEFAULT_API_KEY!r}",
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="how many times as fast as WAHA"
    )
    parser.add_argument(
        "--parent-fd", type=int, help="end when this pipe ends (its other end died)"
    )
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not speed > 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return speed


if __name__ == "__main__":
    sys.exit(main())
