"""cli: serves the built pages, the API and the socket from this one process."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from wedding_wa.cli.serve_sockets import Socket
from wedding_wa.settings import Settings

# How long open requests may take when the server is told to stop, in seconds.
GRACE_SECONDS = 5

_REFLEX = {
    # Serve what was built; compile nothing, need no Node.
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    "REFLEX_ENV_MODE": "prod",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    # A dead line shows at once: ping every 5 s, given up after 10 s.
    "REFLEX_SOCKET_INTERVAL": "5s",
    "REFLEX_SOCKET_TIMEOUT": "10s",
}


def serve(
    settings: Settings, frontend: Path, *, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGINT or SIGTERM, then stop gracefully and return.

    `frontend` is what `build.frontend.build()` returned; `on_ready` is called once
    the port answers. Must run in the main thread. Raises SystemExit when the start
    fails.
    """
    os.environ |= _REFLEX
    os.environ["REFLEX_WEB_WORKDIR"] = str(frontend)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    server = _Server(_config(settings), on_ready)
    try:
        server.run()
    except SystemExit as end:
        if end.code:
            raise
    if not server.started:
        raise SystemExit("The app could not start; the log above says why.")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "wedding_wa.wedding_wa:app",  # imported only now that Reflex knows its part
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws=Socket,
        ws_max_size=1_000_000,
        ws_ping_interval=None,  # socket.io pings by itself
        # Who a request comes from is believed of these alone (X-Forwarded-For).
        forwarded_allow_ips=settings.proxy_addresses,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _stop(_number: int, _frame: FrameType | None) -> None:
    # uvicorn raises the signal once more after it has stopped gracefully: a stop
    # that was asked for is a success.
    sys.exit(0)
