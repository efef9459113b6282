"""api: /api/openapi.json and /api/docs: what programs may ask, for machines and people.

Both are open to everybody: they describe the program, which anybody can read, and hold
nothing of any wedding.
"""

from __future__ import annotations

import asyncio
import json
from functools import cached_property

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response

from wedding_wa.api.openapi import document


class Documents:
    """The document of an app, made when it is first asked for."""

    def __init__(self, api: FastAPI) -> None:
        self._api = api

    @cached_property
    def as_json(self) -> bytes:
        """The whole document, as it is sent."""
        return json.dumps(document(self._api), ensure_ascii=False).encode()


def router(api: FastAPI) -> APIRouter:
    """The routes that describe `api`."""
    made, documents = APIRouter(), Documents(api)

    async def as_json() -> Response:
        """Return the OpenAPI document."""
        content = await asyncio.to_thread(lambda: documents.as_json)
        return Response(content, media_type="application/json")

    made.add_api_route("/api/openapi.json", as_json, methods=["GET"])
    return made
