"""Where tests find a port for a server."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A port that nobody has, below those that the system gives to clients.

    A client that asks a dead server's port out of that range can meet itself there.
    """
    chance = random.Random()
    while True:
        port = chance.randrange(18_200, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
