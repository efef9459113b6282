"""simulator: the app put together, and a server to run it, alone or in a test."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket

from wedding_wa.simulator import answers, control, phone_page
from wedding_wa.simulator.chatting import Chatting
from wedding_wa.simulator.config import SimulatorConfig
from wedding_wa.simulator.gate import Gate
from wedding_wa.simulator.protocol import AbortableFeedProtocol, AbortableProtocol
from wedding_wa.simulator.routes import auth, chats, chatting, contacts, sessions
from wedding_wa.simulator.routes import server as about
from wedding_wa.simulator.world import World

_ROUTERS = (
    control.router,
    phone_page.router,
    about.router,
    sessions.router,
    contacts.router,
    auth.router,
    chatting.router,
    chats.router,
)


def build(config: SimulatorConfig) -> Gate:
    """Return the whole simulator as one ASGI app."""
    world = World(config)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        world.open()
        yield
        await world.close()

    app = FastAPI(
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.world, app.state.chatting = world, Chatting(world)
    for router in _ROUTERS:
        app.include_router(router)
    _answer_errors(app)

    @app.websocket("/ws")
    async def feed(websocket: WebSocket) -> None:
        await world.events.feeds.serve(websocket)

    return Gate(app, world)


def _answer_errors(app: FastAPI) -> None:
    async def waha(_request: Request, error: Exception) -> Response:
        assert isinstance(error, answers.WahaError)
        return answers.answer(error.body, error.status)

    async def engine(request: Request, error: Exception) -> Response:
        assert isinstance(error, answers.EngineError)
        return answers.engine_failure(error, request)

    async def unknown(request: Request, _error: Exception) -> Response:
        target = request.url.path
        if request.url.query:
            target += f"?{request.url.query}"
        told = answers.cannot(request.method, target)
        return answers.answer(told.body, told.status)

    app.add_exception_handler(answers.WahaError, waha)
    app.add_exception_handler(answers.EngineError, engine)
    app.add_exception_handler(404, unknown)
    app.add_exception_handler(405, unknown)


class _Uvicorn(uvicorn.Server):
    """Tells the world before it waits for open requests, so that they let go."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self._gate = gate

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gate.let_go()
        await super().shutdown(sockets)


def serve(
    config: SimulatorConfig, sock: socket.socket, *, parent_fd: int | None = None
) -> None:
    """Serve on `sock` until SIGTERM, SIGINT, or the end of `parent_fd`."""
    server = uvicorn_server(config)
    if parent_fd is not None:
        watch = threading.Thread(target=_watch, args=(server, parent_fd), daemon=True)
        watch.start()
    with suppress(KeyboardInterrupt):
        server.run(sockets=[sock])


def _watch(server: uvicorn.Server, parent_fd: int) -> None:
    """End the server when the pipe ends, which is when the parent has died."""
    with suppress(OSError):
        while os.read(parent_fd, 1024):
            pass
    server.should_exit = True


def uvicorn_server(config: SimulatorConfig) -> uvicorn.Server:
    gate = build(config)
    app: Any = gate
    settings = uvicorn.Config(
        app,
        http=AbortableProtocol,
        ws=AbortableFeedProtocol,
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=65,
    )
    return _Uvicorn(settings, gate)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port` (0: a free one).

    Raises OSError where the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle off only then; else every
    # other answer on a kept connection comes 40 ms late.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
