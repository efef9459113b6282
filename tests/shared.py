"""What all tests of a process share, because making it takes long and proves nothing.

Called once, before any test. A test that makes a thousand clients or databases pays
for the machine's certificates and for the SQL of a statement once, as the app does in
its long life. What is sent and what is stored stay each test's own.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from fastapi.dependencies import models as fastapi_calls
from fastapi.routing import APIRoute, _EffectiveRouteContext
from httpx._transports import default as httpx_transports

from wedding_wa.db import database

_STATEMENTS = 5000
_YOUNG = 10_000  # objects; Python's own 700 let a tenth of a run's time be spent here


def share_certificates() -> None:
    """One TLS context for all HTTP clients: each would read all certificates anew."""
    once = functools.cache(httpx_transports.create_ssl_context)
    httpx_transports.create_ssl_context = once


def share_statements() -> None:
    """One cache of compiled statements for all SQLite databases of this process."""
    build: Callable[[str], sa.Engine] = database.engine_of
    # Built as the app's are: what hears of a statement's errors hangs on the dialect.
    first = build("sqlite://")
    first.connect().close()  # the dialect asks its first connection what it can
    large = sa.create_engine("sqlite://", query_cache_size=_STATEMENTS)

    def sharing(url: str) -> sa.Engine:
        made = build(url)
        if url.startswith("sqlite"):
            made.dialect = made.pool._dialect = first.dialect
            made._compiled_cache = large._compiled_cache
        return made

    database.engine_of = sharing


def share_routes() -> None:
    """One reading of each route's signature for all apps. Routes that are made with
    their app, and know what it remembers, stay their own."""
    read = _EffectiveRouteContext.from_api_route
    known: dict[object, _EffectiveRouteContext] = {}

    def sharing(*, original_route: APIRoute, include_context: Any) -> Any:
        route, endpoint = original_route, original_route.endpoint
        path = include_context.path_for(route)
        name = (endpoint, path, frozenset(route.methods), type(route))
        own = "<locals>" in endpoint.__qualname__ or endpoint.__closure__
        if not own and name in known:
            return known[name]
        made = read(original_route=route, include_context=include_context)
        if not own:
            known[name] = made
        return made

    _EffectiveRouteContext.from_api_route = staticmethod(sharing)


def forget_apps() -> None:
    """Let go of the apps that were made: FastAPI remembers of thousands of functions
    of which kind they are, and with each function its app, 2 MB."""
    for name, known in vars(fastapi_calls).items():
        if name.startswith("_is_") and hasattr(known, "cache_clear"):
            known.cache_clear()


def rest_collector() -> None:
    """Spare the garbage collector what stays: all that was imported and collected.
    What tests make it looks through less often, and soon enough for their apps."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
