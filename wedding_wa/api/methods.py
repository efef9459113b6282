"""api: which methods an address takes.

An address that is written out, like `/guests/merge`, is not also an id of the pattern
beside it: what it does not take itself is refused, and told what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

#: The name of the route that catches what no other takes.
UNKNOWN_ROUTE = "unknown"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of an app: those written out, and patterns, with their methods."""

    written_out: dict[str, frozenset[str]]
    patterns: Sequence[tuple[re.Pattern[str], frozenset[str]]]

    def methods(self, path: str) -> frozenset[str]:
        """The methods at `path`; none where there is no such address."""
        if path in self.written_out:
            return self.written_out[path]
        fitting = (methods for regex, methods in self.patterns if regex.match(path))
        return frozenset[str]().union(*fitting)


def addresses(api: FastAPI) -> Addresses:
    """Those of `api`, looked up once."""
    if not hasattr(api.state, "addresses"):
        api.state.addresses = _read(api)
    found: Addresses = api.state.addresses
    return found


def allow(methods: frozenset[str]) -> dict[str, str]:
    """The header that names them."""
    return {"Allow": ", ".join(sorted(methods))}


def _read(api: FastAPI) -> Addresses:
    written_out: dict[str, frozenset[str]] = {}
    patterns = []
    for context in iter_route_contexts(api.routes):
        if not isinstance(context.original_route, APIRoute):
            continue
        if context.name == UNKNOWN_ROUTE:
            continue
        path, methods = context.path or "", frozenset(context.methods or ())
        if "{" in path:
            patterns.append((context.path_regex, methods))
        else:
            written_out[path] = written_out.get(path, frozenset()) | methods
    return Addresses(written_out, patterns)
